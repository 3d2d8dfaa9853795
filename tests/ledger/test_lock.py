import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from catalogue import CLOCKS

from amzsync.domain.timestamp import local_text
from amzsync.errors import LedgerError, LedgerLockedError
from amzsync.ledger import lock
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock, is_being_written

HOLDER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from amzsync.ledger.ledger import Clocks, Ledger
from amzsync.ledger.lock import WriterLock
path = Path(sys.argv[1])
clocks = Clocks(now=lambda: datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC))
with WriterLock(path), Ledger.write(path, clocks) as ledger:
    ledger.runs.hold("apply", os.getpid())
    print("held", flush=True)
    sys.stdin.read()
"""

SINCE = local_text(datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC))


@pytest.fixture
def holder(ledger_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, ledger_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_refused_and_told_who_writes(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(LedgerLockedError) as raised:
        WriterLock(ledger_path).acquire()
    assert f"process {holder.pid} (apply, since {SINCE})" in raised.value.message
    assert "amzsync status" in raised.value.next_step
    with Ledger.read(ledger_path) as reader:
        assert reader.queries.failure_count() == 0


def test_the_one_who_writes_now_is_named_not_a_run_that_was_killed(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    with WriterLock(ledger_path), Ledger.write(ledger_path, CLOCKS) as ledger:
        ledger.runs.hold("resume", 4711)
        with pytest.raises(LedgerLockedError, match=re.escape(f"process 4711 (resume, since {SINCE})")):
            WriterLock(ledger_path).acquire()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of locks without taking them")
def test_whether_somebody_writes_is_told_without_keeping_anybody_out(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    assert is_being_written(ledger_path) is True
    holder.kill()
    holder.wait()
    assert is_being_written(ledger_path) is False
    with WriterLock(ledger_path):
        assert is_being_written(ledger_path) is True


def test_a_killed_writer_holds_nothing(ledger_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()
    with WriterLock(ledger_path), Ledger.write(ledger_path) as ledger:
        assert ledger.runs.latest(1) == ()


def test_a_holder_that_has_not_said_who_it_is_is_another_process(ledger_path: Path) -> None:
    Ledger.write(ledger_path, CLOCKS).close()
    with WriterLock(ledger_path), pytest.raises(LedgerLockedError, match="by another process"):
        WriterLock(ledger_path).acquire()


def test_a_released_lock_is_free(ledger_path: Path) -> None:
    with WriterLock(ledger_path):
        pass
    with WriterLock(ledger_path):
        pass


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be locked"):
        WriterLock(tmp_path / "file" / "amzsync.db").acquire()


def test_a_symbolic_link_is_the_same_ledger(
    ledger_path: Path, tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    other = tmp_path / "elsewhere" / "link.db"
    other.parent.mkdir()
    other.symlink_to(ledger_path)
    with pytest.raises(LedgerLockedError, match=f"process {holder.pid} "):
        WriterLock(other).acquire()


def test_a_link_to_a_ledger_that_is_not_there_yet_is_the_same_ledger(
    ledger_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "link.db").symlink_to(ledger_path)
    with WriterLock(tmp_path / "link.db"), pytest.raises(LedgerLockedError):
        WriterLock(ledger_path).acquire()


def test_a_hard_link_is_the_same_ledger(
    ledger_path: Path, tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    other = tmp_path / "elsewhere" / "hard.db"
    other.parent.mkdir()
    os.link(ledger_path, other)
    with pytest.raises(LedgerError, match="under another of its names") as raised:
        WriterLock(other).acquire()
    assert "one name" in raised.value.next_step
    holder.kill()
    holder.wait()
    with WriterLock(other):
        pass


def test_a_lock_file_that_was_removed_lets_no_second_writer_in(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    ledger_path.with_name(f"{ledger_path.name}.lock").unlink()
    with pytest.raises(LedgerLockedError, match=f"process {holder.pid} "):
        WriterLock(ledger_path).acquire()


def test_the_lock_stays_while_the_writer_opens_and_closes_its_file(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    holder.kill()
    holder.wait()
    with WriterLock(ledger_path):
        for _ in range(2):
            Ledger.write(ledger_path, CLOCKS).close()
        with ledger_path.open("rb"):
            pass
        script = (
            "import sys; from pathlib import Path; from amzsync.ledger import lock;"
            " lock.os.unlink(sys.argv[1] + '.lock'); lock.WriterLock(Path(sys.argv[1])).acquire()"
        )
        ended = subprocess.run(
            [sys.executable, "-c", script, ledger_path], capture_output=True, text=True, check=False
        )
    assert "LedgerLockedError" in ended.stderr


def test_sqlite_is_not_disturbed_by_the_lock_on_its_file(
    ledger_path: Path, holder: subprocess.Popen[str]
) -> None:
    with closing(sqlite3.connect(ledger_path, timeout=0)) as other:
        other.execute("INSERT INTO settings VALUES ('a', 'b')")
        other.commit()
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert holder.poll() is None


def test_what_a_killed_writer_left_under_another_name_is_not_passed_over(
    ledger_path: Path, tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    with closing(sqlite3.connect(ledger_path)) as other:
        other.execute("INSERT INTO settings VALUES ('a', 'b')")
        other.commit()
        holder.kill()
        holder.wait()
        os.link(ledger_path, tmp_path / "hard.db")
        with pytest.raises(LedgerError, match="last written under its other name") as raised:
            WriterLock(tmp_path / "hard.db").acquire()
    assert str(ledger_path) in raised.value.next_step
    with WriterLock(ledger_path), Ledger.write(ledger_path, CLOCKS) as ledger:
        assert ledger.runs.setting("a") == "b"
    with WriterLock(tmp_path / "hard.db"), Ledger.write(tmp_path / "hard.db", CLOCKS) as ledger:
        assert ledger.runs.setting("a") == "b"


def test_where_a_file_cannot_be_locked_a_ledger_of_two_names_is_refused(
    ledger_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_lock_byte", lambda _: None)
    with WriterLock(ledger_path):
        pass
    os.link(ledger_path, tmp_path / "hard.db")
    with pytest.raises(LedgerError, match="2 names") as raised:
        WriterLock(ledger_path).acquire()
    assert "remove the others" in raised.value.next_step


def test_a_link_planted_at_the_lock_is_neither_followed_nor_emptied(
    ledger_path: Path, tmp_path: Path
) -> None:
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    ledger_path.with_name(f"{ledger_path.name}.lock").symlink_to(victim)
    with pytest.raises(LedgerError, match="symbolic link") as raised:
        WriterLock(ledger_path).acquire()
    assert raised.value.next_step.startswith("Remove the link")
    assert victim.read_text() == "mine"


def test_what_is_no_file_is_refused_without_waiting(ledger_path: Path) -> None:
    os.mkfifo(ledger_path)
    with pytest.raises(LedgerError, match="not a regular file"):
        WriterLock(ledger_path).acquire()
