"""The plan: what would be done, what it costs, and what cannot be done."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from amzsync.domain.changes import Change
from amzsync.ledger.changes import ChangeTotals
from amzsync.ledger.queries import Outstanding, ProductRow, Totals
from amzsync.ledger.rows import Counts, Failure, FailureGroup, State, Table
from amzsync.ledger.small_images import SmallImage
from amzsync.limits.forecast import Forecast
from amzsync.limits.windows import Limit
from amzsync.planner import PlanCounts
from amzsync.views.changes import Listing, change_entry, change_lines
from amzsync.views.console import (
    SKU_LIMIT,
    cost_text,
    count_text,
    foreign,
    grid,
    limit_text,
    own,
    plain,
    plural,
    titled,
)
from amzsync.views.document import document, table_entries
from amzsync.views.failures import failures_in_full
from amzsync.views.limits import LimitsOrigin
from amzsync.views.names import NameList
from amzsync.views.parts import part_fields, part_text
from amzsync.views.plan_facts import plan_facts
from amzsync.views.products import product_entry
from amzsync.views.report import Metadata, contract_fields, extra_fields
from amzsync.views.small_images import small_entries, small_names

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["AccountView", "Cost", "Kept", "PlanView", "plan_json", "render_plan"]

_CAUSES_SHOWN = 5
_NAMES_SHOWN = 10
_PROMPT_LINES = 2
_WHAT_FITS = Listing()


@dataclass(frozen=True, slots=True)
class AccountView:
    """The account of a plan; `host` is None for the sandbox, `source` says where it is configured."""

    name: str
    host: str | None = None
    source: str = ""

    @property
    def place(self) -> str:
        """The account as people should see it before they agree: its name and its host, made harmless."""
        return f"{plain(self.name)} at {plain(self.host)}" if self.host else plain(self.name)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the work of a plan takes, and the limits at which it was reckoned."""

    outstanding: Outstanding
    forecast: Forecast
    limits: tuple[Limit, ...]
    limits_origin: LimitsOrigin


class Kept(Enum):
    """Whether a plan is kept in the ledger, or else why not; the words for it."""

    YES = ""
    NOT_IN_A_DRY_RUN = "This is a dry run: the plan is not saved."
    NOT_WHILE_IN_USE = (
        "Another amzsync process is writing to this ledger, so this plan was made on a copy and is not saved."
    )


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as values. `changes` can be read again; `failures` are the first causes, with examples.

    `account` is None where none was chosen yet; `refreshed` says that Plytix was read for it.
    """

    counts: PlanCounts
    totals: Totals
    cost: Cost
    tables: tuple[Counts, ...]
    changes: Iterable[Change]
    change_totals: ChangeTotals
    failures: tuple[FailureGroup, ...]
    metadata: Metadata
    account: AccountView | None
    gallery: str
    refreshed: bool
    kept: Kept
    prunes: bool = False

    @property
    def place(self) -> str:
        """Where the pictures go."""
        return self.account.place if self.account else "no account chosen yet"

    @property
    def obsolete(self) -> dict[str, int]:
        """What is no longer wanted, by table."""
        return {table.table.value: table.of(State.OBSOLETE) for table in self.tables}


def render_plan(view: PlanView, console: "Console", listing: Listing = _WHAT_FITS) -> None:
    """Print the plan: what changes first, cut to what the console has room for, then the rest in numbers."""
    if console.quiet:
        return
    heading, rest = list(_heading(view)), list(_rest(view))
    beside = sum(len(console.render_lines(part)) for part in (*heading, *rest)) + len(heading) + 1
    _print(heading, console)
    lines = change_lines(
        view.changes,
        console,
        total=view.change_totals.products,
        show_all=listing.show_all,
        show_addresses=listing.show_addresses,
        lines_kept_free=beside + _PROMPT_LINES,
    )
    for line in lines:
        console.print(line)
    _print(rest, console)


def plan_json(
    view: PlanView,
    products: Iterable[ProductRow],
    failures: Iterable[Failure],
    small: Iterable[SmallImage] = (),
) -> Iterator[str]:
    """The plan as one JSON document in chunks: the report's keys as they would be, and every product."""
    account, totals = view.account, view.change_totals
    return document(
        contract_fields(view.counts, view.totals, view.metadata, failures, would_be=True)
        | extra_fields(view.counts, view.totals)
        | {
            "requests": view.cost.forecast.requests,
            "seconds": round(view.cost.forecast.seconds, 1),
            "limits": [str(limit) for limit in view.cost.limits],
            "limits_from": view.cost.limits_origin,
            "account": account.name if account else None,
            "api_host": account.host if account else None,
            "account_source": (account.source or None) if account else None,
            "gallery": view.gallery,
            "refreshed": view.refreshed,
            "kept": view.kept is Kept.YES,
            "obsolete": view.obsolete,
            "tables": table_entries(view.tables),
            "changed_products": totals.products,
            "unchanged_products": totals.unchanged,
            "unused_images": totals.unused.images,
            "changed_pictures": view.cost.outstanding.pictures,
            "earlier_products": view.cost.outstanding.earlier,
            **part_fields(view.metadata.part),
            "min_size": totals.small.below,
            "small_images": small_entries(small),
            "changes": map(change_entry, view.changes),
            "products": map(product_entry, products),
        }
    )


def _print(parts: "Iterable[RenderableType]", console: "Console") -> None:
    for part in parts:
        console.print(part)


def _heading(view: PlanView) -> "Iterator[RenderableType]":
    if view.kept is not Kept.YES:
        yield own(view.kept.value, "yellow")
    yield _subject(view)
    if view.metadata.part:
        yield part_text(view.metadata.part)
    if view.change_totals.products:
        yield own("")


def _rest(view: PlanView) -> "Iterator[RenderableType]":
    totals = view.change_totals
    if totals.unchanged:
        yield own(f"{plural(totals.unchanged, 'product')} unchanged.")
    if totals.unchanged or totals.products:
        yield own("")
    yield from _names(view)
    yield from _failures(view.failures)
    yield grid(plan_facts(view.counts, view.totals, refreshed=view.refreshed))
    yield own("")
    yield _decision(view)


def _subject(view: PlanView) -> "Text":
    counts = view.counts
    line = own(f"Plan: {plural(counts.total_products, 'product')}")
    line.append(
        f", {plural(counts.total_image_refs, 'image reference')},"
        f" {plural(counts.unique_images, 'unique image')}"
    )
    if view.metadata.sources:
        line.append(", from ").append_text(foreign(", ".join(view.metadata.sources)))
    line.append("\nGallery ").append_text(foreign(view.gallery, limit=SKU_LIMIT))
    line.append(", account " if view.account else ", ").append_text(own(view.place))
    if view.account and view.account.source:
        line.append(" (from ").append_text(foreign(view.account.source)).append(")")
    return line


def _names(view: PlanView) -> "Iterator[RenderableType]":
    """What is told by name, each list with an empty line behind the last."""
    totals, not_found = view.change_totals, view.totals.products_not_found
    lists = (
        NameList("Not in Plytix, so skipped", not_found[:_NAMES_SHOWN], len(not_found), "yellow"),
        NameList("Without images", totals.without_images.skus, totals.without_images.total),
        NameList("Products no longer wanted", totals.gone.skus, totals.gone.total),
        _unused(view),
        small_names(totals.small, view.totals.links_left_out),
    )
    told = [one for one in lists if one.total]
    yield from told
    if told:
        yield own("")


def _unused(view: PlanView) -> NameList:
    unused = view.change_totals.unused
    title = (
        f"{plural(unused.images, 'image')} no longer used, on {plural(unused.products, 'product')}"
        f"{'' if view.prunes else ', left in Plytix until `prune`'}"
    )
    files: dict[str, list[str]] = {}
    for sku, url in unused.examples:
        files.setdefault(sku, []).append(urlsplit(url).path.rpartition("/")[2] or url)
    names = [f"{sku} ({', '.join(of_sku)})" for sku, of_sku in files.items()]
    return NameList(title, names, unused.products)


def _failures(groups: Sequence[FailureGroup]) -> "Iterator[RenderableType]":
    """Addresses that can be no image apart from what Plytix has refused."""
    for title, is_malformed in (("Malformed, cannot be used", True), ("Failed", False)):
        chosen = [group for group in groups if _is_malformed(group) is is_malformed]
        if chosen:
            count = sum(group.count for group in chosen)
            yield titled(f"{title}: {count_text(count)}", failures_in_full(chosen, at_most=_CAUSES_SHOWN))
            yield own("")


def _is_malformed(group: FailureGroup) -> bool:
    return all(example.table is Table.URLS for example in group.examples)


def _decision(view: PlanView) -> "Text":
    outstanding, totals = view.cost.outstanding, view.totals
    if not (outstanding.products or outstanding.pictures):
        return own("Nothing to do.", "bold green")
    line = own("To do: ", "bold")
    named = outstanding.products - outstanding.earlier
    if named:
        line.append(
            f"add {plural(totals.open_assets, 'image')} to Plytix,"
            f" set {plural(totals.links.open, 'gallery link')} and"
            f" {plural(totals.thumbnails.open, 'thumbnail')} on {plural(named, 'product')}.\n"
        )
    if outstanding.pictures:
        line.append(f"replace {plural(outstanding.pictures, 'image')} that changed at the same address.\n")
    if outstanding.earlier:
        also = "Also " if named or outstanding.pictures else ""
        line.append(f"{also}{plural(outstanding.earlier, 'product')} left from earlier mappings.\n")
    return line.append_text(_cost(view))


def _cost(view: PlanView) -> "Text":
    limits = " and ".join(map(limit_text, view.cost.limits))
    cost = cost_text(view.cost.forecast.requests, view.cost.forecast.seconds)
    line = own(f"{cost[0].upper()}{cost[1:]}", "bold")
    told = f", {view.cost.limits_origin.phrase}" if view.cost.limits_origin is LimitsOrigin.TOKEN else ""
    line.append(f" ({limits}{told})." if limits else ".")
    if not view.refreshed:
        line.append("\nPlytix has not been checked. Add --refresh to check.", "dim")
    return line
