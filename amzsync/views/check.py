"""What a check has found: what differs first, then how much, then what to do."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.domain.changes import Change
from amzsync.domain.picture_look import PictureLook
from amzsync.ledger.rows import Failure, Outcome
from amzsync.ledger.small_images import SmallImage, SmallTotals
from amzsync.views.changes import Listing, change_entry, change_lines
from amzsync.views.console import count_text, duration_text, facts, foreign, own, plural
from amzsync.views.document import document
from amzsync.views.next_steps import NextStep, next_step_fields, print_next_steps
from amzsync.views.pictures import picture_fields, render_pictures
from amzsync.views.small_images import small_entries, small_names

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = [
    "CheckView",
    "ImagesView",
    "Took",
    "check_json",
    "lacks_something",
    "render_check",
    "render_check_in_short",
]

_LABELS = {
    "missing": "images missing",
    "moved": "galleries in another order",
    "thumbnail": "other thumbnails, or none",
    "obsolete": "images no longer wanted, still there",
    "failed": "failed images",
    "not_in_plytix": "products not in Plytix",
    "others": "images of others, left as they are",
    "changed_pictures": "images that changed at the same address",
}
_LINES_KEPT_FREE = 14


@dataclass(frozen=True, slots=True)
class Took:
    """What it cost."""

    requests: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ImagesView:
    """What there is to tell of the images themselves; `look` is None where Amazon was not asked."""

    small: SmallTotals
    look: PictureLook | None = None

    @property
    def changed(self) -> int:
        return len(self.look.changed) if self.look else 0

    @property
    def unseen(self) -> int:
        """How many could not be looked at."""
        return self.look.unanswered + self.look.left if self.look else 0


@dataclass(frozen=True, slots=True)
class CheckView:
    """A check as values. `to_check` products were to be looked at, `products` of them were.

    `unreadable` are products of a mapping that have no SKU. `is_kept`: what was seen stands in the ledger.
    """

    ledger: Path
    account: str | None
    to_check: int
    products: int
    differences: tuple[Change, ...]
    others: int
    unreadable: tuple[Failure, ...]
    outcome: Outcome
    took: Took
    is_kept: bool
    next_steps: tuple[NextStep, ...]
    images: ImagesView

    @property
    def in_place(self) -> int:
        """How many products hold all that is wanted."""
        return self.products - sum(1 for change in self.differences if lacks_something(change))

    @property
    def counts(self) -> Mapping[str, int]:
        """Images and products that differ, by kind."""
        changes = self.differences
        return {
            "missing": sum(len(change.missing) for change in changes),
            "moved": sum(change.is_moved for change in changes),
            "thumbnail": sum(change.thumbnail is not None for change in changes),
            "obsolete": sum(len(change.obsolete) for change in changes),
            "failed": sum(len(change.failed) for change in changes) + len(self.unreadable),
            "not_in_plytix": sum(change.in_plytix is False for change in changes),
            "others": self.others,
            "changed_pictures": self.images.changed,
        }


def check_json(view: CheckView, small: Iterable[SmallImage] = ()) -> Iterator[str]:
    """The check as one JSON document in chunks; `small` are the images that `view` only counts."""
    return document(
        {
            "ledger": str(view.ledger),
            "account": view.account,
            "products": view.products,
            "in_place": view.in_place,
            "differences": map(change_entry, view.differences),
            "counts": dict(view.counts),
            "requests": view.took.requests,
            "seconds": round(view.took.seconds, 1),
            "complete": view.products == view.to_check,
            "kept": view.is_kept,
            "min_size": view.images.small.below,
            "small_images": small_entries(small),
            **picture_fields(view.images.look),
            "unreadable": [{"place": one.place, "error": one.message} for one in view.unreadable],
        }
        | next_step_fields(view.next_steps)
    )


def render_check(view: CheckView, console: "Console", listing: Listing) -> None:
    """Print the check; its products are cut to what the console has room for."""
    _print_differences(view, console, listing)
    if view.differences or view.unreadable:
        console.print()
    console.print(_headline(view))
    rows = [(_LABELS[name], count_text(number)) for name, number in view.counts.items() if number]
    if rows:
        console.print(facts(rows))
    if view.images.small.images:
        console.print(small_names(view.images.small))
    if view.images.look:
        render_pictures(view.images.look, console)
    _print_end(view, console)


def render_check_in_short(view: CheckView, console: "Console") -> None:
    """Print what must be seen in any case."""
    console.print(_headline(view))
    _print_differences(view, console, Listing(show_all=False, show_addresses=False))
    if view.images.look and (view.images.changed or view.images.unseen):
        render_pictures(view.images.look, console)
    _print_end(view, console)


def _print_differences(view: CheckView, console: "Console", listing: Listing) -> None:
    lines = change_lines(
        view.differences,
        console,
        total=len(view.differences),
        show_all=listing.show_all,
        show_addresses=listing.show_addresses,
        lines_kept_free=_LINES_KEPT_FREE,
    )
    for line in lines:
        console.print(line, no_wrap=True, overflow="ellipsis")
    for failure in view.unreadable:
        console.print(foreign(f"! {failure.place}: {failure.message}", "red"))


def _print_end(view: CheckView, console: "Console") -> None:
    if view.counts["moved"]:
        console.print(own("An order that somebody gave a gallery in Plytix stays as it is."))
    print_next_steps(view.next_steps, console)


def _headline(view: CheckView) -> "Text":
    took = f" {plural(view.took.requests, 'request')} in {duration_text(view.took.seconds)}."
    differing = view.products - view.in_place
    match view.outcome:
        case Outcome.FINISHED | Outcome.FAILURES if not view.products:
            line = own("Nothing to check: no product wants an image.", "bold")
        case Outcome.FAILURES if not differing and view.images.changed and not view.unreadable:
            changed = plural(view.images.changed, "image")
            line = own(
                f"Checked {plural(view.products, 'product')}: everything is in place,"
                f" but {changed} changed at the same address.",
                "bold yellow",
            )
        case Outcome.FINISHED:
            line = own(f"Checked {plural(view.products, 'product')}: everything is in place.", "bold green")
        case Outcome.FAILURES:
            line = own(
                f"Checked {plural(view.products, 'product')}: {count_text(view.in_place)} in place,"
                f" {count_text(differing)} not.",
                "bold yellow",
            )
        case _:
            why = "Interrupted" if view.outcome is Outcome.INTERRUPTED else "Stopped at --max-wait"
            line = own(
                f"{why} after {count_text(view.products)} of {plural(view.to_check, 'product')}:"
                f" {count_text(view.in_place)} in place, {count_text(differing)} not.",
                "bold yellow",
            )
    return line.append(took, "not bold default")


def lacks_something(change: Change) -> bool:
    """Whether anything wanted differs: what merely stands there still is no difference."""
    return change.in_plytix is False or bool(
        change.missing or change.is_moved or change.thumbnail or change.failed
    )
