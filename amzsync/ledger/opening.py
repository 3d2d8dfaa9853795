"""Opening a ledger: what the file is, its version, and the backup before it is brought up to date."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlite_utils import Database

from amzsync.errors import LedgerError, LedgerForeignError
from amzsync.files import make_private, open_regular
from amzsync.ledger.guard import applied_steps, check_files_beside, harden, our_steps
from amzsync.ledger.sqlite_errors import ledger_error
from amzsync.ledger.store import Store
from amzsync.migrations.migrations import migrations

__all__ = ["open_as_it_is", "open_copy", "open_empty", "open_reader", "open_writer", "remove_ledger"]

_MIN_SQLITE = (3, 37, 0)
_BUSY_TIMEOUT_S = 30.0
_CACHE_KIB = 48 * 1024
_SQLITE_HEADER = b"SQLite format 3\x00"


def open_writer(path: Path) -> Store:
    """Open for writing: made if it is missing, brought to this version after a backup beside it.

    Raises:
        LedgerForeignError: the file is another program's.
        LedgerTooNewError: a newer amzsync made it; it stays as it is.
        LedgerError: it cannot be opened or is damaged.
    """
    _check_sqlite()
    _check_header(path)
    check_files_beside(path)
    _make(path)
    connection = _connect(path, f"{path.absolute().as_uri()}?mode=rw")
    try:
        known = applied_steps(path, connection)
        # Not before the check: the mode is written into the file, which may be another program's.
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode this never corrupts; a power cut may take back the last commits, which resuming
        # allows for.
        connection.execute("PRAGMA synchronous = NORMAL")
        if len(known) < len(our_steps()):
            _migrate(path, Database(connection, execute_plugins=False), is_new=not known)
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return Store(connection, path, is_writer=True)


def remove_ledger(path: Path) -> None:
    """Of a closed ledger, into which nothing has been planned. Where that is not possible, it stays."""
    with contextlib.suppress(OSError):
        path.unlink()


def open_reader(path: Path) -> Store:
    """Open for reading only, beside a writer if need be.

    Raises:
        LedgerError: as `open_writer`, and where there is no ledger, or an older one that must be brought up
            to date first.
    """
    _check_sqlite()
    _check_exists(path)
    _check_header(path)
    check_files_beside(path)
    connection = _connect(path, f"{path.absolute().as_uri()}?mode=ro")
    try:
        _check_up_to_date(path, applied_steps(path, connection))
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return Store(connection, path)


def open_copy(path: Path) -> Store:
    """A private copy in a temporary file of what is committed now, or a new ledger where there is none.

    It is of this version, and changes to it are never kept. The ledger and the files beside it do not change.

    Raises:
        LedgerError: as `open_writer`.
    """
    _check_sqlite()
    _check_header(path)
    return _open_private(path, is_copy=path.exists())


def open_empty(path: Path) -> Store:
    """A new ledger that is kept nowhere; `path` is what errors call it.

    Raises:
        LedgerError: this Python's SQLite is too old.
    """
    _check_sqlite()
    return _open_private(path, is_copy=False)


@contextlib.contextmanager
def open_as_it_is(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that reads a ledger of any version. No byte changes, of the files beside it neither.

    Raises:
        LedgerError: there is none, or it cannot be read.
        LedgerForeignError: it is no SQLite file, or something stands beside it that is not followed.
    """
    _check_sqlite()
    _check_exists(path)
    _check_header(path)
    check_files_beside(path)
    mode = "mode=ro&immutable=1" if _unused(path) else "mode=ro"
    try:
        with contextlib.closing(_connect(path, f"{path.absolute().as_uri()}?{mode}")) as connection:
            yield connection
    except sqlite3.Error as error:
        raise ledger_error(path, error) from error


def _open_private(path: Path, *, is_copy: bool) -> Store:
    connection = sqlite3.connect("", isolation_level=None, cached_statements=256)
    try:
        known = _copy(path, connection) if is_copy else []
        if len(known) < len(our_steps()):
            migrations.apply(Database(connection, execute_plugins=False))
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(path, error) from error
    except BaseException:
        connection.close()
        raise
    return Store(connection, path)


def _copy(path: Path, target: sqlite3.Connection) -> list[str]:
    """Copy a ledger; the steps that it has had."""
    check_files_beside(path)
    before = _unused(path)
    known = _copy_with(path, "mode=ro&immutable=1" if before else "mode=ro", target)
    # Without files beside it nobody has it open; whoever came meanwhile has left traces.
    return known if before == _unused(path) else _copy_with(path, "mode=ro", target)


def _copy_with(path: Path, mode: str, target: sqlite3.Connection) -> list[str]:
    with contextlib.closing(_connect(path, f"{path.absolute().as_uri()}?{mode}")) as source:
        known = applied_steps(path, source)
        source.backup(target)
    return known


def _unused(path: Path) -> tuple[int, int, int] | None:
    """What tells the content of a ledger that no process has open; None where one may have.

    An open ledger has files beside it, which SQLite makes even for a reader: for one that nobody uses, it is
    told that nothing can change, and makes none.
    """
    real = Path(os.path.realpath(path))
    if any(real.with_name(f"{real.name}{suffix}").exists() for suffix in ("-wal", "-journal")):
        return None
    status = real.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _connect(path: Path, uri: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(
            uri, uri=True, timeout=_BUSY_TIMEOUT_S, isolation_level=None, cached_statements=256
        )
    except sqlite3.Error as error:
        raise ledger_error(path, error) from error
    try:
        harden(connection)
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
    except sqlite3.Error as error:
        connection.close()
        raise ledger_error(path, error) from error
    return connection


def _check_sqlite() -> None:
    if sqlite3.sqlite_version_info < _MIN_SQLITE:
        raise LedgerError(
            f"This Python has SQLite {sqlite3.sqlite_version}; the ledger needs 3.37 or newer.",
            "Use a newer Python build.",
        )


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise LedgerError(f"There is no ledger at {path}.", "`amzsync plan --mapping FILE` creates one.")


def _check_header(path: Path) -> None:
    try:
        if path.is_dir():
            raise LedgerError(f"The ledger {path} is a folder.", "Choose a file with --ledger FILE.")
        with open_regular(path) as file:
            header = file.read(len(_SQLITE_HEADER))
    except FileNotFoundError:
        if not path.absolute().parent.is_dir():
            raise LedgerError(f"There is no folder {path.absolute().parent} for the ledger.") from None
        return
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"The ledger {path} cannot be read ({getattr(error, 'strerror', error)})."
        ) from None
    if header and header != _SQLITE_HEADER:
        raise LedgerForeignError(
            f"{path} is not an amzsync ledger (not an SQLite file).",
            "Choose another file with --ledger FILE.",
        )


def _make(path: Path) -> None:
    """SQLite gives what it makes beside the ledger the ledger's own mode."""
    try:
        make_private(path)
    except OSError as error:
        raise LedgerError(
            f"The ledger {path} cannot be created ({error.strerror}).", "Check the folder's permissions."
        ) from None


def _check_up_to_date(path: Path, known: list[str]) -> None:
    if len(known) < len(our_steps()):
        raise LedgerError(
            f"The ledger {path} is from an older amzsync.",
            "Run `amzsync plan` once: it brings the ledger up to date.",
        )


def _migrate(path: Path, database: Database, *, is_new: bool) -> None:
    if not is_new:
        _back_up(path, database)
    try:
        # A process that died between this table and its index would leave what is refused as changed.
        with database.atomic():
            migrations.ensure_migrations_table(database)
        migrations.apply(database)
    except sqlite3.OperationalError:
        # Another process may have brought it up to date in the same moment.
        if len(migrations.applied(database)) < len(our_steps()):
            raise


def _back_up(path: Path, database: Database) -> None:
    version = len(migrations.applied(database))
    target = path.with_name(f"{path.name}.backup-v{version}")
    try:
        # A name that nobody can have put a link at; the file is its owner's alone.
        handle, name = tempfile.mkstemp(".partial", f"{path.name}.backup-", path.absolute().parent)
        os.close(handle)
        partial = Path(name)
        try:
            # Not a file copy: what is committed may still stand in the WAL file.
            with contextlib.closing(sqlite3.connect(partial)) as copy:
                database.conn.backup(copy)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The ledger cannot be copied to {target} before it is brought up to date ({error.strerror}).",
            "Check the folder, and the file of that name.",
        ) from None
