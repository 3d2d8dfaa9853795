"""The requests that make an account ready: a gallery attribute, and its place in the families."""

from functools import partial
from urllib.parse import quote

from amzsync.limits.api import PAGE_SIZE
from amzsync.plytix.parsing import parse_attributes, parse_product_page
from amzsync.plytix.wire import AttributeDefinition, Call, ProductPage, Reply, Request, RequestKind

__all__ = ["create_gallery", "first_products", "link_to_family"]

_CREATED = frozenset({200, 201})
_EXISTS = 409


def first_products() -> Call[ProductPage]:
    """A page of whatever products there are, with their SKUs alone."""
    body: dict[str, object] = {
        "filters": [],
        "attributes": ["sku"],
        "pagination": {"page": 1, "page_size": PAGE_SIZE},
    }
    request = Request(RequestKind.PRODUCT_SEARCH, "POST", "/products/search", body)
    return Call(request, frozenset({200}), partial(parse_product_page, gallery_label="", page_size=PAGE_SIZE))


def create_gallery(name: str, label: str) -> Call[AttributeDefinition | None]:
    """Define a media gallery. The server makes the label from the name: what it made is the answer.

    None: an attribute of this label was there already.
    """
    body = {"name": name, "label": label, "type_class": "MediaGalleryAttribute"}
    request = Request(RequestKind.ATTRIBUTE_CREATE, "POST", "/attributes/product", body)
    return Call(request, _CREATED | {_EXISTS}, _created)


def link_to_family(family_id: str, label: str) -> Call[None]:
    """Add an attribute to a family; one that it has already stays."""
    path = f"/product_families/{quote(family_id, safe='')}/attributes/link"
    request = Request(RequestKind.FAMILY_LINK, "POST", path, {"attributes": [label]})
    return Call(request, _CREATED | {202, 204, _EXISTS}, _nothing)


def _created(reply: Reply) -> AttributeDefinition | None:
    return None if reply.status == _EXISTS else next(iter(parse_attributes(reply)), None)


def _nothing(_reply: Reply) -> None:
    return None
