"""A plan in numbers: its images, products, links and thumbnails."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from amzsync.ledger.queries import RowTotals, Totals
from amzsync.planner import PlanCounts
from amzsync.views.console import count_text, own

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["plan_facts"]


def plan_facts(counts: PlanCounts, totals: Totals, *, refreshed: bool) -> "Iterator[tuple[Text, Text]]":
    for label, numbers in (
        ("Images", _image_facts(counts, totals, refreshed=refreshed)),
        ("Products", _product_facts(counts, totals)),
        ("Gallery links", _row_facts(totals.links.plain, totals.links.parents)),
        ("Thumbnails", _row_facts(totals.thumbnails.plain, totals.thumbnails.parents)),
    ):
        yield own(label), own(", ".join(f"{count_text(number)} {text}" for number, text in numbers))


def _image_facts(counts: PlanCounts, totals: Totals, *, refreshed: bool) -> Iterator[tuple[int, str]]:
    yield totals.open_assets, "missing in Plytix" if refreshed else "new"
    there = "already in Plytix" if refreshed else "known to be in Plytix"
    yield totals.present + totals.uploaded, there
    yield from _above_zero(
        (counts.shared_images, "shared by several products"),
        (counts.superseded_images, "superseded by a larger size"),
        (counts.repeated_images, "repeated on one product"),
        (counts.malformed_images, "malformed"),
        (totals.links_left_out, "left out (--skip-small)"),
    )


def _product_facts(counts: PlanCounts, totals: Totals) -> Iterator[tuple[int, str]]:
    yield counts.products_with_images, "with images"
    yield counts.total_products - counts.products_with_images, "without images"
    yield from _above_zero(
        (counts.parents, "variation parents"),
        (counts.repeated_products, "listed more than once"),
        (len(totals.products_not_found), "not in Plytix"),
        (totals.products_left_alone, "skipped (--skip-existing)"),
    )


def _row_facts(plain_rows: RowTotals, parents: RowTotals) -> Iterator[tuple[int, str]]:
    yield plain_rows.open, "to set"
    yield plain_rows.done, "in place"
    yield from _above_zero((parents.open, "to set on parents"), (parents.done, "in place on parents"))


def _above_zero(*facts: tuple[int, str]) -> Iterator[tuple[int, str]]:
    return (fact for fact in facts if fact[0])
