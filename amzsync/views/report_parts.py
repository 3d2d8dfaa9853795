"""What stands above the products of a report page: totals, runs, failures by cause, choices to filter by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from amzsync.domain.changes import Sign
from amzsync.domain.timestamp import local_text, read_moment
from amzsync.ledger.rows import Counts, FailureGroup, Run, State
from amzsync.views.console import SKU_LIMIT, count_text, plain
from amzsync.views.failures import SKUS_SHOWN, cause_text
from amzsync.views.report_tally import KINDS, UNCHANGED, WRITTEN, Tally

__all__ = [
    "Cause",
    "Choice",
    "RunRow",
    "TotalRow",
    "causes",
    "choices",
    "run_rows",
    "shown_states",
    "total_rows",
]

_ALWAYS_SHOWN = (State.PENDING, State.DONE, State.FAILED)
_MOST_CAUSES = 50
_CHOICES = {
    Sign.MISSING: "+ images to add",
    Sign.MOVED: "~ order, thumbnail",
    Sign.OBSOLETE: "- no longer wanted",
    Sign.FAILED: "! failed",
    Sign.NOT_IN_PLYTIX: "? not in Plytix",
}


@dataclass(frozen=True, slots=True)
class TotalRow:
    """The rows of one table, by state."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run as text."""

    id: int
    started: str
    command: str
    outcome: str
    mappings: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause of failures, and whom it concerns first."""

    count: str
    text: str
    examples: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A kind of product to filter by."""

    name: str
    text: str
    count: str


def shown_states(counts: Sequence[Counts]) -> list[State]:
    """The states that there are, and those that are told in any case."""
    return [state for state in State if state in _ALWAYS_SHOWN or any(one.of(state) for one in counts)]


def total_rows(counts: Sequence[Counts], states: Sequence[State]) -> list[TotalRow]:
    return [TotalRow(one.table.value, tuple(count_text(one.of(state)) for state in states)) for one in counts]


def run_rows(runs: Sequence[Run], zone: tzinfo | None) -> list[RunRow]:
    """The runs as they are told; times are local in `zone`, else the machine's."""
    return [
        RunRow(
            run.id,
            local_text(started, zone) if (started := read_moment(run.started_at)) else plain(run.started_at),
            plain(run.command),
            (run.outcome.value if run.outcome else "not ended")
            + (f": {plain(run.message)}" if run.message else ""),
            ", ".join(plain(name) for name, _ in run.mappings),
        )
        for run in runs
    ]


def causes(groups: Sequence[FailureGroup]) -> list[Cause]:
    """The commonest causes."""
    return [
        Cause(count_text(group.count), plain(cause_text(group.message, group.status)), _examples(group))
        for group in groups[:_MOST_CAUSES]
    ]


def choices(tally: Tally, writer: int | None) -> list[Choice]:
    """All products, and each kind of which there are any."""
    found = [Choice("all", "all", count_text(tally.products))]
    named = {KINDS[sign]: text for sign, text in _CHOICES.items()}
    for kind, text in (*named.items(), (UNCHANGED, "unchanged"), (WRITTEN, f"written by run {writer}")):
        if tally.kinds[kind]:
            found.append(Choice(kind, text, count_text(tally.kinds[kind])))
    return found


def _examples(group: FailureGroup) -> str:
    names = list(dict.fromkeys(name for one in group.examples if (name := one.sku or one.place)))
    shown = ", ".join(plain(name, SKU_LIMIT) for name in names[:SKUS_SHOWN])
    return f"{shown}, …" if shown and group.count > len(group.examples) else shown
