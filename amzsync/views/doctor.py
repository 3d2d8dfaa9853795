"""What doctor has found: a line for each thing that a run needs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.doctor.finding import Diagnosis, Finding, Sign
from amzsync.views.console import duration_text, foreign, own, plural
from amzsync.views.document import document

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = ["DoctorView", "doctor_json", "print_findings", "render_doctor", "render_doctor_in_short"]

_SIGNS = {Sign.OK: ("✓", "ok", "green"), Sign.WARNING: ("!", "!", "yellow"), Sign.PROBLEM: ("✗", "x", "red")}
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class DoctorView:
    """A diagnosis with what it is of; the next steps in it are commands that work as they are printed."""

    ledger: Path
    account: str | None
    diagnosis: Diagnosis


def doctor_json(view: DoctorView) -> Iterator[str]:
    """The findings as one JSON document in chunks."""
    found = view.diagnosis
    return document(
        {
            "ledger": str(view.ledger),
            "account": view.account,
            "findings": (
                {
                    "sign": finding.sign.value,
                    "subject": finding.subject,
                    "text": finding.text,
                    "next_step": finding.next_step,
                }
                for finding in found.findings
            ),
            "counts": {sign.value: found.count(sign) for sign in Sign},
            "complete": found.is_complete,
            "requests": found.requests,
            "seconds": round(found.seconds, 1),
        }
    )


def render_doctor(view: DoctorView, console: "Console") -> None:
    """Print every finding, and what they come to."""
    print_findings(view.diagnosis.findings, console)
    console.print()
    _print_verdict(view.diagnosis, console)


def render_doctor_in_short(view: DoctorView, console: "Console") -> None:
    """Print what must be seen in any case."""
    print_findings((one for one in view.diagnosis.findings if one.sign is not Sign.OK), console)
    _print_verdict(view.diagnosis, console)


def print_findings(findings: Iterable[Finding], console: "Console") -> None:
    """A line for each, its next step in a line of its own, which can be copied as it stands."""
    has_marks = _can_print("✓✗", console.encoding)
    known = list(findings)
    width = max((len(one.subject) for one in known), default=0)
    for finding in known:
        mark, word, style = _SIGNS[finding.sign]
        sign = own(mark if has_marks else f"{word:<2}", style)
        console.print(_line(sign, finding.subject.ljust(width), finding.text))
        if finding.next_step:
            indent = own(" " * (sign.cell_len + width + 4))
            # Folded by the terminal alone: a command that is broken over lines cannot be copied.
            console.print(indent.append_text(foreign(finding.next_step, "dim", _LONGEST)), soft_wrap=True)


def _line(sign: "Text", subject: str, text: str) -> "Table":
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(2):
        made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    made.add_row(sign, own(subject, "bold"), foreign(text, limit=_LONGEST))
    return made


def _can_print(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _print_verdict(diagnosis: Diagnosis, console: "Console") -> None:
    problems, warnings = diagnosis.count(Sign.PROBLEM), diagnosis.count(Sign.WARNING)
    told = [plural(count, word) for count, word in ((problems, "problem"), (warnings, "warning")) if count]
    if not diagnosis.is_complete:
        line = own(f"Not everything could be looked at: {' and '.join(told)}.", "bold red")
    elif problems:
        line = own(f"Something will not work: {' and '.join(told)}.", "bold red")
    elif warnings:
        line = own(f"A run will work: {' and '.join(told)}.", "bold yellow")
    else:
        line = own("A run will work.", "bold green")
    took = f" {plural(diagnosis.requests, 'request')} in {duration_text(diagnosis.seconds)}."
    console.print(line.append(took, "not bold default"))
