"""`amzsync export plytix DIR`: files for Plytix's own importers, for what no request limit allows.

It holds the ledger like a run: what a run does meanwhile would not be in the files, and the pictures that
Plytix was found to lack are to be looked up again once an import may have brought them.
"""

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from amzsync.cli.exits import ExitCode
from amzsync.cli.export_options import ExportOptions
from amzsync.cli.machine import this_machine
from amzsync.cli.next_steps import apply_command, command, options_of_last_run
from amzsync.cli.planning import gallery_label
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.domain.alt_text import read_alt_text
from amzsync.domain.timestamp import local_text
from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.ledger.part import Among, Part
from amzsync.views.import_files import ImportWriter
from amzsync.views.import_folder import open_import_folder
from amzsync.views.import_page import readme
from amzsync.views.import_summary import ImportSummary

__all__ = ["export_plytix"]


def export_plytix(wanted: ExportOptions, options: RunOptions, resources: ExitStack) -> CommandResult:
    """Write the files, and tell what they hold and what they leave out.

    Raises:
        ConfigError: the folder cannot be written, or holds something else.
        LedgerError: there is no ledger, or it is in use.
    """
    path, folder_path = options.target.ledger, wanted.folder or Path()
    if not path.exists():
        raise LedgerError(f"There is no ledger at {path}.", "`amzsync plan --mapping FILE` creates one.")
    resources.enter_context(WriterLock(path))
    ledger = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
    ledger.runs.hold("export", os.getpid())
    ledger.selection.choose(Part(options.part.skus, options.part.limit), Among.OPEN)
    kept = options_of_last_run(options, ledger)
    refresh, apply = command("plan", kept.target, ledger, "--refresh"), apply_command(ledger, kept)
    imports = ledger.imports()
    with open_import_folder(folder_path) as folder:
        alt_text = read_alt_text(wanted.alt_text) if wanted.alt_text else None
        writer = ImportWriter(folder, gallery_label(ledger, options), alt_text)
        written = writer.write(imports.assets(), imports.products())
        imports.forget_absence()
        made_at = local_text(datetime.now(UTC))
        folder.publish(readme(written, made_at=made_at, refresh=refresh, apply=apply))
    summary = ImportSummary(written, folder_path, refresh, apply)
    payload = Payload(summary.print, tuple, brief=summary.print_brief, is_well=summary.is_well)
    return CommandResult(ExitCode.DONE, payload)
