"""`.ci/run` runs README's second command, as it stands there."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from docs.page import README, ROOT, block

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="it is a bash script")


def _run(folder: Path, readme: str) -> subprocess.CompletedProcess[str]:
    (folder / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return subprocess.run(
        [script],
        env={"PATH": os.environ["PATH"], "CI": "true"},
        cwd=folder.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_it_runs_the_test_command_in_the_folder_of_the_checkout(tmp_path: Path) -> None:
    done = _run(tmp_path, README.replace(block("command: test"), "echo in $PWD && cat\n"))
    assert done.returncode == 0
    assert done.stdout.splitlines() == ["+ echo in $PWD && cat", f"in {tmp_path}"]


def test_it_fails_where_the_command_fails(tmp_path: Path) -> None:
    done = _run(tmp_path, README.replace(block("command: test"), "false && echo passed\n"))
    assert done.returncode == 1
    assert "passed" not in done.stdout.replace("+ false && echo passed", "")


def test_it_fails_where_there_is_no_command(tmp_path: Path) -> None:
    done = _run(tmp_path, "# Nothing\n")
    assert done.returncode == 1
    assert "README.md" in done.stderr
