"""Linking one asset to one product, and taking it off again (plytix-api, Products)."""

from dataclasses import replace

from amzsync.sandbox import assets, families, media, products
from amzsync.sandbox.account import Account, invalid, json_object, not_found
from amzsync.sandbox.behaviour import Linked, Unlink
from amzsync.sandbox.messages import Json, Refusal, Reply, Request, data
from amzsync.sandbox.state import THUMBNAIL, Asset, Product, TypeClass
from amzsync.sandbox.store import Store


def create(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`POST /products/{id}/assets`: a gallery grows at its end, anything single is replaced."""
    body = json_object(request)
    asset_id, label = _text(body.get("id"), "id"), _text(body.get("attribute_label"), "attribute_label")
    store = account.store
    with store.transaction():
        product = products.existing(store, ids[0])
        assets.existing(store, asset_id)
        is_gallery = _is_gallery(store, product, label)
        linked = store.media(product.id)
        there = linked.get(label, ())
        if asset_id in there:
            return _already_linked(asset_id, account.behaviour.writes.linked)
        wanted = (*there, asset_id) if is_gallery else (asset_id,)
        media.check_total(linked | {label: wanted})
        account.past.before_change([product.id])
        store.set_media(product.id, label, wanted)
        _touch(account, product)
    return data({"id": asset_id}, status=201)


def read_all(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    """`GET /products/{id}/assets`: the union over all attributes and the thumbnail."""
    with account.store.lock:
        return data(*assets.full_all(account.store, _linked(account.store, ids[0])))


def delete(account: Account, ids: tuple[str, ...], _request: Request) -> Reply:
    """`DELETE /products/{id}/assets/{asset_id}`: off every attribute of this product; the asset stays.

    An account may also take it off one attribute only, a gallery first.
    """
    store = account.store
    with store.transaction():
        product = products.existing(store, ids[0])
        holding = {label: linked for label, linked in store.media(product.id).items() if ids[1] in linked}
        if not holding:
            raise not_found("Asset", ids[1])
        if account.behaviour.writes.unlink is Unlink.ONE:
            first = min(holding, key=lambda label: label == THUMBNAIL)
            holding = {first: holding[first]}
        account.past.before_change([product.id])
        for label, linked in holding.items():
            store.set_media(product.id, label, [id_ for id_ in linked if id_ != ids[1]])
        _touch(account, product)
    return Reply(204)


def _already_linked(asset_id: str, how: Linked) -> Reply:
    if how is Linked.ACCEPTED:
        return data({"id": asset_id}, status=201)
    fields = () if how is Linked.BARE_CONFLICT else (("asset.id", "already linked"),)
    raise Refusal(409, f"Asset id {asset_id} is already linked to product attribute", fields)


def _linked(store: Store, product_id: str) -> list[Asset]:
    products.existing(store, product_id)
    return list({link.asset.id: link.asset for link in store.links([product_id])}.values())


def _touch(account: Account, product: Product) -> None:
    account.store.update_product(replace(product, modified=account.now()))


def _is_gallery(store: Store, product: Product, label: str) -> bool:
    """Whether links under the label append; a Refusal where it takes none."""
    if label == THUMBNAIL:
        return False
    attribute = store.attributes().get(label)
    if attribute is None or not attribute.is_media:
        raise invalid("attribute_label", f"No media attribute is labelled {label}")
    if label not in families.attributes_of(store, product.id):
        raise invalid("attribute_label", families.NOT_IN_FAMILY)
    return attribute.type_class is TypeClass.MEDIA_GALLERY


def _text(value: Json, name: str) -> str:
    if value is None:
        raise invalid(name, "Missing data for required field.")
    if not isinstance(value, str):
        raise invalid(name, "Not a valid string.")
    return value
