"""After a run: what was done, every cause of a failure, and the command to type next."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from amzsync.ledger.rows import FailureGroup, Outcome
from amzsync.limits.forecast import Forecast
from amzsync.views.console import (
    SKU_LIMIT,
    cost_text,
    count_text,
    duration_text,
    facts,
    foreign,
    own,
    plural,
    titled,
)
from amzsync.views.failures import failures_in_short
from amzsync.views.report import Report

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["Summary", "command", "next_commands", "render_summary", "with_ledger"]

_SKUS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """A run's end. `left` is the cost of what is left, None where nothing is left or it cannot be told."""

    report: Report
    outcome: Outcome
    failure_groups: tuple[FailureGroup, ...]
    failures_total: int
    next_steps: tuple[str, ...]
    left: Forecast | None = None


def command(name: str, ledger: str | None) -> str:
    """A command to type; `ledger` is given where it is not the default one."""
    return f"amzsync {name} --ledger {shlex.quote(ledger)}" if ledger else f"amzsync {name}"


def with_ledger(text: str, ledger: str | None) -> str:
    """A text in which every command names the ledger, so that it works as it is typed."""
    if ledger is None:
        return text

    def named(found: re.Match[str]) -> str:
        name, more = found.groups()
        return found[0] if "--ledger" in more else f"`{command(name, ledger)}{more}`"

    return re.sub(r"`amzsync (plan|apply|resume|status)\b([^`]*)`", named, text)


def next_commands(outcome: Outcome, *, failures: int, ledger: str | None = None) -> tuple[str, ...]:
    """What to type after a run; `failures` counts those that another try may cure."""
    match outcome:
        case Outcome.FINISHED:
            names: tuple[str, ...] = ()
        case Outcome.FAILURES:
            names = ("status", "apply --retry-failed") if failures else ("status",)
        case Outcome.INTERRUPTED | Outcome.WAITING:
            names = ("resume",)
        case Outcome.STOPPED:
            names = ("status", "resume") if failures else ("resume",)
        case Outcome.PLANNED:
            names = ("apply",)
        case _:
            assert_never(outcome)
    return tuple(command(name, ledger) for name in names)


def render_summary(summary: Summary, console: "Console") -> None:
    """Print the summary."""
    for number, part in enumerate(_parts(summary)):
        if number:
            console.print()
        console.print(part)


def _parts(summary: Summary) -> "Iterator[RenderableType]":
    yield _headline(summary)
    yield facts(_facts(summary.report))
    totals = summary.report.totals
    if totals.products_not_found:
        yield _not_found(totals.products_not_found)
    if summary.failure_groups:
        yield titled(
            f"Failures: {count_text(summary.failures_total)}", failures_in_short(summary.failure_groups)
        )
    if summary.next_steps:
        yield own("\n").join(own("Next: ", "bold").append_text(foreign(step)) for step in summary.next_steps)


def _headline(summary: Summary) -> "Text":
    match summary.outcome:
        case Outcome.FINISHED:
            line = own("Done: everything is in place.", "bold green")
            if summary.report.totals.products_not_found:
                line = own("Done, except for products that Plytix does not have.", "bold green")
        case Outcome.FAILURES:
            line = own(f"Finished, but {plural(summary.failures_total, 'row')} failed.", "bold yellow")
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
        left = cost_text(summary.left.requests, summary.left.seconds)
        line.append(f" Remaining: {left}.", "not bold default")
    return line


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
        ("images superseded by a larger size", counts.superseded_images),
    ):
        if number:
            yield label, count_text(number)


def _not_found(skus: tuple[str, ...]) -> "Text":
    listed = own(", ").join(foreign(sku, limit=SKU_LIMIT) for sku in skus[:_SKUS_SHOWN])
    if len(skus) > _SKUS_SHOWN:
        listed.append(", …")
    return own(f"{plural(len(skus), 'product')} not in Plytix: ", "yellow").append_text(listed)
