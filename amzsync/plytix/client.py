"""The requests that can be made to Plytix: each function builds a Call, and does nothing else."""

from collections.abc import Mapping, Sequence
from functools import partial

from amzsync.errors import FieldError
from amzsync.limits.api import PAGE_SIZE
from amzsync.plytix.auth import Credentials, TokenAnswer
from amzsync.plytix.building import condition, search_request, segment
from amzsync.plytix.parsing import (
    existing_asset_id,
    parse_asset,
    parse_asset_page,
    parse_attribute_page,
    parse_attributes,
    parse_product,
    parse_product_page,
    parse_token,
    parse_whole_product,
)
from amzsync.plytix.refusals import error_for, field_errors
from amzsync.plytix.wire import (
    AssetExistsWithoutId,
    AssetPage,
    AttributeDefinition,
    AttributePage,
    Call,
    CreatedAsset,
    LinkResult,
    PlytixAsset,
    PlytixProduct,
    ProductPage,
    Reply,
    Request,
    RequestKind,
    UploadedFile,
)

__all__ = [
    "delete_asset",
    "find_attribute",
    "get_token",
    "link_asset",
    "list_attributes",
    "read_asset",
    "read_product",
    "replace_content",
    "restore_product",
    "search_assets",
    "search_assets_in_use",
    "search_assets_like",
    "search_products",
    "unlink_asset",
    "upload_asset",
    "write_product",
]


_READ = frozenset({200})
_WRITTEN = frozenset({200, 201, 202, 204})
_CONFLICT = 409
_NOT_FOUND = 404


def get_token(credentials: Credentials) -> Call[TokenAnswer]:
    body = {"api_key": credentials.api_key, "api_password": credentials.api_password}
    return Call(Request(RequestKind.TOKEN, "POST", "", body), frozenset({200, 201}), parse_token)


def search_products(
    skus: Sequence[str],
    gallery_label: str | None,
    *,
    also: Sequence[str] = (),
    page: int = 1,
    by_groups: bool = False,
) -> Call[ProductPage]:
    """Ask for at most 100 SKUs with their thumbnail, assets and gallery, in one search.

    `also` are labels of other attributes to show; without a gallery, only SKU and id are shown. `by_groups`
    says the same with one OR group per SKU, for an account that refuses `in`.
    """
    _check_bulk(skus)
    groups = (
        [[condition("sku", "eq", sku)] for sku in skus] if by_groups else [[condition("sku", "in", [*skus])]]
    )
    attributes = ["sku"]
    if gallery_label is not None:
        attributes += ["thumbnail", "assets", *(f"attributes.{label}" for label in (gallery_label, *also))]
    request = search_request(RequestKind.PRODUCT_SEARCH, "/products/search", groups, attributes, page=page)
    return Call(
        request, _READ, partial(parse_product_page, gallery_label=gallery_label or "", page_size=PAGE_SIZE)
    )


def search_assets(filenames: Sequence[str], *, page: int = 1) -> Call[AssetPage]:
    """Ask for at most 100 filenames in one search. Plytix ignores case: compare what comes back."""
    _check_bulk(filenames)
    groups = [[condition("filename", "eq", filename)] for filename in filenames]
    request = search_request(RequestKind.ASSET_SEARCH, "/assets/search", groups, ["filename"], page=page)
    return Call(request, _READ, partial(parse_asset_page, page_size=PAGE_SIZE))


def search_assets_like(parts: Sequence[str], *, page: int = 1) -> Call[AssetPage]:
    """Ask for at most 100 parts of filenames in one search: look in what comes back for what was meant."""
    _check_bulk(parts)
    groups = [[condition("filename", "like", part)] for part in parts]
    request = search_request(RequestKind.ASSET_SEARCH, "/assets/search", groups, ["filename"], page=page)
    return Call(request, _READ, partial(parse_asset_page, page_size=PAGE_SIZE))


def search_assets_in_use(asset_ids: Sequence[str], *, page: int = 1) -> Call[AssetPage]:
    """Ask how many products and catalogues use at most 100 assets."""
    _check_bulk(asset_ids)
    groups = [[condition("id", "in", [*asset_ids])]]
    columns = ["filename", "n_products", "n_catalogs"]
    request = search_request(RequestKind.ASSET_SEARCH, "/assets/search", groups, columns, page=page)
    return Call(request, _READ, partial(parse_asset_page, page_size=PAGE_SIZE))


def delete_asset(asset_id: str) -> Call[None]:
    """Delete an asset for good. One that is gone already is no failure."""
    request = Request(RequestKind.ASSET_DELETE, "DELETE", f"/assets/{segment(asset_id)}")
    return Call(request, _WRITTEN | {_NOT_FOUND}, _nothing)


def upload_asset(url: str, filename: str) -> Call[CreatedAsset | AssetExistsWithoutId]:
    """Let Plytix download `url`. A 409 is an answer: the asset exists (plytix-api, Assets)."""
    request = Request(RequestKind.ASSET_UPLOAD, "POST", "/assets", {"url": url, "filename": filename})
    return Call(request, frozenset({200, 201, _CONFLICT}), _created_asset)


def replace_content(asset_id: str, file: UploadedFile) -> Call[None]:
    """Another picture in the same asset: name, id and links stay. Another format is refused (400)."""
    path = f"/assets/{segment(asset_id)}/content"
    request = Request(RequestKind.ASSET_CONTENT, "PUT", path, file=file)
    return Call(request, frozenset({200, 202, 204}), _nothing)


def read_asset(asset_id: str) -> Call[PlytixAsset]:
    request = Request(RequestKind.ASSET_READ, "GET", f"/assets/{segment(asset_id)}")
    return Call(request, _READ, parse_asset)


def read_product(product_id: str, gallery_label: str) -> Call[PlytixProduct]:
    """One product with all its attributes: a gallery that is missing there is not in the product's family."""
    path = f"/products/{segment(product_id)}?all_attributes=true"
    request = Request(RequestKind.PRODUCT_READ, "GET", path)
    return Call(
        request, _READ, partial(parse_whole_product, gallery_label=gallery_label, product_id=product_id)
    )


def write_product(
    product_id: str, gallery_label: str, *, gallery: Sequence[str] | None, thumbnail_id: str | None
) -> Call[PlytixProduct]:
    """Replace the gallery, set the thumbnail, or both, in one PATCH; None leaves as it is.

    The product that comes back is what the answer shows: an empty answer tells nothing.
    """
    if gallery is not None and not gallery:
        # The whole gallery is replaced by what is sent: nothing would be left of it.
        raise ValueError("A gallery is never written empty.")
    thumbnail = None if thumbnail_id is None else (thumbnail_id,)
    return restore_product(product_id, gallery_label, gallery=gallery, thumbnail=thumbnail)


def restore_product(
    product_id: str, gallery_label: str, *, gallery: Sequence[str] | None, thumbnail: Sequence[str] | None
) -> Call[PlytixProduct]:
    """The same where what stood before may have been nothing: an empty thumbnail clears it."""
    body: dict[str, object] = {}
    if thumbnail is not None:
        body["thumbnail"] = _asset_object(thumbnail[0]) if thumbnail else None
    if gallery is not None:
        body["attributes"] = {gallery_label: [_asset_object(asset_id) for asset_id in gallery]}
    if not body:
        raise ValueError("There is nothing to write.")
    request = Request(RequestKind.PRODUCT_WRITE, "PATCH", f"/products/{segment(product_id)}", body)
    return Call(
        request, _WRITTEN, partial(_written_product, gallery_label=gallery_label, product_id=product_id)
    )


def link_asset(product_id: str, asset_id: str, label: str) -> Call[LinkResult]:
    """Append one asset to a gallery, or put it in the place of a single media attribute."""
    path = f"/products/{segment(product_id)}/assets"
    request = Request(RequestKind.LINK, "POST", path, {**_asset_object(asset_id), "attribute_label": label})
    return Call(request, _WRITTEN | {_CONFLICT}, partial(_link_result, request=request))


def unlink_asset(product_id: str, asset_id: str) -> Call[None]:
    """Take one asset out of a product, wherever in it it stands. One that is not linked is no failure."""
    path = f"/products/{segment(product_id)}/assets/{segment(asset_id)}"
    return Call(Request(RequestKind.UNLINK, "DELETE", path), _WRITTEN | {_NOT_FOUND}, _nothing)


def list_attributes(page: int = 1) -> Call[AttributePage]:
    """All attributes of products, a hundred a page."""
    columns = ["label", "name", "type_class"]
    request = search_request(
        RequestKind.ATTRIBUTE_SEARCH, "/attributes/product/search", [], columns, page=page
    )
    return Call(request, _READ, partial(parse_attribute_page, page_size=PAGE_SIZE))


def find_attribute(label: str) -> Call[AttributeDefinition | None]:
    """The definition of exactly this label, or None."""
    groups = [[condition("label", "eq", label)]]
    columns = ["label", "name", "type_class"]
    request = search_request(RequestKind.ATTRIBUTE_SEARCH, "/attributes/product/search", groups, columns)
    return Call(request, _READ, partial(_attribute, label=label))


def _check_bulk(names: Sequence[str]) -> None:
    if not 0 < len(names) <= PAGE_SIZE:
        raise ValueError(f"A search takes 1 to {PAGE_SIZE} names, not {len(names)}.")


def _asset_object(asset_id: str) -> Mapping[str, str]:
    if not asset_id:
        raise ValueError("That is no id of an asset.")
    # A plain string is refused with 422 (plytix-api, Products).
    return {"id": asset_id}


def _created_asset(reply: Reply) -> CreatedAsset | AssetExistsWithoutId:
    if reply.status != _CONFLICT:
        asset = parse_asset(reply)
        return CreatedAsset(asset.id, asset.filename, existed=False)
    asset_id = existing_asset_id(reply)
    return AssetExistsWithoutId() if asset_id is None else CreatedAsset(asset_id, "", existed=True)


def _written_product(reply: Reply, gallery_label: str, product_id: str) -> PlytixProduct:
    if not reply.body.strip():
        return PlytixProduct(product_id, "")
    return parse_product(reply, gallery_label, product_id)


def _link_result(reply: Reply, request: Request) -> LinkResult:
    if reply.status == _CONFLICT:
        fields = field_errors(reply)
        if fields and not any(_tells_linked(field) for field in fields):
            raise error_for(request, reply)
        return LinkResult.ALREADY_LINKED
    if reply.body.strip():
        # A record with an id tells a link from any other page with status 200.
        parse_asset(reply)
    return LinkResult.LINKED


def _nothing(_reply: Reply) -> None:
    return None


def _tells_linked(error: FieldError) -> bool:
    return error.field in {"asset.id", "asset", "id"} or "linked" in error.message.lower()


def _attribute(reply: Reply, label: str) -> AttributeDefinition | None:
    return next((found for found in parse_attributes(reply) if found.label == label), None)
