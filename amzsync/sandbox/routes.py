"""The handler of each path and method."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from amzsync.sandbox import assets, attributes, contents, families, links, products
from amzsync.sandbox.account import Account
from amzsync.sandbox.messages import Refusal, Reply, Request

Handler = Callable[[Account, tuple[str, ...], Request], Reply]

API_ROOT = "/api/v1"
TOKEN_PATH = "/auth/api/get-token"  # noqa: S105 -- a path

_ROUTES: Mapping[str, Mapping[str, Handler]] = {
    "/assets": {"POST": assets.create},
    "/assets/search": {"POST": assets.search},
    "/assets/{id}": {"GET": assets.read, "PATCH": assets.update, "DELETE": assets.delete},
    "/assets/{id}/content": {"PUT": contents.replace_content},
    "/products": {"POST": products.create},
    "/products/search": {"POST": products.search},
    "/products/{id}": {"GET": products.read, "PATCH": products.update, "DELETE": products.delete},
    "/products/{id}/assets": {"GET": links.read_all, "POST": links.create},
    "/products/{id}/assets/{asset_id}": {"DELETE": links.delete},
    "/attributes/product": {"POST": attributes.create},
    "/attributes/product/search": {"POST": attributes.search},
    "/product_families/{id}/all_attributes": {"GET": families.all_attributes},
    "/product_families/{id}/attributes/link": {"POST": families.link},
    "/filters/product": {"GET": attributes.product_filters},
    "/filters/asset": {"GET": attributes.asset_filters},
}

_PATTERNS = tuple(
    (re.compile(re.sub(r"\{\w+\}", "([^/]+)", shape)), shape, handlers) for shape, handlers in _ROUTES.items()
)


@dataclass(frozen=True, slots=True)
class Route:
    """A known path; `ids` are its variable parts in order."""

    shape: str
    ids: tuple[str, ...]
    handlers: Mapping[str, Handler]

    def handler(self, method: str) -> Handler:
        """A Refusal (405) where the path has no such method."""
        try:
            return self.handlers[method]
        except KeyError:
            allow = {"Allow": ", ".join(self.handlers)}
            raise Refusal(405, "The method is not allowed", headers=allow) from None

    def written_product(self, method: str) -> str | None:
        """The id of the product that a request of this method writes to."""
        if method in ("POST", "PATCH", "DELETE") and self.shape.startswith("/products/{id}"):
            return self.ids[0]
        return None


def find(path: str) -> Route | None:
    """The route of a path below the API root; None where there is none."""
    for pattern, shape, handlers in _PATTERNS:
        match = pattern.fullmatch(path)
        if match:
            return Route(shape, match.groups(), handlers)
    return None
