"""The state of a ledger: rows by state, runs, failures with their causes, quota, and what to do next."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.domain.timestamp import local_text, read_moment
from amzsync.executor.events import QuotaUse
from amzsync.ledger.part import ChosenPart
from amzsync.ledger.rows import Counts, Failure, Run, State
from amzsync.ledger.runs import Writer
from amzsync.ledger.seen import LastSeen
from amzsync.limits.forecast import Forecast
from amzsync.views.console import (
    Sheet,
    cost_text,
    count_text,
    duration_text,
    facts,
    foreign,
    limit_text,
    names_text,
    own,
    titled,
)
from amzsync.views.document import document, failure_entry, table_entries
from amzsync.views.last_seen import seen_fields, seen_text
from amzsync.views.limits import LimitsOrigin, observed_since, use_text
from amzsync.views.next_steps import NextStep, next_step_fields, print_next_steps
from amzsync.views.parts import part_fields, part_text
from amzsync.views.shortfalls import Shortfalls, render_shortfalls

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

__all__ = ["StatusView", "render_status", "render_status_brief", "status_json"]

_ALWAYS_SHOWN = (State.PENDING, State.DONE, State.FAILED)


@dataclass(frozen=True, slots=True)
class StatusView:
    """A ledger as values. `forecast`: the work left; `without_images`: SKUs; `running`: writes to it now."""

    ledger: Path
    account: str | None
    counts: tuple[Counts, ...]
    runs: tuple[Run, ...]
    shortfalls: Shortfalls
    quota: tuple[QuotaUse, ...]
    limits_origin: LimitsOrigin
    now: datetime
    forecast: Forecast
    next_steps: tuple[NextStep, ...]
    without_images: tuple[str, ...] = ()
    running: Writer | None = None
    last_seen: LastSeen | None = None


def render_status(
    view: StatusView, console: "Console", zone: tzinfo | None = None, chosen: ChosenPart | None = None
) -> None:
    """Print the status, of the products that are chosen; times are local in `zone`, else the machine's."""
    if chosen:
        console.print(part_text(chosen))
    for number, part in enumerate(_parts(view, zone)):
        if number:
            console.print()
        console.print(part)
    print_next_steps(view.next_steps, console)


def render_status_brief(view: StatusView, console: "Console") -> None:
    """What must be seen in any case: what is not in place, and what to type next. Nothing, if all is well."""
    if view.forecast.requests and not view.running:
        console.print(_left(view), soft_wrap=True)
    render_shortfalls(view.shortfalls, view.next_steps, console)


def status_json(
    view: StatusView, failures: Iterable[Failure] | None = None, chosen: ChosenPart | None = None
) -> Iterator[str]:
    """The status as one JSON document in chunks. Without `failures`, the examples of each cause are used."""
    if failures is None:
        failures = (failure for group in view.shortfalls.groups for failure in group.examples)
    return document(
        {
            "ledger": str(view.ledger),
            "account": view.account,
            "tables": table_entries(view.counts),
            "running": asdict(view.running) if view.running else None,
            "runs": [_run_entry(run) for run in view.runs],
            "failures": map(failure_entry, failures),
            "failures_total": view.shortfalls.failures,
            "failure_causes": [
                {"error": group.message, "status": group.status, "count": group.count}
                for group in view.shortfalls.groups
            ],
            "quota": [
                {"limit": use.limit.allowed, "window_s": use.limit.window_s, "used": use.used}
                | _observed_fields(use, view.now)
                for use in view.quota
            ],
            "limits_from": view.limits_origin,
            "left": {"requests": view.forecast.requests, "seconds": round(view.forecast.seconds, 1)},
            "products_not_found": list(view.shortfalls.not_found),
            "products_without_images": list(view.without_images),
            "seen": seen_fields(view.last_seen) if view.last_seen else None,
            **part_fields(chosen),
            **next_step_fields(view.next_steps),
        }
    )


def _parts(view: StatusView, zone: tzinfo | None) -> "Iterator[RenderableType]":
    yield _heading(view)
    yield titled("Rows by state", _rows(view.counts))
    if view.last_seen and view.last_seen.products:
        yield own(seen_text(view.last_seen, zone))
    if view.runs:
        yield titled("Last runs", _runs(view, zone))
    yield from view.shortfalls.parts(in_full=True)
    if view.without_images:
        yield names_text("without images", view.without_images)
    if view.quota:
        used = (
            (limit_text(use.configured or use.limit), use_text(use, view.now, zone)) for use in view.quota
        )
        yield titled(f"Request limits ({view.limits_origin.phrase})", facts(used))
    yield _left(view)


def _observed_fields(use: QuotaUse, now: datetime) -> dict[str, object]:
    """Only where refusals have shown less than is configured."""
    since = observed_since(use, now)
    if since is None:
        return {}
    return {
        "configured": (use.configured or use.limit).allowed,
        "observed_since": since.isoformat(timespec="seconds"),
    }


def _heading(view: StatusView) -> "Text":
    line = own("Ledger ").append_text(foreign(str(view.ledger), "bold"))
    if view.account is None:
        line.append(", no account yet")
    else:
        line.append(", account ").append_text(foreign(view.account, "bold"))
    if view.running:
        line.append("\nRunning now: ", "bold").append_text(foreign(view.running.phrase))
    return line


def _rows(counts: tuple[Counts, ...]) -> Sheet:
    states = [state for state in State if state in _ALWAYS_SHOWN or any(count.of(state) for count in counts)]
    names = [state.value for state in states]
    made = Sheet("rows", *names, numbers=names)
    for count in counts:
        made.add(own(count.table.value), *(own(count_text(count.of(state))) for state in states))
    return made


def _runs(view: StatusView, zone: tzinfo | None) -> Sheet:
    made = Sheet("started", "command", "outcome", "took", "mappings", whole=("started", "took"))
    for run in view.runs:
        started, seconds = read_moment(run.started_at), _duration_s(run)
        outcome = own(_outcome(view, run))
        if run.message:
            outcome.append(": ").append_text(foreign(run.message))
        made.add(
            foreign(local_text(started, zone) if started else run.started_at),
            foreign(run.command),
            outcome,
            own("" if seconds is None else duration_text(seconds)),
            own(", ").join(foreign(name) for name, _ in run.mappings),
        )
    return made


def _outcome(view: StatusView, run: Run) -> str:
    if run.outcome:
        return run.outcome.value
    return "running" if view.running and view.running.pid == run.pid else "unfinished"


def _left(view: StatusView) -> "Text":
    cost = view.forecast
    if cost.requests:
        return own(f"Remaining: {cost_text(cost.requests, cost.seconds)}.")
    if not view.shortfalls:
        return own("Nothing to do.")
    return own(f"Nothing left to do, but {view.shortfalls.phrase}.")


def _run_entry(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "command": run.command,
        "options": _parsed(run.options),
        "pid": run.pid,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "seconds": _duration_s(run),
        "outcome": run.outcome.value if run.outcome else None,
        "message": run.message,
        "counters": _parsed(run.counters),
        "mappings": [{"name": name, "sha256": sha256} for name, sha256 in run.mappings],
    }


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _duration_s(run: Run) -> float | None:
    """None while it goes on, and where it was broken off."""
    started, ended = read_moment(run.started_at), read_moment(run.ended_at)
    return (ended - started).total_seconds() if started and ended else None
