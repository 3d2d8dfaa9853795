"""What the last probe of this ledger's account has found, and what a killed one has left."""

from collections.abc import Sequence

from amzsync.doctor.finding import Finding, Sign, listed, ok, problem, warning
from amzsync.domain.beliefs import Question
from amzsync.domain.timestamp import local_text, read_moment
from amzsync.ledger.probes import ProbeObject, ProbeRecord

__all__ = ["probe_findings"]

_SUBJECT = "probe"
_TRY = "`amzsync doctor --probe FILE`"


def probe_findings(record: ProbeRecord | None, left: Sequence[ProbeObject]) -> list[Finding]:
    """Of the gallery that is worked on; `left` is what may still stand in Plytix."""
    found = [_tried(record) if record else _untried()]
    if left:
        names = listed(one.name for one in left)
        text = f"A probe that did not come to its end may have left {len(left):,} things in Plytix ({names})."
        found.append(warning(_SUBJECT, text, f"{_TRY} finds and removes them."))
    return found


def _untried() -> Finding:
    text = "How this account answers has not been tried; a run finds out by itself."
    return Finding(
        Sign.OK, _SUBJECT, text, f"{_TRY} tries it on a product of its own, and removes that again."
    )


def _tried(record: ProbeRecord) -> Finding:
    ended = read_moment(record.ended_at)
    when = f"Tried at {local_text(ended)}" if ended else "Tried"
    patch, link = (record.answers.get(question) for question in (Question.PATCH, Question.LINK))
    if patch == "replace":
        return ok(_SUBJECT, f"{when}: a gallery can be written whole, and a run does so.")
    if link == "appends":
        return ok(_SUBJECT, f"{when}: a gallery cannot be written whole, so a run links picture by picture.")
    return problem(
        _SUBJECT,
        f"{when}: no picture could be put into a gallery.",
        f"Give this API key a role that may write products, then {_TRY}.",
    )
