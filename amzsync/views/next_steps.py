"""What to type next, in lines that can be copied as they stand."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.views.console import foreign, own

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["NextStep", "followed_by", "next_step_fields", "print_next_steps"]

_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class NextStep:
    """A command; `when` is what has to be done before it can help."""

    command: str
    when: str = ""

    def line(self) -> "Text":
        label = f"Next, {self.when}: " if self.when else "Next: "
        return own(label, "bold").append_text(foreign(self.command, limit=_LONGEST))


def print_next_steps(steps: Iterable[NextStep], console: "Console") -> None:
    """A line each, however long: a command that is broken over lines cannot be copied."""
    for step in steps:
        console.print(step.line(), soft_wrap=True)


def followed_by(words: "Callable[[Console], None]", steps: Iterable[NextStep]) -> "Callable[[Console], None]":
    """Print something, and below it what to type next."""

    def print_both(console: "Console") -> None:
        words(console)
        told = tuple(steps)
        if told:
            console.print()
        print_next_steps(told, console)

    return print_both


def next_step_fields(steps: Iterable[NextStep]) -> dict[str, object]:
    """For JSON: the commands that can be typed at once, and those that something has to precede."""
    steps = tuple(steps)
    return {
        "next": [step.command for step in steps if not step.when],
        "next_when": [{"when": step.when, "command": step.command} for step in steps if step.when],
    }
