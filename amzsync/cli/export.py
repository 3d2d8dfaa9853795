"""`amzsync export`: what a ledger holds, as a table for other programs. Reads only."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from amzsync.cli.exits import ExitCode
from amzsync.cli.export_options import ExportFormat, ExportOptions
from amzsync.cli.machine import this_machine
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.domain.exports import Export
from amzsync.ledger.exports import ExportRow
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.views.console import own, plural
from amzsync.views.export import export_csv, export_json
from amzsync.views.report import check_output

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["export"]

_FORMS: dict[ExportFormat, Callable[[Iterable[ExportRow]], Iterator[str]]] = {
    ExportFormat.CSV: export_csv,
    ExportFormat.JSON: export_json,
}


def export(wanted: ExportOptions, options: RunOptions, resources: ExitStack) -> CommandResult:
    """A row for each image of each product, on stdout or in a file."""
    path = options.apply.output
    if path:
        check_output(path)
    ledger = resources.enter_context(Ledger.read(options.target.ledger, this_machine().ledger_clocks))
    ledger.selection.choose(Part(options.part.skus), Among.KNOWN)
    counted = 0

    def rows() -> Iterator[ExportRow]:
        nonlocal counted
        for row in ledger.exports.rows(Export(wanted.kind), options.part.limit):
            counted += 1
            yield row

    def document() -> Iterator[str]:
        return _FORMS[wanted.form or ExportFormat.CSV](rows())

    def words(console: "Console") -> None:
        console.print(own(f"{plural(counted, 'row')} written to {path}."))

    return CommandResult(ExitCode.DONE, Payload(words, document, file=path, is_well=True, is_document=True))
