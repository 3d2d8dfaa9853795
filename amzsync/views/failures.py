"""Failures by cause, for people."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from amzsync.ledger.rows import Failure, FailureGroup
from amzsync.views.console import SKU_LIMIT, count_text, foreign, grid, own, plural

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

__all__ = ["cause_text", "failures_in_full", "failures_in_short"]

SKUS_SHOWN = 5


def failures_in_full(groups: Sequence[FailureGroup], *, at_most: int = 100) -> "Table":
    """Each cause with the SKU and the address of its examples."""
    return _by_cause(groups, at_most, lambda group: map(_example, group.examples))


def failures_in_short(groups: Sequence[FailureGroup], *, at_most: int = 25) -> "Table":
    """Each cause with its first SKUs."""
    return _by_cause(groups, at_most, _skus)


def cause_text(message: str, status: int | None) -> str:
    """What the server said, or why it was not asked."""
    return f"HTTP {status}: {message}" if status is not None else message


def _by_cause(
    groups: Sequence[FailureGroup], at_most: int, examples: Callable[[FailureGroup], "Iterable[Text]"]
) -> "Table":
    return grid(_lines(groups, at_most, examples))


def _lines(
    groups: Sequence[FailureGroup], at_most: int, examples: Callable[[FailureGroup], "Iterable[Text]"]
) -> "Iterator[tuple[Text, Text]]":
    for group in groups[:at_most]:
        yield own(f"{count_text(group.count)} x"), foreign(cause_text(group.message, group.status), "red")
        for example in examples(group):
            yield own(""), example
    more = len(groups) - at_most
    if more > 0:
        yield own(""), own(f"… and {plural(more, 'more cause')} (amzsync status --json)")


def _example(failure: Failure) -> "Text":
    asked = f" (tried {plural(failure.attempts, 'time')})" if failure.attempts > 1 else ""
    if failure.place:
        return foreign(failure.place)
    line = foreign(failure.sku, limit=SKU_LIMIT) if failure.sku else own("no product")
    return line.append("  ").append_text(foreign(failure.url)).append(asked)


def _skus(group: FailureGroup) -> "Iterator[Text]":
    skus = list(dict.fromkeys(name for one in group.examples if (name := one.sku or one.place)))
    if skus:
        is_all = len(group.examples) == group.count and len(skus) <= SKUS_SHOWN
        listed = own(", ").join(foreign(sku, limit=SKU_LIMIT) for sku in skus[:SKUS_SHOWN])
        yield listed if is_all else listed.append(", …")
