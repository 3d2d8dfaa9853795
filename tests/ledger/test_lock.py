import subprocess
import sys
from pathlib import Path

import pytest
from catalogue import CLOCKS

from amzsync.errors import LedgerError, LedgerLockedError
from amzsync.ledger.book import Ledger
from amzsync.ledger.lock import WriterLock

HOLDER = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from amzsync.ledger.book import Clocks, Ledger
from amzsync.ledger.lock import WriterLock
path = Path(sys.argv[1])
clocks = Clocks(now=lambda: datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC))
with WriterLock(path), Ledger.write(path, clocks) as ledger:
    ledger.runs.hold("apply", os.getpid())
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(ledger_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, ledger_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_writer_is_refused_and_told_who_writes(ledger_path, holder):
    with pytest.raises(LedgerLockedError) as raised:
        WriterLock(ledger_path).acquire()
    assert f"process {holder.pid} (apply, since 2025-12-23T06:00:47Z)" in raised.value.message
    assert "amzsync status" in raised.value.next_step
    with Ledger.read(ledger_path) as reader:
        assert reader.queries.failure_count() == 0


def test_the_one_who_writes_now_is_named_not_a_run_that_was_killed(ledger_path, holder):
    holder.kill()
    holder.wait()
    with WriterLock(ledger_path), Ledger.write(ledger_path, CLOCKS) as ledger:
        ledger.runs.hold("resume", 4711)
        with pytest.raises(LedgerLockedError, match=r"process 4711 \(resume, since 2025-12-23T06:00:47Z\)"):
            WriterLock(ledger_path).acquire()


def test_a_killed_writer_holds_nothing(ledger_path, holder):
    holder.kill()
    holder.wait()
    with WriterLock(ledger_path), Ledger.write(ledger_path) as ledger:
        assert ledger.runs.latest(1) == ()


def test_a_holder_that_has_not_said_who_it_is_is_another_process(ledger_path):
    Ledger.write(ledger_path, CLOCKS).close()
    with WriterLock(ledger_path), pytest.raises(LedgerLockedError, match="by another process"):
        WriterLock(ledger_path).acquire()


def test_a_released_lock_is_free(ledger_path):
    with WriterLock(ledger_path):
        pass
    with WriterLock(ledger_path):
        pass


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be locked"):
        WriterLock(tmp_path / "file" / "amzsync.db").acquire()
