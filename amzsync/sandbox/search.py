"""Searching, the same for every resource: a checked request body, a predicate, a page of ids.

Filters are an OR of ANDs (plytix-api, Assets). What a field allows depends on its kind; anything
else is refused with 422, as is a page of more than 100 or a choice of more than 20 attributes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Protocol

from amzsync.sandbox.behaviour import Counts
from amzsync.sandbox.messages import Json, Refusal

MAX_ATTRIBUTES = 20
MAX_PAGE_SIZE = 100
DEFAULT_PAGE_SIZE = 25
MAX_VALUES = 100
"""Values of one `in`: as many as are known to be accepted (plytix-api, Products)."""

MAX_SORTED_HITS = 10_000

_MAX_WHOLE = 1_000_000_000

Row = Mapping[str, Any]
"""One product, asset or definition, flat: the fields that filters and order can name."""


class Kind(Enum):
    """What a field holds, with the operators it allows."""

    TEXT = ("eq", "!eq", "like", "in", "!in", "exists", "!exists", "text_search")
    NAME = ("like", "eq", "!eq")
    ID = ("eq", "!eq", "in", "!in")
    CHOICE = ("in",)
    NUMBER = ("eq", "!eq", "gt", "gte", "lt", "lte", "exists", "!exists")
    TIME = ("eq", "gt", "gte", "lt", "lte")
    FLAG = ("eq",)
    MEDIA = ("exists", "!exists")


@dataclass(frozen=True, slots=True)
class Condition:
    """One `{field, operator, value}` that has been checked."""

    field: str
    kind: Kind
    operator: str
    value: Any
    is_exact: bool = False

    def holds(self, row: Row) -> bool:
        actual = row.get(self.field)
        name = self.operator.removeprefix("!")
        # Ids are compared as they are: so is all text where case counts.
        kind = Kind.ID if self.is_exact else self.kind
        return _OPERATORS[name](actual, self.value, kind) is (name == self.operator)


@dataclass(frozen=True, slots=True)
class Search:
    """A checked search; `groups` is OR of AND, empty for everything; `order` may start with a minus."""

    groups: tuple[tuple[Condition, ...], ...]
    columns: tuple[str, ...]
    page: int
    page_size: int
    order: str | None

    def matches(self, row: Row) -> bool:
        return not self.groups or any(all(c.holds(row) for c in group) for group in self.groups)


class Source(Protocol):
    """What a search runs on."""

    def count(self) -> int: ...

    def ids(self, *, offset: int = 0, limit: int = -1) -> list[str]:
        """In the order of creation."""
        ...

    def lookup(self, conditions: Sequence[Condition]) -> list[str] | None:
        """The rows for which any of these holds, by index; None where there is none for one of them."""
        ...

    def rows(self, ids: Sequence[str]) -> list[Row]: ...


@dataclass(frozen=True, slots=True)
class Hits:
    """The ids of the asked page, and how many there are on all pages."""

    ids: list[str]
    total: int


def parse(
    body: Json, fields: Mapping[str, Kind], columns: frozenset[str], *, is_exact: bool = False
) -> Search:
    """Check a search body against the fields that filters and the columns that `attributes` may name.

    `is_exact`: case counts.
    """
    if not isinstance(body, dict):
        raise _wrong("body", "Invalid input type.")
    if "filters" not in body:
        raise _wrong("filters", "Missing data for required field.")
    pagination = body.get("pagination") or {}
    if not isinstance(pagination, dict):
        raise _wrong("pagination", "Invalid input type.")
    page_size = _whole(pagination, "page_size", DEFAULT_PAGE_SIZE)
    if page_size > MAX_PAGE_SIZE:
        raise _wrong("pagination.page_size", f"Must be at most {MAX_PAGE_SIZE}.")
    order = pagination.get("order")
    if order is not None and not (isinstance(order, str) and order.removeprefix("-") in fields):
        raise _wrong("pagination.order", "Unknown field.")
    return Search(
        _groups(body["filters"], fields, is_exact=is_exact),
        _columns(body.get("attributes"), columns),
        _whole(pagination, "page", 1),
        page_size,
        order,
    )


def run(search: Search, source: Source) -> Hits:
    """Find the page, by index wherever every group has a condition with one."""
    start = (search.page - 1) * search.page_size
    stop = start + search.page_size
    if not search.groups and search.order is None:
        return Hits(source.ids(offset=start, limit=search.page_size), source.count())
    found = _matching(search, source)
    if search.order is not None:
        if len(found) > MAX_SORTED_HITS:
            raise Refusal(428, f"A sorted search finds at most {MAX_SORTED_HITS} results")
        found = _sorted(source.rows(found), search.order)
    return Hits(found[start:stop], len(found))


def pagination(search: Search, hits: Hits, source: Source, counts: Counts) -> dict[str, Json]:
    told: dict[str, Json] = {
        "page": search.page,
        "page_size": search.page_size,
        "count": hits.total if counts is Counts.HITS else len(hits.ids),
        "total_count": source.count() if counts is Counts.UNFILTERED else hits.total,
        "order": search.order,
    }
    if counts is Counts.MISSING:
        del told["total_count"]
    return told


def _matching(search: Search, source: Source) -> list[str]:
    if not search.groups:
        return source.ids()
    candidates = None
    if all(search.groups):
        candidates = source.lookup([_narrowest(group) for group in search.groups])
    # An index does not mind case.
    is_exact = any(condition.is_exact for group in search.groups for condition in group)
    if candidates is not None and not is_exact and all(len(group) == 1 for group in search.groups):
        return candidates
    rows = source.rows(source.ids() if candidates is None else candidates)
    return [row["id"] for row in rows if search.matches(row)]


def _narrowest(group: Sequence[Condition]) -> Condition:
    """The condition that most likely has an index: a positive one on an id, a SKU or a name."""
    return min(
        group, key=lambda c: (c.operator not in ("eq", "in"), c.field not in ("id", "sku", "filename"))
    )


def _sorted(rows: Sequence[Row], order: str) -> list[str]:
    field = order.removeprefix("-")
    with_value = [row for row in rows if row.get(field) not in (None, "")]
    without = [row["id"] for row in rows if row.get(field) in (None, "")]
    with_value.sort(key=lambda row: _comparable(row[field]), reverse=order != field)
    return [row["id"] for row in with_value] + without


def _comparable(value: Json) -> tuple[float, str]:
    if isinstance(value, (int, float)):
        return (float(value), "")
    return (0.0, str(value).casefold())


def _groups(
    filters: Json, fields: Mapping[str, Kind], *, is_exact: bool
) -> tuple[tuple[Condition, ...], ...]:
    if not isinstance(filters, list) or not all(isinstance(group, list) for group in filters):
        raise _wrong("filters", "Must be a list of lists.")
    return tuple(
        tuple(replace(_condition(entry, fields), is_exact=is_exact) for entry in group) for group in filters
    )


def _condition(entry: Json, fields: Mapping[str, Kind]) -> Condition:
    if not isinstance(entry, dict):
        raise _wrong("filters", "Invalid input type.")
    field, operator, value = entry.get("field"), entry.get("operator"), entry.get("value")
    kind = fields.get(field) if isinstance(field, str) else None
    if kind is None or not isinstance(field, str):
        raise _wrong("filters.field", f"Unknown field: {field}")
    if not isinstance(operator, str) or operator not in kind.value:
        raise _wrong("filters.operator", f"Operator {operator} is not allowed on {field}")
    if not _fits(kind, operator.removeprefix("!"), value):
        raise _wrong("filters.value", f"Invalid value for {operator} on {field}")
    return Condition(field, kind, operator, value)


def _fits(kind: Kind, operator: str, value: Json) -> bool:
    if operator == "exists":
        return True
    if operator == "in":
        return (
            isinstance(value, list)
            and 0 < len(value) <= MAX_VALUES
            and all(isinstance(v, str) for v in value)
        )
    if kind is Kind.NUMBER:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is Kind.FLAG:
        return isinstance(value, bool)
    return isinstance(value, str)


def _columns(attributes: Json, columns: frozenset[str]) -> tuple[str, ...]:
    if attributes is None:
        return ()
    if not isinstance(attributes, list) or not all(isinstance(name, str) for name in attributes):
        raise _wrong("attributes", "Must be a list of names.")
    if len(attributes) > MAX_ATTRIBUTES:
        raise _wrong("attributes", f"At most {MAX_ATTRIBUTES} attributes.")
    for name in attributes:
        if name not in columns:
            raise _wrong("attributes", f"Unknown attribute: {name}")
    return tuple(attributes)


def _whole(pagination: Mapping[str, Json], name: str, default: int) -> int:
    value = pagination.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_WHOLE:
        raise _wrong(f"pagination.{name}", f"Must be a whole number from 1 to {_MAX_WHOLE}.")
    return value


def _wrong(field: str, msg: str) -> Refusal:
    return Refusal(422, "Invalid search", ((field, msg),))


def _fold(value: Json, kind: Kind) -> Json:
    """Text is compared without case, ids are not text."""
    return value.casefold() if isinstance(value, str) and kind is not Kind.ID else value


def _equal(actual: Json, value: Json, kind: Kind) -> bool:
    return bool(_fold(actual, kind) == _fold(value, kind))


def _among(actual: Json, value: Json, kind: Kind) -> bool:
    return _fold(actual, kind) in [_fold(one, kind) for one in value]


def _like(actual: Json, value: Json, kind: Kind) -> bool:
    return isinstance(actual, str) and _fold(value, kind) in _fold(actual, kind)


def _words(actual: Json, value: Json, kind: Kind) -> bool:
    if not isinstance(actual, str):
        return False
    words = set(re.findall(r"\w+", _fold(actual, kind)))
    return all(word in words for word in re.findall(r"\w+", _fold(value, kind)))


def _exists(actual: Json, _value: Json, _kind: Kind) -> bool:
    return actual is not None and actual not in ("", [], {})


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Kind], bool]:
    return lambda actual, value, _kind: actual is not None and test(actual, value)


_OPERATORS: Mapping[str, Callable[[Any, Any, Kind], bool]] = {
    "eq": _equal,
    "in": _among,
    "like": _like,
    "text_search": _words,
    "exists": _exists,
    "gt": _ordered(lambda actual, value: bool(actual > value)),
    "gte": _ordered(lambda actual, value: bool(actual >= value)),
    "lt": _ordered(lambda actual, value: bool(actual < value)),
    "lte": _ordered(lambda actual, value: bool(actual <= value)),
}
