"""The plan: what would be done, what it costs, and what cannot be done."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.ledger.queries import Outstanding, ProductRow, Totals
from amzsync.ledger.rows import Counts, Failure, State
from amzsync.limits.forecast import Forecast
from amzsync.limits.windows import Limit
from amzsync.planner import PlanCounts
from amzsync.views.console import (
    SKU_LIMIT,
    cost_text,
    count_text,
    facts,
    foreign,
    grid,
    limit_text,
    own,
    plain,
    plural,
    titled,
)
from amzsync.views.document import document, table_entries
from amzsync.views.limits import LimitsOrigin
from amzsync.views.products import product_entry, product_sheet
from amzsync.views.report import Metadata, contract_fields, extra_fields

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["AccountView", "Cost", "PlanView", "plan_json", "render_plan"]

_FEWEST_ROWS = 8
_SKUS_SHOWN = 10
_LINES_KEPT_FREE = 6


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

    forecast: Forecast
    limits: tuple[Limit, ...]
    limits_origin: LimitsOrigin


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as values. `products` are the first of those with images, `malformed` the first few.

    `account` is None where none was chosen yet; `refreshed` says that Plytix was read for it; `is_copy` that
    the ledger was busy, so that this plan was made on a copy and is not kept.
    """

    counts: PlanCounts
    totals: Totals
    outstanding: Outstanding
    cost: Cost
    tables: tuple[Counts, ...]
    products: tuple[ProductRow, ...]
    malformed: tuple[Failure, ...]
    metadata: Metadata
    account: AccountView | None
    gallery: str
    refreshed: bool
    is_copy: bool

    @property
    def place(self) -> str:
        """Where the pictures go."""
        return self.account.place if self.account else "no account chosen yet"

    @property
    def obsolete(self) -> dict[str, int]:
        """What is no longer wanted, by table."""
        return {table.table.value: table.of(State.OBSOLETE) for table in self.tables}


def render_plan(view: PlanView, console: "Console") -> None:
    """Print the plan; its table of products is cut to what the console has room for."""
    used = 0
    for part in _parts(view):
        console.print(part)
        console.print()
        used += len(console.render_lines(part)) + 1
    shown = view.products
    if console.is_terminal:
        shown = shown[: max(_FEWEST_ROWS, console.height - used - _LINES_KEPT_FREE)]
    if shown:
        console.print(product_sheet(shown))
    more = view.counts.products_with_images - len(shown)
    if more > 0:
        console.print(own(f"… and {plural(more, 'more product')} (--json for all)", "dim"))


def plan_json(
    view: PlanView, products: Iterable[ProductRow], failures: Iterable[Failure] | None = None
) -> Iterator[str]:
    """The plan as one JSON document in chunks: the report's keys as they would be, and every product.

    `failures` are all rows that cannot be done; without them, those of the view are used.
    """
    errors = view.malformed if failures is None else failures
    account = view.account
    return document(
        contract_fields(view.counts, view.totals, view.metadata, errors, would_be=True)
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
            "kept": not view.is_copy,
            "obsolete": view.obsolete,
            "tables": table_entries(view.tables),
            "products": map(product_entry, products),
        }
    )


def _parts(view: PlanView) -> "Iterator[RenderableType]":
    yield from _notes(view)
    yield _decision(view)
    yield titled("Images", facts(_image_facts(view)))
    yield titled("Products", facts(_product_facts(view)))
    if any(view.obsolete.values()):
        gone = ", ".join(f"{count_text(number)} {name}" for name, number in view.obsolete.items() if number)
        yield own(f"No longer wanted, but left in Plytix: {gone}.")
    if view.malformed:
        yield titled("Failed, for example", grid(map(_malformed, view.malformed)))
    if view.totals.products_not_found:
        yield _not_found(view.totals.products_not_found)


def _notes(view: PlanView) -> "Iterator[Text]":
    if view.is_copy:
        yield own(
            "Another amzsync process is writing to this ledger,"
            " so this plan was made on a copy and is not saved.",
            "yellow",
        )


def _decision(view: PlanView) -> "Text":
    counts, totals = view.counts, view.totals
    where = own(f"Plan: {plural(counts.total_products, 'product')}")
    where.append(
        f", {plural(counts.total_image_refs, 'image reference')},"
        f" {plural(counts.unique_images, 'unique image')}"
    )
    if view.metadata.sources:
        where.append(", from ").append_text(foreign(", ".join(view.metadata.sources)))
    where.append("\nGallery ").append_text(foreign(view.gallery, limit=SKU_LIMIT))
    where.append(", account " if view.account else ", ").append_text(own(view.place))
    if view.account and view.account.source:
        where.append(" (from ").append_text(foreign(view.account.source)).append(")")
    where.append("\n")
    if not view.outstanding.products:
        return where.append("Nothing to do.", "bold green")
    links = totals.links.open
    thumbnails = totals.thumbnails.open
    where.append(
        f"To do: add {plural(view.outstanding.assets, 'image')} to Plytix,"
        f" set {plural(links, 'gallery link')} and {plural(thumbnails, 'thumbnail')}"
        f" on {plural(view.outstanding.products, 'product')}.\n",
        "bold",
    )
    return where.append_text(_cost(view))


def _cost(view: PlanView) -> "Text":
    limits = " and ".join(map(limit_text, view.cost.limits))
    cost = cost_text(view.cost.forecast.requests, view.cost.forecast.seconds)
    line = own(f"{cost[0].upper()}{cost[1:]}", "bold")
    told = f", {view.cost.limits_origin.phrase}" if view.cost.limits_origin is LimitsOrigin.TOKEN else ""
    line.append(f" ({limits}{told})." if limits else ".")
    if not view.refreshed:
        line.append("\nPlytix has not been checked. Add --refresh to check.", "dim")
    return line


def _image_facts(view: PlanView) -> Iterator[tuple[str, str]]:
    counts, totals = view.counts, view.totals
    there = "already in Plytix" if view.refreshed else "known to be in Plytix"
    yield from _numbers(
        ("missing in Plytix" if view.refreshed else "new", totals.open_assets),
        (there, totals.present + totals.uploaded),
    )
    yield from _numbers_above_zero(
        ("shared by several products", counts.shared_images),
        ("superseded by a larger size", counts.superseded_images),
        ("repeated on one product", counts.repeated_images),
        ("malformed, cannot be used", counts.malformed_images),
    )


def _product_facts(view: PlanView) -> Iterator[tuple[str, str]]:
    counts, totals = view.counts, view.totals
    yield from _numbers(
        ("with images", counts.products_with_images),
        ("without images", counts.total_products - counts.products_with_images),
    )
    yield from _numbers_above_zero(
        ("variation parents", counts.parents),
        ("listed more than once", counts.repeated_products),
        ("not in Plytix", len(totals.products_not_found)),
        ("skipped (--skip-existing)", totals.products_left_alone),
    )
    for label, rows in (
        ("gallery links", totals.links.plain),
        ("thumbnails", totals.thumbnails.plain),
        ("links on parents", totals.links.parents),
        ("thumbnails on parents", totals.thumbnails.parents),
    ):
        if rows.open or rows.done or "parents" not in label:
            yield label, f"{count_text(rows.open)} to set, {count_text(rows.done)} in place"


def _numbers(*rows: tuple[str, int]) -> Iterator[tuple[str, str]]:
    return ((label, count_text(number)) for label, number in rows)


def _numbers_above_zero(*rows: tuple[str, int]) -> Iterator[tuple[str, str]]:
    return _numbers(*(row for row in rows if row[1]))


def _malformed(failure: Failure) -> "tuple[Text, Text]":
    reason = own("").append_text(foreign(failure.message, "red"))
    if failure.place:
        return foreign(failure.place, limit=SKU_LIMIT), reason
    return foreign(failure.sku, limit=SKU_LIMIT), reason.append(": ").append_text(foreign(failure.url))


def _not_found(skus: tuple[str, ...]) -> "Text":
    listed = own(", ").join(foreign(sku, limit=SKU_LIMIT) for sku in skus[:_SKUS_SHOWN])
    more = len(skus) - _SKUS_SHOWN
    if more > 0:
        listed.append(f" and {count_text(more)} more")
    return own("Not in Plytix, so skipped: ", "yellow").append_text(listed)
