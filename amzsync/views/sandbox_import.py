"""What an import into the sandbox came to."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.sandbox.import_result import Imported
from amzsync.views.console import count_text, facts, foreign, own, plural

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ImportView"]

_FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ImportView:
    """The words on an import."""

    imported: Imported

    def print(self, console: "Console") -> None:
        """The counts, and the lines that were not taken."""
        told = self.imported
        console.print(
            facts(
                (label, count_text(number))
                for label, number in (
                    ("assets added", told.assets_added),
                    ("assets updated", told.assets_updated),
                    ("assets passed over", told.passed_over),
                    ("products updated", told.products),
                    ("errors", told.fault_count),
                )
            )
        )
        self.print_brief(console)

    def print_brief(self, console: "Console") -> None:
        """The lines that were not taken."""
        told = self.imported
        if not told.fault_count:
            return
        console.print(own(f"{plural(told.fault_count, 'line')} not taken:", "red"))
        for fault in told.faults[:_FAULTS_SHOWN]:
            place = f"{fault.file}, line {fault.line}" if fault.line else fault.file
            console.print(own("  ").append_text(foreign(f"{place}: {fault.message}", limit=400)))
        more = told.fault_count - _FAULTS_SHOWN
        if more > 0:
            console.print(own(f"  and {count_text(more)} more"))
