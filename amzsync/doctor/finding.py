"""What was found about one thing that a run needs, and what all findings come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from amzsync.executor.engine.engine import End

__all__ = ["Diagnosis", "Finding", "Sign", "listed", "ok", "problem", "warning"]


class Sign(StrEnum):
    """How good or bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: the subject, what it means for a run, and what to do next (may be empty).

    `ends_look`: what depends on it could not be looked at.
    """

    sign: Sign
    subject: str
    text: str
    next_step: str = ""
    ends_look: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings, in the order in which they were made, what they cost, and why the look ended."""

    findings: tuple[Finding, ...]
    requests: int = 0
    seconds: float = 0.0
    end: End = End.DONE

    @property
    def is_complete(self) -> bool:
        """Whether everything could be looked at."""
        return not any(finding.ends_look for finding in self.findings)

    def count(self, sign: Sign) -> int:
        """How many findings have this sign."""
        return sum(finding.sign is sign for finding in self.findings)


def ok(subject: str, text: str) -> Finding:
    return Finding(Sign.OK, subject, text)


def warning(subject: str, text: str, next_step: str = "") -> Finding:
    return Finding(Sign.WARNING, subject, text, next_step)


def problem(subject: str, text: str, next_step: str = "", *, ends_look: bool = False) -> Finding:
    return Finding(Sign.PROBLEM, subject, text, next_step, ends_look)


def listed(names: Iterable[str], most: int = 3) -> str:
    """The first few names, and how many more there are: `A, B, C and 4 more`."""
    known = list(names)
    more = len(known) - most
    return ", ".join(known[:most]) + (f" and {more:,} more" if more > 0 else "")
