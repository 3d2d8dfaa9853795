"""Runs from different ledgers notice each other, and leave nothing behind."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from amzsync.executor.other_runs import OtherRuns

URL = "https://pim.plytix.com/api/v1"
STAYS = """
import sys
from pathlib import Path
from amzsync.executor.other_runs import OtherRuns
with OtherRuns(Path(sys.argv[1]), sys.argv[2]) as others:
    print("here", flush=True)
    sys.stdin.read()
    print(others.were_active(), flush=True)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", STAYS, tmp_path, URL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "here\n"
    yield process
    process.kill()
    process.communicate()


def files(folder: Path) -> list[str]:
    return [path.suffix for path in folder.rglob("*") if path.suffix in (".run", ".met")]


def test_a_run_alone_has_no_others_and_leaves_no_trace(tmp_path: Path) -> None:
    with OtherRuns(tmp_path, URL) as others:
        assert not others.were_active()
    assert files(tmp_path) == []


def test_both_know_of_each_other_also_where_the_later_one_has_left_first(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    with OtherRuns(tmp_path, URL) as others:
        assert others.were_active()
    assert other.communicate(timeout=30)[0] == "True\n"
    assert files(tmp_path) == []


def test_a_later_one_is_known_from_the_moment_it_comes(tmp_path: Path) -> None:
    with OtherRuns(tmp_path, URL) as first:
        assert not first.were_active()
        with OtherRuns(tmp_path, URL) as second:
            assert (first.were_active(), second.were_active()) == (True, True)
        assert first.were_active()


def test_a_run_on_another_plytix_does_not_count(tmp_path: Path, other: subprocess.Popen[str]) -> None:
    with OtherRuns(tmp_path, "http://127.0.0.1:8080/api/v1") as others:
        assert not others.were_active()
    assert other.communicate(timeout=30)[0] == "False\n"


def test_a_killed_run_does_not_count_and_its_files_are_removed(
    tmp_path: Path, other: subprocess.Popen[str]
) -> None:
    other.kill()
    other.wait()
    with OtherRuns(tmp_path, URL) as others:
        assert not others.were_active()
    assert files(tmp_path) == []


def test_where_nothing_can_be_written_a_run_is_taken_to_be_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with OtherRuns(tmp_path / "file", URL) as others:
        assert not others.were_active()
