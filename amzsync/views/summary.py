"""After a run: what was done, every cause of a failure, and the command to type next."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from amzsync.ledger.rows import Outcome
from amzsync.limits.forecast import Forecast
from amzsync.views.console import (
    cost_text,
    count_text,
    duration_text,
    facts,
    own,
    plural,
)
from amzsync.views.last_seen import Trust
from amzsync.views.next_steps import NextStep, print_next_steps
from amzsync.views.parts import part_text
from amzsync.views.report import Report
from amzsync.views.shortfalls import Shortfalls, render_shortfalls

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["Summary", "render_brief", "render_summary"]


@dataclass(frozen=True, slots=True)
class Summary:
    """A run's end. `left` is the cost of what is left, None where nothing is left or it cannot be told.

    `new` is what of the shortfalls no earlier run has told, None where all of them count. `trust` is what it
    rests on where Plytix was not asked.
    """

    report: Report
    outcome: Outcome
    shortfalls: Shortfalls
    next_steps: tuple[NextStep, ...]
    left: Forecast | None = None
    new: Shortfalls | None = None
    trust: Trust | None = None


def render_summary(summary: Summary, console: "Console") -> None:
    """Print the summary."""
    for number, part in enumerate(_parts(summary)):
        if number:
            console.print()
        console.print(part)
    if summary.next_steps:
        console.print()
        print_next_steps(summary.next_steps, console)


def render_brief(summary: Summary, console: "Console") -> None:
    """What must be seen in any case: how the run ended, every cause of a failure, and what to type next.

    Where work is left because that was asked for, this is one line.
    """
    if summary.outcome is Outcome.WAITING:
        line = own("Stopped at --max-wait; work remains.")
        if summary.shortfalls:
            line.append(f" So far {summary.shortfalls.phrase}.")
        for step in summary.next_steps:
            line.append(" ").append_text(step.line())
        console.print(line, soft_wrap=True)
        return
    console.print(_headline(summary), soft_wrap=True)
    shortfalls = summary.shortfalls if summary.new is None else summary.new
    render_shortfalls(shortfalls, summary.next_steps, console)


def _parts(summary: Summary) -> "Iterator[RenderableType]":
    yield _headline(summary)
    if summary.report.metadata.part:
        yield part_text(summary.report.metadata.part)
    yield facts(_facts(summary.report))
    yield from summary.shortfalls.parts()


def _headline(summary: Summary) -> "Text":
    match summary.outcome:
        case Outcome.FINISHED if summary.trust:
            return own(summary.trust.text(), "bold green")
        case Outcome.FAILURES if summary.trust and not summary.shortfalls:
            return own(summary.trust.text(), "bold yellow")
        case Outcome.FINISHED:
            what = "the chosen products are" if summary.report.metadata.part else "everything is"
            line = own(f"Done: {what} in place.", "bold green")
        case Outcome.FAILURES:
            line = own(f"Finished, but {_shortfall(summary)}.", "bold yellow")
        case Outcome.INTERRUPTED:
            line = own("Interrupted. All progress is saved.", "bold yellow")
        case Outcome.WAITING:
            line = own("Stopped at --max-wait; work remains.", "bold yellow")
        case Outcome.STOPPED:
            line = own("Stopped. All progress is saved.", "bold red")
        case Outcome.PLANNED:
            line = own("Planned. Nothing was written to Plytix.", "bold")
        case _:
            assert_never(summary.outcome)
    report = summary.report
    took = f" {plural(report.requests, 'request')} in {duration_text(report.seconds)}."
    line.append(took, "not bold default")
    if summary.left is not None and summary.left.requests:
        line.append(f" Remaining: {_remaining(summary.outcome, summary.left)}.", "not bold default")
    return line


def _remaining(outcome: Outcome, left: Forecast) -> str:
    if outcome is Outcome.WAITING:
        # The wait that ended the run is no part of what the limits alone cost.
        return f"up to {plural(left.requests, 'request')}"
    return cost_text(left.requests, left.seconds)


def _shortfall(summary: Summary) -> str:
    """`3 rows failed and 2 products are not in Plytix (1 new)`."""
    told = summary.shortfalls.phrase
    if summary.new is None:
        return told
    number = summary.new.failures + len(summary.new.not_found)
    return f"{told} ({f'{count_text(number)} new' if number else 'none new'})"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    totals, counts = report.totals, report.counts
    yield "images added to Plytix", count_text(totals.uploaded)
    yield "images already in Plytix", count_text(totals.present)
    yield "gallery links in place", count_text(totals.links.done)
    yield "thumbnails in place", count_text(totals.thumbnails.done)
    for label, number in (
        ("of these links, on variation parents", totals.links.parents.done),
        ("of these thumbnails, on variation parents", totals.thumbnails.parents.done),
        ("links already in place", totals.links_existing),
        ("products skipped (--skip-existing)", totals.products_left_alone),
        ("images replaced by new ones at their addresses", totals.images_replaced),
        ("images left out (--skip-small)", totals.links_left_out),
        ("images superseded by a larger size", counts.superseded_images),
    ):
        if number:
            yield label, count_text(number)
