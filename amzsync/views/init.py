"""What init has written, and what to type next."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.views.console import foreign, own
from amzsync.views.document import document
from amzsync.views.next_steps import NextStep, next_step_fields, print_next_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

__all__ = ["InitView", "init_json", "render_init"]


@dataclass(frozen=True, slots=True)
class InitView:
    """Where an account was written, under which name, and whether commands use it unless told otherwise."""

    path: Path
    account: str
    is_default: bool
    next_steps: tuple[NextStep, ...]


def init_json(view: InitView) -> "Iterator[str]":
    """The same as one JSON document; it holds no secret."""
    return document(
        {"config": str(view.path), "account": view.account, "default": view.is_default}
        | next_step_fields(view.next_steps)
    )


def render_init(view: InitView, console: "Console") -> None:
    """Print it, the commands in lines that can be copied."""
    line = own("Written: ", "bold green").append_text(foreign(f"{view.path}", limit=1_000))
    line.append_text(foreign(f" has the account {view.account}; only you can read the file."))
    console.print(line, soft_wrap=True)
    print_next_steps(view.next_steps, console)
