"""A plan that reads like a decision: what would be done, what it costs, and what stands in its way."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.ledger.queries import Outstanding, ProductRow, Totals
from amzsync.ledger.rows import Counts, Failure
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

__all__ = ["PlanView", "plan_json", "render_plan"]

_FEWEST_ROWS = 8
_SKUS_SHOWN = 10
_LINES_KEPT_FREE = 6


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as values. `products` are the first of `products_total`, `malformed` the first few.

    `account` is None where none was chosen yet, `account_source` says where it is configured; `private_copy`
    says that the ledger was busy, so that this plan was made on a copy and is not kept; `refreshed` that
    Plytix was asked what is there.
    """

    counts: PlanCounts
    totals: Totals
    outstanding: Outstanding
    forecast: Forecast
    limits: tuple[Limit, ...]
    limits_origin: LimitsOrigin
    tables: tuple[Counts, ...]
    products: tuple[ProductRow, ...]
    products_total: int
    malformed: tuple[Failure, ...]
    obsolete: Mapping[str, int]
    metadata: Metadata
    account: str | None
    gallery: str
    refreshed: bool
    private_copy: bool
    api_host: str | None = None
    account_source: str = ""

    @property
    def place(self) -> str:
        """The account as people should see it before they agree: its name and its host, made harmless."""
        name = plain(self.account or "")
        return f"{name} at {plain(self.api_host)}" if self.api_host else name


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
    more = view.products_total - len(shown)
    if more > 0:
        console.print(own(f"… and {plural(more, 'more product')} (--json for all)", "dim"))


def plan_json(
    view: PlanView, products: Iterable[ProductRow], failures: Iterable[Failure] | None = None
) -> Iterator[str]:
    """The plan as one JSON document in chunks: the report's keys as they would be, and every product.

    `failures` are all rows that cannot be done; without them, those of the view stand.
    """
    errors = view.malformed if failures is None else failures
    return document(
        contract_fields(view.counts, view.totals, view.metadata, errors, would_be=True)
        | extra_fields(view.counts, view.totals)
        | {
            "requests": view.forecast.requests,
            "seconds": round(view.forecast.seconds, 1),
            "limits": [str(limit) for limit in view.limits],
            "limits_from": view.limits_origin,
            "account": view.account,
            "api_host": view.api_host,
            "account_source": view.account_source or None,
            "gallery": view.gallery,
            "refreshed": view.refreshed,
            "kept": not view.private_copy,
            "obsolete": dict(view.obsolete),
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
        yield own(f"No longer wanted, and left in Plytix as they are: {gone}.")
    if view.malformed:
        yield titled("Malformed, for example", grid(map(_malformed, view.malformed)))
    if view.totals.products_not_found:
        yield _not_found(view.totals.products_not_found)


def _notes(view: PlanView) -> "Iterator[Text]":
    if view.private_copy:
        yield own(
            "Another amzsync is writing to this ledger: this plan was made on a copy and is not kept.",
            "yellow",
        )


def _decision(view: PlanView) -> "Text":
    counts, totals = view.counts, view.totals
    where = own(f"Plan: {plural(counts.total_products, 'product')}")
    where.append(
        f", {plural(counts.total_image_refs, 'image')} named, {count_text(counts.unique_images)} different"
    )
    if view.metadata.sources:
        where.append(" in ").append_text(foreign(", ".join(view.metadata.sources)))
    where.append("\nInto the gallery ").append_text(foreign(view.gallery, limit=SKU_LIMIT))
    where.append(" of ").append_text(own(view.place) if view.account else own("the account chosen later"))
    if view.account and view.account_source:
        where.append(" (from ").append_text(foreign(view.account_source)).append(")")
    where.append("\n")
    if not view.outstanding.products:
        return where.append("Nothing is left to do.", "bold green")
    links = totals.links.open
    thumbnails = totals.thumbnails.open
    where.append(
        f"To do: {plural(view.outstanding.assets, 'image')} to bring into Plytix,"
        f" {plural(links, 'gallery link')} and {plural(thumbnails, 'thumbnail')}"
        f" to set on {plural(view.outstanding.products, 'product')}.\n",
        "bold",
    )
    return where.append_text(_cost(view))


def _cost(view: PlanView) -> "Text":
    limits = " and ".join(map(limit_text, view.limits))
    cost = cost_text(view.forecast.requests, view.forecast.seconds)
    line = own(f"A{cost[1:]}", "bold")
    told = f", {view.limits_origin.phrase}" if view.limits_origin is LimitsOrigin.TOKEN else ""
    line.append(f" ({limits}{told})." if limits else ".")
    if not view.refreshed:
        line.append(" Plytix was not asked what is there already; --refresh asks.", "dim")
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
        ("named more than once", counts.repeated_products),
        ("not in Plytix", len(totals.products_not_found)),
        ("left alone (--skip-existing)", totals.products_left_alone),
    )
    for label, rows in (
        ("gallery links", totals.links.plain),
        ("thumbnails", totals.thumbnails.plain),
        ("links on parents", totals.links.parents),
        ("thumbnails on parents", totals.thumbnails.parents),
    ):
        if rows.open or rows.done or "parents" not in label:
            yield label, f"{count_text(rows.open)} to set, {count_text(rows.done)} there"


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
    return own("Not in Plytix, so nothing is done for them: ", "yellow").append_text(listed)
