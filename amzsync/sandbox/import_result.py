"""What an import was asked to do, and what it came to."""

from dataclasses import dataclass, field
from enum import StrEnum

MOST_FAULTS = 1000
"""Faults beyond these are only counted."""


class AssetMode(StrEnum):
    """Which lines of an assets file are taken."""

    ADD_AND_UPDATE = "add-and-update"
    ONLY_NEW = "only-new"
    ONLY_UPDATE = "only-update"


@dataclass(frozen=True, slots=True)
class ImportFault:
    """A line that was not taken, or with line 0 a whole file, and why."""

    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What was done. `passed_over`: assets that the mode leaves alone."""

    assets_added: int
    assets_updated: int
    passed_over: int
    products: int
    fault_count: int
    faults: tuple[ImportFault, ...]


@dataclass(slots=True)
class Tally:
    """What is counted while an import goes on."""

    assets_added: int = 0
    assets_updated: int = 0
    passed_over: int = 0
    products: int = 0
    fault_count: int = 0
    faults: list[ImportFault] = field(default_factory=list)

    def fault(self, file: str, line: int, message: str) -> None:
        self.fault_count += 1
        if len(self.faults) < MOST_FAULTS:
            self.faults.append(ImportFault(file, line, message))

    def result(self) -> Imported:
        return Imported(
            self.assets_added,
            self.assets_updated,
            self.passed_over,
            self.products,
            self.fault_count,
            tuple(self.faults),
        )
