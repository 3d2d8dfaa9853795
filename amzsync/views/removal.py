"""A prune or an undo: what it is to change before it does, and what has come of it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.domain.changes import Change
from amzsync.ledger.rows import Kept, Outcome, UnusedAsset
from amzsync.views.changes import Listing, change_entry, change_lines
from amzsync.views.console import SKU_LIMIT, count_text, duration_text, facts, foreign, own, plural
from amzsync.views.document import document
from amzsync.views.next_steps import NextStep, next_step_fields, print_next_steps

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Planned", "RemovalView", "planned_json", "removal_json", "render_planned", "render_removal"]

_LINES_KEPT_FREE = 8
_LEFT_SHOWN = 20
_ASSETS_SHOWN = 20
_FEWEST_ASSETS = 3


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be done: `products` with changes, `images` that go. `undone_run` is None for a prune.

    `only_ledger` products have no change in Plytix: only what is wanted of them is as before again. `assets`
    are deleted where nobody uses them.
    """

    ledger: Path
    account: str
    undone_run: int | None
    products: int
    images: int
    only_ledger: int = 0
    assets: tuple[UnusedAsset, ...] = ()

    @property
    def has_work(self) -> bool:
        return bool(self.products or self.only_ledger or self.assets)

    @property
    def headline(self) -> str:
        products = plural(self.products, "product")
        what = f"{plural(self.images, 'image')} to take out" if self.images else "nothing to take out"
        if self.undone_run is not None:
            said = f"To undo run {self.undone_run}: {what}, {products} to change."
        elif self.products:
            said = f"To take out: {plural(self.images, 'image')} no longer wanted, from {products}."
        else:
            said = "Nothing to take out."
        if self.only_ledger:
            said += f" Of {plural(self.only_ledger, 'more product')} only the ledger is changed."
        if self.assets:
            said += f" Then up to {plural(len(self.assets), 'asset')} to delete, where nobody uses them."
        return said


@dataclass(frozen=True, slots=True)
class RemovalView:
    """What has come of it, as values; without a run there was nothing to do."""

    planned: Planned
    run_id: int | None
    outcome: Outcome
    products: int
    links_removed: int
    galleries_restored: int
    thumbnails_restored: int
    assets_deleted: tuple[UnusedAsset, ...]
    left: tuple[Kept, ...]
    requests: int
    seconds: float
    next_steps: tuple[NextStep, ...]


def render_planned(planned: Planned, changes: Iterable[Change], console: "Console", listing: Listing) -> None:
    """Print what is to be changed; products are cut to what the console has room for."""
    lines = change_lines(
        changes,
        console,
        total=planned.products,
        show_all=listing.show_all,
        show_addresses=listing.show_addresses,
        lines_kept_free=_LINES_KEPT_FREE + min(len(planned.assets), _room_for_assets(console)),
    )
    for line in lines:
        console.print(line, no_wrap=True, overflow="ellipsis")
    if planned.assets:
        if planned.products:
            console.print()
        console.print("Assets to delete, where nobody uses them:")
        for line in _asset_lines(planned.assets, console, listing):
            console.print(line, soft_wrap=True)
    if planned.products or planned.assets:
        console.print()
    console.print(own(planned.headline, "bold"))


def _asset_lines(assets: Sequence[UnusedAsset], console: "Console", listing: Listing) -> "Iterator[Text]":
    """File name and address of each, or of as many as are told unless all are asked for."""
    shown = assets if listing.show_all else assets[: _room_for_assets(console)]
    for asset in shown:
        line = own("- ", "magenta").append_text(foreign(asset.filename))
        yield line.append("  ").append_text(foreign(asset.url))
    if len(assets) > len(shown):
        yield own(f"… and {plural(len(assets) - len(shown), 'more asset')} (--all)", "dim")


def _room_for_assets(console: "Console") -> int:
    return max(_FEWEST_ASSETS, console.height // 3) if console.is_terminal else _ASSETS_SHOWN


def _asset_entry(asset: UnusedAsset) -> dict[str, object]:
    return {"filename": asset.filename, "url": asset.url}


def planned_json(planned: Planned, changes: Iterable[Change]) -> Iterator[str]:
    """The same as one JSON document in chunks."""
    return document(
        {
            "ledger": str(planned.ledger),
            "account": planned.account,
            "run": None,
            "undone_run": planned.undone_run,
            "dry_run": True,
            "products": planned.products,
            "links_removed": planned.images,
            "changes": map(change_entry, changes),
            "assets": map(_asset_entry, planned.assets),
        }
    )


def removal_json(view: RemovalView) -> Iterator[str]:
    """What has come of it as one JSON document in chunks."""
    return document(
        {
            "ledger": str(view.planned.ledger),
            "account": view.planned.account,
            "run": view.run_id,
            "undone_run": view.planned.undone_run,
            "dry_run": False,
            "products": view.products,
            "links_removed": view.links_removed,
            "galleries_restored": view.galleries_restored,
            "thumbnails_restored": view.thumbnails_restored,
            "assets_deleted": len(view.assets_deleted),
            "assets": map(_asset_entry, view.assets_deleted),
            "left": map(_left_entry, view.left),
            "requests": view.requests,
            "seconds": round(view.seconds, 1),
        }
        | next_step_fields(view.next_steps)
    )


def _left_entry(kept: Kept) -> dict[str, object]:
    return {"sku": kept.sku, **({"url": kept.url} if kept.url else {}), "reason": kept.reason}


def render_removal(view: RemovalView, console: "Console") -> None:
    """Print what has come of it, and everything that was left as it is."""
    console.print(_headline(view))
    rows = [
        ("products changed", view.products),
        ("images taken out of galleries", view.links_removed),
        ("galleries with images put back", view.galleries_restored),
        ("thumbnails set", view.thumbnails_restored),
        ("assets deleted", len(view.assets_deleted)),
    ]
    if any(number for _, number in rows):
        console.print(facts((label, count_text(number)) for label, number in rows if number))
    for kept in view.left[:_LEFT_SHOWN]:
        console.print(_left_line(kept), soft_wrap=True)
    more = len(view.left) - _LEFT_SHOWN
    if more > 0:
        console.print(own(f"… and {count_text(more)} more (--json for all)", "dim"))
    print_next_steps(view.next_steps, console)


def _left_line(kept: Kept) -> "Text":
    line = own("left: ", "yellow").append_text(foreign(kept.sku, limit=SKU_LIMIT))
    if kept.url:
        line.append("  " if kept.sku else "").append_text(foreign(kept.url))
    return line.append(": ").append_text(foreign(kept.reason))


def _headline(view: RemovalView) -> "Text":
    what = "Pruned" if view.planned.undone_run is None else f"Run {view.planned.undone_run} is undone"
    match view.outcome:
        case Outcome.FINISHED if view.run_id is None:
            line = own("Nothing to take out.", "bold green")
        case Outcome.FINISHED:
            line = own(f"{what}.", "bold green")
        case Outcome.FAILURES:
            line = own(f"{what}, but for {plural(len(view.left), 'entry', 'entries')} below.", "bold yellow")
        case Outcome.INTERRUPTED:
            line = own("Interrupted. All progress is saved.", "bold yellow")
        case Outcome.WAITING:
            line = own("Stopped at --max-wait; work remains.", "bold yellow")
        case _:
            line = own("Stopped. All progress is saved.", "bold red")
    took = f" {plural(view.requests, 'request')} in {duration_text(view.seconds)}."
    return line.append(took, "not bold default")
