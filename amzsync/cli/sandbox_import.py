"""`amzsync sandbox import`: the files of `amzsync export plytix`, into an account that a file keeps."""

from pathlib import Path

from amzsync.cli.exits import ExitCode
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.sandbox_options import ImportOptions
from amzsync.sandbox.import_result import AssetMode
from amzsync.sandbox.importer import import_into_file
from amzsync.views.sandbox_import import ImportView

__all__ = ["import_files"]


def import_files(store: Path, options: ImportOptions) -> CommandResult:
    """Import the files, and tell which lines were not taken.

    Raises:
        SandboxError: there is no such account, it is in use, or there are no files.
    """
    imported = import_into_file(store, options.folder, AssetMode(options.mode))
    view = ImportView(imported)
    code = ExitCode.FAILURES if imported.fault_count else ExitCode.DONE
    is_well = code is ExitCode.DONE
    return CommandResult(code, Payload(view.print, tuple, brief=view.print_brief, is_well=is_well))
