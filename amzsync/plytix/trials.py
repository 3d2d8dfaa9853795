"""Requests of a probe: a refusal is an answer too, so each gives what it was answered, whatever that was."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from amzsync.limits.api import PAGE_SIZE
from amzsync.plytix.building import condition, search_request, segment
from amzsync.plytix.parsing import (
    existing_asset_id,
    json_object,
    parse_asset,
    parse_asset_page,
    parse_product,
    parse_product_page,
)
from amzsync.plytix.refusals import field_errors
from amzsync.plytix.wire import (
    Call,
    PlytixAsset,
    PlytixProduct,
    Reply,
    Request,
    RequestKind,
)

__all__ = [
    "AssetTrial",
    "CountedAssets",
    "NamedPage",
    "ProductTrial",
    "create_product",
    "delete_asset",
    "delete_product",
    "find_assets_beginning",
    "find_products_beginning",
    "link",
    "read_asset",
    "read_product",
    "search_assets_counted",
    "search_too_much",
    "search_unknown_label",
    "unlink",
    "upload",
    "write",
    "write_thumbnail_text",
]

_FAILURES = frozenset({401, 408, 425, 429})
_ANSWERS = frozenset({*range(200, 300), *range(400, 500)}) - _FAILURES
_ANY_ANSWER = _ANSWERS | frozenset(range(500, 600))


@dataclass(frozen=True, slots=True)
class ProductTrial:
    """What a request about a product was answered: `product` is what the answer shows of it, if anything.

    `has_fields`: a refusal that names fields.
    """

    status: int
    product: PlytixProduct | None = None
    has_fields: bool = False

    @property
    def is_done(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class AssetTrial:
    """The same of an asset. `known_id` is what a 409 tells, `in_errors` where it stands among fields."""

    status: int
    asset: PlytixAsset | None = None
    known_id: str | None = None
    in_errors: bool = False

    @property
    def is_done(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class CountedAssets:
    """A page of assets with the numbers that `pagination` told; None where it told none."""

    assets: tuple[PlytixAsset, ...]
    is_full: bool
    count: int | None
    total: int | None


@dataclass(frozen=True, slots=True)
class NamedPage:
    """Ids and names of what was found, and whether there may be another page."""

    found: tuple[tuple[str, str], ...]
    is_full: bool


def create_product(sku: str, gallery_label: str) -> Call[ProductTrial]:
    request = Request(RequestKind.PRODUCT_CREATE, "POST", "/products", {"sku": sku})
    return Call(request, _ANSWERS, partial(_created_product, gallery_label=gallery_label))


def delete_product(product_id: str) -> Call[ProductTrial]:
    request = Request(RequestKind.PRODUCT_DELETE, "DELETE", f"/products/{segment(product_id)}")
    return Call(request, _ANSWERS, _status_only)


def read_product(product_id: str, gallery_label: str) -> Call[ProductTrial]:
    """With all its attributes."""
    path = f"/products/{segment(product_id)}?all_attributes=true"
    return _about_product(Request(RequestKind.PRODUCT_READ, "GET", path), product_id, gallery_label)


def write(
    product_id: str, gallery_label: str, gallery: Sequence[str] | None, thumbnail_id: str | None = None
) -> Call[ProductTrial]:
    """PATCH the gallery, the thumbnail, or both."""
    body: dict[str, object] = {}
    if gallery is not None:
        body["attributes"] = {gallery_label: [{"id": asset_id} for asset_id in gallery]}
    if thumbnail_id is not None:
        body["thumbnail"] = {"id": thumbnail_id}
    request = Request(RequestKind.PRODUCT_WRITE, "PATCH", f"/products/{segment(product_id)}", body)
    return _about_product(request, product_id, gallery_label)


def write_thumbnail_text(product_id: str, asset_id: str) -> Call[ProductTrial]:
    """PATCH the thumbnail with text in place of an object."""
    request = Request(
        RequestKind.PRODUCT_WRITE, "PATCH", f"/products/{segment(product_id)}", {"thumbnail": asset_id}
    )
    return Call(request, _ANSWERS, _status_only)


def link(product_id: str, asset_id: str, label: str) -> Call[ProductTrial]:
    body = {"id": asset_id, "attribute_label": label}
    return Call(
        Request(RequestKind.LINK, "POST", f"/products/{segment(product_id)}/assets", body),
        _ANSWERS,
        _status_only,
    )


def unlink(product_id: str, asset_id: str) -> Call[ProductTrial]:
    path = f"/products/{segment(product_id)}/assets/{segment(asset_id)}"
    return Call(Request(RequestKind.UNLINK, "DELETE", path), _ANSWERS, _status_only)


def upload(url: str, filename: str, *, may_break: bool = False) -> Call[AssetTrial]:
    """Let Plytix download `url`. `may_break`: a failure of the server is an answer as well."""
    request = Request(RequestKind.ASSET_UPLOAD, "POST", "/assets", {"url": url, "filename": filename})
    return Call(request, _ANY_ANSWER if may_break else _ANSWERS, _asset_trial)


def read_asset(asset_id: str) -> Call[AssetTrial]:
    request = Request(RequestKind.ASSET_READ, "GET", f"/assets/{segment(asset_id)}")
    return Call(request, _ANSWERS, _asset_trial)


def delete_asset(asset_id: str) -> Call[AssetTrial]:
    request = Request(RequestKind.ASSET_DELETE, "DELETE", f"/assets/{segment(asset_id)}")
    return Call(request, _ANSWERS, lambda reply: AssetTrial(reply.status))


def search_assets_counted(filenames: Sequence[str], page_size: int) -> Call[CountedAssets]:
    """Look for these names, so many a page."""
    groups = [[condition("filename", "eq", filename)] for filename in filenames]
    request = search_request(
        RequestKind.ASSET_SEARCH, "/assets/search", groups, ["filename"], page_size=page_size
    )
    return Call(request, frozenset({200}), partial(_counted_assets, page_size=page_size))


def find_products_beginning(prefix: str, gallery_label: str, page: int) -> Call[NamedPage]:
    """Ids and SKUs of products whose SKU holds the prefix."""
    groups = [[condition("sku", "like", prefix)]]
    request = search_request(RequestKind.PRODUCT_SEARCH, "/products/search", groups, ["sku"], page=page)
    return Call(request, frozenset({200}), partial(_named_products, gallery_label=gallery_label))


def find_assets_beginning(prefix: str, page: int) -> Call[NamedPage]:
    """Ids and filenames of assets whose name holds the prefix."""
    groups = [[condition("filename", "like", prefix)]]
    request = search_request(RequestKind.ASSET_SEARCH, "/assets/search", groups, ["filename"], page=page)
    return Call(request, frozenset({200}), _named_assets)


def search_too_much(sku: str) -> Call[ProductTrial]:
    """Ask for a page that is larger than any may be."""
    groups = [[condition("sku", "eq", sku)]]
    request = search_request(
        RequestKind.PRODUCT_SEARCH, "/products/search", groups, ["sku"], page_size=PAGE_SIZE + 1
    )
    return Call(request, _ANSWERS, _status_only)


def search_unknown_label(sku: str, label: str) -> Call[ProductTrial]:
    """Ask for an attribute that does not exist."""
    groups = [[condition("sku", "eq", sku)]]
    request = search_request(
        RequestKind.PRODUCT_SEARCH, "/products/search", groups, ["sku", f"attributes.{label}"]
    )
    return Call(request, _ANSWERS, _status_only)


def _about_product(request: Request, product_id: str, gallery_label: str) -> Call[ProductTrial]:
    return Call(
        request, _ANSWERS, partial(_product_trial, gallery_label=gallery_label, product_id=product_id)
    )


def _product_trial(reply: Reply, gallery_label: str, product_id: str) -> ProductTrial:
    if reply.status >= 400:
        return ProductTrial(reply.status, has_fields=bool(field_errors(reply)))
    if not reply.body.strip():
        return ProductTrial(reply.status)
    return ProductTrial(reply.status, parse_product(reply, gallery_label, product_id))


def _created_product(reply: Reply, gallery_label: str) -> ProductTrial:
    if reply.status >= 400:
        return ProductTrial(reply.status, has_fields=bool(field_errors(reply)))
    product_id = parse_asset(reply).id
    return ProductTrial(reply.status, parse_product(reply, gallery_label, product_id))


def _status_only(reply: Reply) -> ProductTrial:
    return ProductTrial(reply.status, has_fields=reply.status >= 400 and bool(field_errors(reply)))


def _asset_trial(reply: Reply) -> AssetTrial:
    if reply.status == 409:
        in_errors = any(one.field == "asset.id" for one in field_errors(reply))
        return AssetTrial(reply.status, known_id=existing_asset_id(reply), in_errors=in_errors)
    if reply.status >= 400:
        return AssetTrial(reply.status)
    return AssetTrial(reply.status, parse_asset(reply))


def _counted_assets(reply: Reply, page_size: int) -> CountedAssets:
    page = parse_asset_page(reply, page_size)
    told = json_object(reply).get("pagination")
    numbers: Mapping[str, object] = told if isinstance(told, dict) else {}
    return CountedAssets(
        page.assets, page.is_full, _whole(numbers.get("count")), _whole(numbers.get("total_count"))
    )


def _named_products(reply: Reply, gallery_label: str) -> NamedPage:
    page = parse_product_page(reply, gallery_label, PAGE_SIZE)
    return NamedPage(tuple((one.id, one.sku) for one in page.products), page.is_full)


def _named_assets(reply: Reply) -> NamedPage:
    page = parse_asset_page(reply, PAGE_SIZE)
    return NamedPage(tuple((one.id, one.filename) for one in page.assets), page.is_full)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
