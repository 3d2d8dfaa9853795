"""What a probe has found: a line for each belief, what of it a run uses, and what is left in Plytix."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.domain.beliefs import AccountAnswers, Answers, BeliefLine, Question, Verdict, belief_lines
from amzsync.views.console import duration_text, foreign, own, plural
from amzsync.views.document import document
from amzsync.views.next_steps import NextStep, next_step_fields, print_next_steps

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["ProbeView", "consequences", "probe_json", "render_probe", "render_probe_in_short"]

_SIGNS = {Verdict.HELD: ("=", "green"), Verdict.OTHER: ("!", "yellow"), Verdict.NOT_SEEN: ("?", "dim")}


@dataclass(frozen=True, slots=True)
class ProbeView:
    """A probe of one gallery; `left` are names in Plytix and why they stay."""

    ledger: Path
    account: str
    gallery: str
    version: str
    answers: Answers
    left: tuple[tuple[str, str], ...]
    is_complete: bool
    requests: int
    seconds: float
    next_steps: tuple[NextStep, ...]


def probe_json(view: ProbeView) -> Iterator[str]:
    """The whole record as one JSON document in chunks; there is no secret in it."""
    return document(
        {
            "ledger": str(view.ledger),
            "account": view.account,
            "gallery": view.gallery,
            "version": view.version,
            "complete": view.is_complete,
            "answers": {question.value: answer for question, answer in view.answers.items()},
            "beliefs": (
                {"key": line.key, "belief": line.belief, "verdict": line.verdict.value, "found": line.found}
                for line in belief_lines(view.answers)
            ),
            "used": list(consequences(view.answers)),
            "left": [{"name": name, "reason": reason} for name, reason in view.left],
            "requests": view.requests,
            "seconds": round(view.seconds, 1),
        }
        | next_step_fields(view.next_steps)
    )


def render_probe(view: ProbeView, console: "Console") -> None:
    """Print every belief, and what follows."""
    lines = belief_lines(view.answers)
    # What a probe did not come to says nothing.
    _print_lines((one for one in lines if view.is_complete or one.verdict is not Verdict.NOT_SEEN), console)
    console.print()
    _print_end(view, console)


def render_probe_in_short(view: ProbeView, console: "Console") -> None:
    """Print what must be seen in any case."""
    _print_lines((one for one in belief_lines(view.answers) if one.verdict is Verdict.OTHER), console)
    _print_end(view, console)


def consequences(answers: Answers) -> Iterator[str]:
    """What a run does otherwise than without the probe."""
    known = AccountAnswers.of(answers)
    if answers.get(Question.FAMILY) == "lacks":
        yield "A new product has no such gallery here, so none was tried: add it to all families."
    if known.writes_no_galleries:
        yield "A run links pictures one by one, from the first product on."
    if known.tells_galleries:
        yield "A run does not read a product by itself whose search leaves its gallery out."
    if known.search_lag_s:
        yield f"A run waits {known.search_lag_s:.0f} s before it looks in a search for what it wrote."


def _print_lines(lines: Iterable[BeliefLine], console: "Console") -> None:
    for line in lines:
        console.print(_row(line))


def _row(line: BeliefLine) -> "Table":
    from rich.table import Table

    sign, style = _SIGNS[line.verdict]
    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    found = f": {line.found}" if line.found else ""
    made.add_row(own(sign, style), foreign(f"{line.belief}{found}"))
    return made


def _print_end(view: ProbeView, console: "Console") -> None:
    verdicts = [line.verdict for line in belief_lines(view.answers)]
    held, other = verdicts.count(Verdict.HELD), verdicts.count(Verdict.OTHER)
    unseen = verdicts.count(Verdict.NOT_SEEN)
    told = f"{plural(held, 'belief')} held (=), {other} did not (!), {unseen} not seen (?)."
    took = f" {plural(view.requests, 'request')} in {duration_text(view.seconds)}."
    if view.is_complete:
        headline = own(f"Probed {view.account}, gallery ", "bold").append_text(foreign(view.gallery, "bold"))
        console.print(headline.append(f": {told}", "bold").append(took, "not bold default"))
    else:
        console.print(
            own(f"The probe did not come to its end, so nothing of it is used.{took}", "bold yellow")
        )
    for text in consequences(view.answers) if view.is_complete else ():
        console.print(own(text))
    for name, reason in view.left:
        console.print(own("Left in Plytix: ", "yellow").append_text(foreign(f"{name}: {reason}")))
    if not view.left:
        console.print(own("Nothing of the probe is left in Plytix."))
    print_next_steps(view.next_steps, console)
