"""The product resource (plytix-api, Products): read in bulk, written one at a time, with its media."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from amzsync.sandbox import families, media
from amzsync.sandbox.account import Account, invalid, json_object, not_found
from amzsync.sandbox.assets import brief, indexed
from amzsync.sandbox.messages import Json, Refusal, Reply, Request, data
from amzsync.sandbox.search import Condition, Kind, Row, Search, pagination, parse, run
from amzsync.sandbox.state import THUMBNAIL, Attribute, Media, Product, TypeClass
from amzsync.sandbox.store import IndexedColumn, Store, Table

PROPERTIES: Mapping[str, Kind] = {
    "id": Kind.ID,
    "sku": Kind.TEXT,
    "label": Kind.TEXT,
    "status": Kind.TEXT,
    "created": Kind.TIME,
    "modified": Kind.TIME,
    "thumbnail": Kind.MEDIA,
    "assets": Kind.MEDIA,
}

_PREFIX = "attributes."


def fields(attributes: Mapping[str, Attribute]) -> dict[str, Kind]:
    """Every key that a product search may filter by."""
    return dict(PROPERTIES) | {_PREFIX + label: _kind(one) for label, one in attributes.items()}


def create(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    body = json_object(request)
    now = account.now()
    with account.store.transaction():
        product = Product(account.store.new_id(), _sku(body.get("sku")), "", "Draft", now, now)
        if account.store.product_by_sku(product.sku):
            raise _sku_taken(product.sku)
        account.store.add_products([product])
        changed, _ = _apply(account, product, body)
        account.store.update_product(changed)
        return data(_whole(account.store, changed), status=201)


def read(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`GET /products/{id}`: with `all_attributes` also the empty ones that its family has, as null."""
    store = account.store
    with store.lock:
        shown = _whole(store, existing(store, ids[0]))
        if parse_qs(request.query).get("all_attributes") == ["true"]:
            everything = dict.fromkeys(families.attributes_of(store, ids[0]))
            shown["attributes"] = everything | shown["attributes"]
        return data(shown)


def update(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`PATCH /products/{id}`: all of the named fields or, with a Refusal, none."""
    body = json_object(request)
    with account.store.transaction():
        before = existing(account.store, ids[0])
        after, media_changed = _apply(account, before, body)
        if after != before or media_changed:
            after = replace(after, modified=account.now())
            account.store.update_product(after)
        return data(_whole(account.store, after))


def delete(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    if not account.store.delete_product(ids[0]):
        raise not_found("Product", ids[0])
    return Reply(204)


def search(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /products/search`: id and sku, and what `attributes` names."""
    body = request.json()
    with account.store.lock:
        known = fields(account.store.attributes())
        asked = parse(body, known, frozenset(known))
        source = _ProductSource(account.store)
        hits = run(asked, source)
        rows = source.rows(hits.ids)
    return Reply(200, {"data": [_chosen(asked, row) for row in rows], "pagination": pagination(asked, hits)})


def existing(store: Store, id_: str) -> Product:
    for product in store.products([id_]):
        return product
    raise not_found("Product", id_)


def _apply(account: Account, product: Product, body: Mapping[str, Json]) -> tuple[Product, bool]:
    """The product with the named fields changed, and whether its media (already stored) did."""
    before = account.store.media(product.id)
    wanted: Media = {}
    plain = dict(product.plain)
    if THUMBNAIL in body:
        wanted[THUMBNAIL] = media.thumbnail(account.store, body[THUMBNAIL])
    attributes, own = account.store.attributes(), families.attributes_of(account.store, product.id)
    for label, value in _attribute_values(body).items():
        attribute = attributes.get(label)
        if attribute is None:
            continue  # Unknown fields in a body are ignored without a word.
        if label not in own:
            raise invalid(f"{_PREFIX}{label}", families.NOT_IN_FAMILY)
        if attribute.is_media:
            wanted[label] = media.value_of(account.store, attribute, value)
        elif value is None or value == "":
            plain.pop(label, None)
        else:
            plain[label] = value
    media.check_total(before | wanted)
    changed = {label: ids for label, ids in wanted.items() if ids != before.get(label, ())}
    for label, ids in changed.items():
        account.store.set_media(product.id, label, ids)
    return _with_properties(account.store, replace(product, plain=plain), body), bool(changed)


def _with_properties(store: Store, product: Product, body: Mapping[str, Json]) -> Product:
    for name in ("label", "status"):
        if name in body and not isinstance(body[name], str):
            raise invalid(name, "Not a valid string.")
    sku = _sku(body["sku"]) if "sku" in body else product.sku
    if sku != product.sku and store.product_by_sku(sku):
        raise _sku_taken(sku)
    return replace(
        product, sku=sku, label=body.get("label", product.label), status=body.get("status", product.status)
    )


def _attribute_values(body: Mapping[str, Json]) -> dict[str, Json]:
    values = body.get("attributes", {})
    if not isinstance(values, dict):
        raise invalid("attributes", {"_schema": ["Invalid input type."]})
    return values


def _sku(value: Json) -> str:
    if value is None:
        raise invalid("sku", "Missing data for required field.")
    if not isinstance(value, str) or not value.strip():
        raise invalid("sku", "Not a valid string.")
    return value


def _sku_taken(sku: str) -> Refusal:
    return Refusal(409, f"Product with sku {sku} already exists", (("sku", "Already exists."),))


def _kind(attribute: Attribute) -> Kind:
    if attribute.is_media:
        return Kind.MEDIA
    if attribute.type_class in (TypeClass.INT, TypeClass.DECIMAL, TypeClass.COMPLETENESS):
        return Kind.NUMBER
    if attribute.type_class is TypeClass.BOOLEAN:
        return Kind.FLAG
    return Kind.TIME if attribute.type_class is TypeClass.DATE else Kind.TEXT


def _chosen(asked: Search, row: Row) -> dict[str, Json]:
    """The row with what was asked for: an empty attribute is absent, an empty property is not."""
    answer = {name: row[name] for name in ("id", "sku", *asked.columns) if not name.startswith(_PREFIX)}
    custom = [name for name in asked.columns if name.startswith(_PREFIX)]
    if custom:
        answer["attributes"] = {name.removeprefix(_PREFIX): row[name] for name in custom if name in row}
    return answer


def _whole(store: Store, product: Product) -> dict[str, Json]:
    """A product with everything that it holds."""
    row = _rows(store, [product])[0]
    return {name: value for name, value in row.items() if not name.startswith(_PREFIX)} | {
        "product_family_id": store.families_of([product.id]).get(product.id),
        "attributes": {
            name.removeprefix(_PREFIX): value for name, value in row.items() if name.startswith(_PREFIX)
        },
        "categories": [],
        "num_variations": 0,
        "product_type": "SIMPLE",
        "relationships": [],
    }


def _rows(store: Store, products: Sequence[Product]) -> list[dict[str, Json]]:
    """Products with their media, flat; custom attributes under their prefix, empty ones absent."""
    attributes = store.attributes()
    hidden = _hidden(store, [product.id for product in products])
    rows: dict[str, dict[str, Json]] = {
        product.id: {
            "id": product.id,
            "sku": product.sku,
            "label": product.label,
            "status": product.status,
            "created": product.created,
            "modified": product.modified,
            THUMBNAIL: None,
            "assets": [],
        }
        | {
            _PREFIX + label: value
            for label, value in product.plain.items()
            if (product.id, label) not in hidden
        }
        for product in products
    }
    seen: set[tuple[str, str]] = set()
    for link in store.links([product.id for product in products]):
        row, shown = rows[link.product_id], brief(link.asset)
        if (link.product_id, link.asset.id) not in seen:
            seen.add((link.product_id, link.asset.id))
            row["assets"].append(shown)
        if link.label == THUMBNAIL:
            row[THUMBNAIL] = shown
        elif (link.product_id, link.label) in hidden:
            continue
        elif attributes[link.label].type_class is TypeClass.MEDIA:
            row[_PREFIX + link.label] = shown
        else:
            row.setdefault(_PREFIX + link.label, []).append(shown)
    return list(rows.values())


def _hidden(store: Store, product_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Products with the labels that do not belong to their family: what was kept there is not shown."""
    of = store.families_of(product_ids)
    known = store.attributes().keys()
    hidden = {family: known - store.family_labels(family) for family in set(of.values())}
    return {(product, label) for product, family in of.items() for label in hidden[family]}


@dataclass(frozen=True, slots=True)
class _ProductSource:
    store: Store

    def count(self) -> int:
        return self.store.count(Table.PRODUCTS)

    def ids(self, *, offset: int = 0, limit: int = -1) -> list[str]:
        return self.store.ids(Table.PRODUCTS, offset=offset, limit=limit)

    def lookup(self, conditions: Sequence[Condition]) -> list[str] | None:
        return indexed(self.store, Table.PRODUCTS, conditions, {"sku": IndexedColumn.SKU_KEY})

    def rows(self, ids: Sequence[str]) -> list[Row]:
        return [*_rows(self.store, self.store.products(ids))]
