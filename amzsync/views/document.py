"""JSON as a stream of chunks, so that a report on any number of rows needs no memory for them."""

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from amzsync.ledger.rows import Counts, Failure

__all__ = ["document", "failure_entry", "listing", "table_entries"]

_ITEMS_PER_CHUNK = 500


def document(fields: Mapping[str, object]) -> Iterator[str]:
    """One JSON object, a field a line; an iterator among the values becomes a list, an item a line.

    Everything beyond ASCII is escaped, so nothing in it can steer a terminal.
    """
    opening = "{\n"
    for name, value in fields.items():
        yield f"{opening}  {json.dumps(name)}: "
        opening = ",\n"
        if isinstance(value, Iterator):
            yield from listing(value)
        else:
            yield _dumps(value)
    yield "\n}\n" if fields else "{}\n"


def listing(items: Iterator[object]) -> Iterator[str]:
    """A list in chunks, an item a line."""
    opening = "["
    while chunk := [f"\n    {_dumps(item)}" for item in islice(items, _ITEMS_PER_CHUNK)]:
        yield opening + ",".join(chunk)
        opening = ","
    yield "[]" if opening == "[" else "\n  ]"


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, allow_nan=False)


def failure_entry(failure: Failure) -> dict[str, object]:
    """A failure as the contract's `errors` spell it; `place` only where a product has no SKU to name it."""
    place = {"place": failure.place} if failure.place else {}
    return {
        "url": failure.url,
        "error": failure.message,
        "product_sku": failure.sku,
        "status": failure.status,
        "attempts": failure.attempts,
        "table": failure.table.value,
        **place,
    }


def table_entries(counts: Iterable[Counts]) -> dict[str, dict[str, int]]:
    """Rows by state, by table."""
    return {
        count.table.value: {state.value: rows for state, rows in count.by_state.items()} for count in counts
    }
