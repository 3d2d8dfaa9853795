"""The product resource (plytix-api, Products): read in bulk, written one at a time, with its media."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qs

from amzsync.sandbox import families, media
from amzsync.sandbox.account import Account, invalid, json_object, not_found
from amzsync.sandbox.assets import brief, indexed
from amzsync.sandbox.behaviour import Answer, Empty, Eq, Gallery, MediaForm, SearchBehaviour, SkuIn
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
        account.past.made([product.id])
        changed, _ = _apply(account, product, body)
        account.store.update_product(changed)
        return data(_whole(account, changed), status=201)


def read(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`GET /products/{id}`: with `all_attributes` also the empty ones that its family has, as null."""
    store = account.store
    with store.lock:
        shown = _whole(account, existing(store, ids[0]))
        if parse_qs(request.query).get("all_attributes") == ["true"]:
            everything = dict.fromkeys(families.attributes_of(store, ids[0]))
            shown["attributes"] = everything | shown["attributes"]
        return data(shown)


def update(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`PATCH /products/{id}`: all of the named fields or, with a Refusal, none."""
    body = json_object(request)
    with account.store.transaction():
        before = existing(account.store, ids[0])
        account.past.before_change([before.id])
        after, media_changed = _apply(account, before, body, is_patch=True)
        if after != before or media_changed:
            after = replace(after, modified=account.now())
            account.store.update_product(after)
        whole = _whole(account, after)
    return Reply(200) if account.behaviour.writes.answer is Answer.EMPTY else data(whole)


def delete(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    with account.store.transaction():
        account.past.before_change([ids[0]])
        if not account.store.remove_product(ids[0]):
            raise not_found("Product", ids[0])
    return Reply(204)


def search(account: Account, _ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /products/search`: id and sku, and what `attributes` names."""
    body, how = request.json(), account.behaviour.searches
    with account.past.shown():
        known = fields(account.store.attributes())
        asked = parse(body, known, frozenset(known), is_exact=how.eq is Eq.EXACT)
        if how.sku_in is SkuIn.REFUSED:
            _refuse_sku_in(asked)
        source = _ProductSource(account)
        hits = run(asked, source)
        found = [_chosen(asked, row, known, how) for row in source.rows(hits.ids)]
        counted = pagination(asked, hits, source, how.counts)
    return Reply(200, {"data": found, "pagination": counted})


def existing(store: Store, id_: str) -> Product:
    for product in store.products([id_]):
        return product
    raise not_found("Product", id_)


def _apply(
    account: Account, product: Product, body: Mapping[str, Json], *, is_patch: bool = False
) -> tuple[Product, bool]:
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
            ids = media.value_of(account.store, attribute, value)
            if is_patch and attribute.type_class is TypeClass.MEDIA_GALLERY:
                ids = media.as_patched(account.behaviour.writes, label, before.get(label, ()), ids)
            wanted[label] = ids
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


def _refuse_sku_in(asked: Search) -> None:
    """As an account that has no such operator for it."""
    if any(one.field == "sku" and one.operator in ("in", "!in") for group in asked.groups for one in group):
        raise Refusal(422, "Invalid search", (("filters.operator", "Operator in is not allowed on sku"),))


def _chosen(asked: Search, row: Row, kinds: Mapping[str, Kind], how: SearchBehaviour) -> dict[str, Json]:
    """The row with what was asked for: an empty attribute is absent or null, an empty property is there."""
    answer = {name: row[name] for name in ("id", "sku", *asked.columns) if not name.startswith(_PREFIX)}
    custom = [name for name in asked.columns if name.startswith(_PREFIX)]
    if custom:
        told = [name for name in custom if how.gallery is Gallery.TOLD or kinds[name] is not Kind.MEDIA]
        answer["attributes"] = {
            name.removeprefix(_PREFIX): row.get(name)
            for name in told
            if name in row or how.empty is Empty.NULL
        }
    return answer


def _whole(account: Account, product: Product) -> dict[str, Json]:
    """A product with everything that it holds."""
    store, how = account.store, account.behaviour.searches
    row = _rows(store, [product], how.media)[0]
    own = families.attributes_of(store, product.id) if how.empty is Empty.NULL else ()
    attributes = dict.fromkeys(own) | {
        name.removeprefix(_PREFIX): value for name, value in row.items() if name.startswith(_PREFIX)
    }
    return {name: value for name, value in row.items() if not name.startswith(_PREFIX)} | {
        "product_family_id": store.families_of([product.id]).get(product.id),
        "attributes": attributes,
        "categories": [],
        "num_variations": 0,
        "product_type": "SIMPLE",
        "relationships": [],
    }


def _rows(store: Store, products: Sequence[Product], form: MediaForm) -> list[dict[str, Json]]:
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
        elif form is MediaForm.IDS:
            row.setdefault(_PREFIX + link.label, []).append(link.asset.id)
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
    account: Account

    @property
    def store(self) -> Store:
        return self.account.store

    def count(self) -> int:
        return self.store.count(Table.PRODUCTS)

    def ids(self, *, offset: int = 0, limit: int = -1) -> list[str]:
        return self.store.ids(Table.PRODUCTS, offset=offset, limit=limit)

    def lookup(self, conditions: Sequence[Condition]) -> list[str] | None:
        return indexed(self.store, Table.PRODUCTS, conditions, {"sku": IndexedColumn.SKU_KEY})

    def rows(self, ids: Sequence[str]) -> list[Row]:
        return [*_rows(self.store, self.store.products(ids), self.account.behaviour.searches.media)]
