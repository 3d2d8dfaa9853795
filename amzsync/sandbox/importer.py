"""The importers for assets and products, which no request limit concerns.

See plytix-api, Plytix's own importers. Where that is uncertain they take the stricter reading: an empty cell
clears, a name that is not known is an error, and a line with an error changes nothing.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from amzsync.errors import SandboxError
from amzsync.sandbox.account import Account
from amzsync.sandbox.import_assets import AssetImporter
from amzsync.sandbox.import_lines import BadFileError, BadLineError, lines
from amzsync.sandbox.import_products import ProductImporter
from amzsync.sandbox.import_result import AssetMode, Imported, Tally
from amzsync.sandbox.store import Store

_FILE = re.compile(r"(assets|products|galleries)-([1-9][0-9]{0,5})\.csv")
_ORDER = ("assets", "products", "galleries")


def import_into_file(store: Path, folder: Path, mode: AssetMode) -> Imported:
    """Import the files of a folder into the account that a file keeps.

    Raises:
        SandboxError: there is no such account, it is in use, or the folder holds no files to import.
    """
    if not store.is_file():
        raise SandboxError(
            f"There is no sandbox account at {store}.",
            "A ledger of the sandbox keeps it beside itself, as amzsync.db.sandbox.",
        )
    with closing(Store(store)) as opened:
        return import_folder(Account(opened, time.time), folder, mode)


def import_folder(account: Account, folder: Path, mode: AssetMode) -> Imported:
    """Import all assets, then all products; each file is one transaction.

    Raises:
        SandboxError: the folder holds no files to import.
    """
    try:
        found = [(_FILE.fullmatch(path.name), path) for path in folder.iterdir()]
    except OSError as error:
        raise SandboxError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    files = sorted((_ORDER.index(name[1]), int(name[2]), path) for name, path in found if name)
    if not files:
        raise SandboxError(
            f"The folder {folder} holds no files to import, such as products-1.csv.",
            "`amzsync export plytix DIR` writes them.",
        )
    tally = Tally()
    of_assets, of_products = AssetImporter(account, mode, tally), ProductImporter(account, tally)
    for kind, _, path in files:
        importer = of_products if kind else of_assets
        with account.store.transaction():
            _import_file(path, importer.begin, importer.take, tally)
    return tally.result()


def _import_file(
    path: Path,
    begin: Callable[[Sequence[str]], None],
    take: Callable[[Mapping[str, str]], None],
    tally: Tally,
) -> None:
    heading: list[str] = []
    has_begun = False
    try:
        for line in lines(path, heading):
            if not has_begun:
                begin(heading)
                has_begun = True
            if line.cells is None:
                tally.fault(path.name, line.number, "The line has not as many cells as the heading.")
                continue
            try:
                take(line.cells)
            except BadLineError as error:
                tally.fault(path.name, line.number, str(error))
        if not has_begun:
            begin(heading)
    except BadFileError as error:
        tally.fault(path.name, error.line, str(error))
