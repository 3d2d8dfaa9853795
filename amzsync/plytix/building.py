"""The parts that requests are built from: searches, their conditions, ids in paths."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import quote

from amzsync.limits.api import PAGE_SIZE
from amzsync.plytix.wire import Request, RequestKind

__all__ = ["condition", "search_request", "segment"]


def search_request(
    kind: RequestKind,
    path: Literal["/products/search", "/assets/search", "/attributes/product/search"],
    groups: list[list[Mapping[str, object]]],
    attributes: list[str],
    *,
    page: int = 1,
    page_size: int = PAGE_SIZE,
) -> Request:
    """Groups are an OR of ANDs; without attributes an answer holds only ids."""
    pagination = {"page": page, "page_size": page_size}
    return Request(
        kind, "POST", path, {"filters": groups, "attributes": attributes, "pagination": pagination}
    )


def condition(field: str, operator: str, value: object) -> Mapping[str, object]:
    """One condition of a search."""
    return {"field": field, "operator": operator, "value": value}


def segment(plytix_id: str) -> str:
    """An id as a part of a path; a ValueError for one that would name something else."""
    if plytix_id in {"", ".", ".."}:
        # Such a path would name the collection, or its parent.
        raise ValueError("That is no id of Plytix.")
    return quote(plytix_id, safe="")
