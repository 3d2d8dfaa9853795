"""What is not in place: failures by cause, and products that Plytix lacks."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.ledger.rows import FailureGroup
from amzsync.views.console import count_text, names_text, plural, titled
from amzsync.views.failures import failures_in_full, failures_in_short
from amzsync.views.next_steps import NextStep, print_next_steps

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = ["Shortfalls", "render_shortfalls"]


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """`failures` counts those of all groups; `is_new`: only what no earlier run has told."""

    failures: int
    groups: tuple[FailureGroup, ...]
    not_found: tuple[str, ...] = ()
    is_new: bool = False

    def __bool__(self) -> bool:
        return bool(self.failures or self.not_found)

    @property
    def phrase(self) -> str:
        """`3 rows failed and 2 products are not in Plytix`."""
        parts = []
        if self.failures:
            parts.append(f"{plural(self.failures, 'row')} failed")
        if self.not_found:
            parts.append(
                plural(len(self.not_found), "product is not in Plytix", "products are not in Plytix")
            )
        return " and ".join(parts)

    def parts(self, *, in_full: bool = False) -> "Iterator[RenderableType]":
        """Every cause with its first SKUs, or in full with their addresses."""
        if self.not_found:
            yield names_text("newly not in Plytix" if self.is_new else "not in Plytix", self.not_found)
        if self.failures:
            title = "New failures" if self.is_new else "Failures"
            listed = failures_in_full if in_full else failures_in_short
            yield titled(f"{title}: {count_text(self.failures)}", listed(self.groups))


def render_shortfalls(shortfalls: Shortfalls, steps: tuple[NextStep, ...], console: "Console") -> None:
    """Print them, and what to type next."""
    for part in shortfalls.parts():
        console.print(part)
    print_next_steps(steps, console)
