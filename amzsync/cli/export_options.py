"""The options of `amzsync export`."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amzsync.cli import option_checks
from amzsync.cli.usage import UsageError
from amzsync.domain.exports import Export

__all__ = ["ExportFormat", "ExportKind", "ExportOptions"]


class ExportFormat(StrEnum):
    """The form of what is exported."""

    CSV = "csv"
    JSON = "json"


class ExportKind(StrEnum):
    """What can be exported: a table, or the files for Plytix's own importers."""

    FAILURES = Export.FAILURES
    MISSING = Export.MISSING
    OBSOLETE = Export.OBSOLETE
    LINKS = Export.LINKS
    PLYTIX = "plytix"


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What is exported, and in which form."""

    kind: Annotated[
        ExportKind,
        typer.Argument(
            metavar="KIND",
            help="failures; missing: images of products that Plytix lacks;"
            " obsolete: images no longer wanted, still in Plytix; links: all wanted images;"
            " plytix: files for Plytix's own importers.",
        ),
    ]
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="With plytix: the folder for the files.")
    ] = None
    form: Annotated[
        ExportFormat | None,
        typer.Option("--format", metavar="csv|json", help="csv or json. Default: csv."),
    ] = None
    alt_text: Annotated[
        str | None,
        typer.Option(
            "--alt-text",
            metavar="TEMPLATE",
            callback=option_checks.check_alt_text,
            help="With plytix: the images' alternative texts, such as '{title}, view {position}';"
            " also {sku}, {asin}, {variant}.",
        ),
    ] = None

    def check(self, output: Path | None) -> None:
        """Find out whether the options belong together.

        Raises:
            UsageError: they do not.
        """
        if self.kind is ExportKind.PLYTIX:
            if self.folder is None:
                raise UsageError("Name the folder for the files: amzsync export plytix DIR.")
            if self.form is not None or output is not None:
                raise UsageError(
                    "`export plytix` writes CSV files into its folder: no --format, no --output."
                )
        elif self.folder is not None:
            raise UsageError(f"Only `export plytix` takes a folder. For {self.kind}, add --output FILE.")
        elif self.alt_text is not None:
            raise UsageError("--alt-text is for `export plytix DIR`.")
