"""A plan as it is shown: in words, and in short."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from amzsync.cli.shortfalls import shortfalls
from amzsync.ledger.ledger import Ledger
from amzsync.views.next_steps import NextStep, followed_by
from amzsync.views.shortfalls import render_shortfalls

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["PlanWords", "plan_words"]

_EXAMPLES = 5


class PlanWords(NamedTuple):
    """As of a payload."""

    words: "Callable[[Console], None]"
    brief: "Callable[[Console], None] | None"


def plan_words(
    words: "Callable[[Console], None]", ledger: Ledger, steps: tuple[NextStep, ...]
) -> "PlanWords":
    """A plan in words, followed by what to do next; in short, what of it cannot be done."""
    found = shortfalls(ledger, _EXAMPLES)
    brief = partial(render_shortfalls, found, tuple(step for step in steps if step.when)) if found else None
    return PlanWords(followed_by(words, steps), brief)
