"""What is said of an export for Plytix's importers."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.views.console import count_text, foreign, grid, own, plain, plural
from amzsync.views.import_files import Written
from amzsync.views.names import NameList
from amzsync.views.next_steps import NextStep, print_next_steps

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["ImportSummary"]


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """The words on an export; `refresh` and `apply` are commands to type."""

    written: Written
    folder: Path
    refresh: str
    apply: str

    @property
    def is_well(self) -> bool:
        """Whether nothing has to be known before the files are used."""
        return not (self.written.unread or self.written.left_out or self.written.without_alt_text)

    def print(self, console: "Console") -> None:
        """The files, and all that `print_brief` tells."""
        written = self.written
        rows = (written.assets, written.products, written.galleries, written.left_out_total)
        names = ("new asset", "product", "product without a thumbnail to set", "product left out")
        several = ("", "", "products without a thumbnail to set", "products left out")
        if not any(rows[:3]):
            console.print(own("Nothing to import, as far as the ledger knows."))
        else:
            console.print(own("Written to ").append_text(foreign(str(self.folder))).append(":"))
        console.print(
            grid(
                (own(_range(files)), own(plural(number, name, more)))
                for files, number, name, more in zip(written.files, rows, names, several, strict=True)
                if files
            )
        )
        self.print_brief(console)

    def print_brief(self, console: "Console") -> None:
        """What has to be known before the files are used, and what to do with them."""
        written = self.written
        for named in written.left_out:
            title = f"{plural(named.total, 'product')} left out ({named.reason})"
            console.print(NameList(title, named.skus, named.total, "yellow"))
        if written.without_alt_text:
            number = plural(written.without_alt_text, "asset")
            console.print(own(f"{number} without an alternative text: a field has no value there.", "yellow"))
        steps, readme = [], plain(str(self.folder / "README.txt"))
        if written.unread:
            number = plural(written.unread, "product")
            text = f"{number} never read in Plytix: the import replaces what people have put there."
            console.print(own(text, "yellow"))
            steps.append(NextStep(self.refresh, "before the import, and then export again"))
        if any((written.assets, written.products, written.galleries)):
            steps.append(NextStep(self.apply, f"once you have done what {readme} says"))
        print_next_steps(steps, console)


def _range(files: tuple[str, ...]) -> str:
    if len(files) == 1:
        return files[0]
    return f"{files[0]} … {files[-1]} ({count_text(len(files))})"
