"""Attribute definitions and the list of filters (plytix-api, Attributes)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amzsync.sandbox import assets, products
from amzsync.sandbox.account import Account, invalid, json_object
from amzsync.sandbox.messages import Json, Refusal, Reply, Request, data
from amzsync.sandbox.search import Condition, Kind, Row, pagination, parse, run
from amzsync.sandbox.state import THUMBNAIL, Attribute, TypeClass
from amzsync.sandbox.store import Store

FIELDS: Mapping[str, Kind] = {
    "id": Kind.ID,
    "label": Kind.TEXT,
    "name": Kind.TEXT,
    "type_class": Kind.TEXT,
    "filter_type": Kind.TEXT,
}
COLUMNS = frozenset({*FIELDS, "groups"})


def create(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /attributes/product`: the label follows from the name, whatever the body says."""
    body = json_object(request)
    name, type_class = body.get("name"), body.get("type_class")
    if not isinstance(name, str) or not label_of(name):
        raise invalid("name", "Missing data for required field." if name is None else "Not a valid name.")
    if type_class not in tuple(TypeClass):
        raise invalid("type_class", "Not a valid choice.")
    attribute = Attribute(account.store.new_id(), label_of(name), name, TypeClass(type_class))
    with account.store.transaction():
        if attribute.label in account.store.attributes() or attribute.label == THUMBNAIL:
            raise Refusal(409, f"Attribute {attribute.label} already exists", (("label", "Already exists."),))
        account.store.add_attribute(attribute)
    return data(_shown(attribute), status=201)


def search(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /attributes/product/search`: without `attributes` only id and filter_type come back."""
    asked = parse(request.json(), FIELDS, COLUMNS)
    source = _AttributeSource(account.store)
    hits = run(asked, source)
    wanted = ("id", "filter_type", *asked.columns)
    return Reply(
        200,
        {
            "data": [{name: row[name] for name in wanted} for row in source.rows(hits.ids)],
            "pagination": pagination(asked, hits, source, account.behaviour.searches.counts),
        },
    )


def product_filters(account: Account, _ids: tuple[str, ...], _request: Request) -> Reply:
    """`GET /filters/product`: every key that a product search takes, with its operators."""
    keys = products.fields(account.store.attributes())
    own = {key: kind for key, kind in keys.items() if key in products.PROPERTIES}
    custom = {key: kind for key, kind in keys.items() if key not in products.PROPERTIES}
    return data({"attributes": _filters(custom), "properties": _filters(own)})


def asset_filters(_account: Account, _ids: tuple[str, ...], _request: Request) -> Reply:
    return data({"attributes": [], "properties": _filters(assets.FIELDS)})


def label_of(name: str) -> str:
    """`Amazon Images` is labelled `amazon_images`."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _filters(keys: Mapping[str, Kind]) -> list[dict[str, Json]]:
    return [
        {"key": key, "operators": list(kind.value), "filter_type": f"{kind.name.title()}Filter"}
        for key, kind in keys.items()
    ]


def _shown(attribute: Attribute) -> dict[str, Json]:
    return {
        "id": attribute.id,
        "label": attribute.label,
        "name": attribute.name,
        "type_class": attribute.type_class,
        "filter_type": attribute.type_class,
        "groups": [],
    }


@dataclass(frozen=True, slots=True)
class _AttributeSource:
    store: Store

    def count(self) -> int:
        return len(self.store.attributes())

    def ids(self, *, offset: int = 0, limit: int = -1) -> list[str]:
        known = [attribute.id for attribute in self.store.attributes().values()][offset:]
        return known if limit < 0 else known[:limit]

    def lookup(self, _conditions: Sequence[Condition]) -> list[str] | None:
        return None

    def rows(self, ids: Sequence[str]) -> list[Row]:
        known = {attribute.id: attribute for attribute in self.store.attributes().values()}
        return [_shown(known[id_]) for id_ in ids]
