"""`.ci/run` runs README's second command and then the newest dependencies; the workflow runs `.ci/run`."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from docs.page import README, ROOT, block

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="it is a bash script")

ONE = f"3.11.7 {sys.executable}"
TWO = f"{ONE}\n3.13.0 {sys.executable}"


def _run(
    folder: Path, command: str, *version: str, pythons: str = ONE, newest: str = "exit 1"
) -> subprocess.CompletedProcess[str]:
    (folder / ".ci").mkdir()
    script = shutil.copy(ROOT / ".ci" / "run", folder / ".ci" / "run")
    for name, text in (("pythons", f"echo '{pythons}'"), ("newest", newest)):
        other = folder / ".ci" / name
        other.write_text(f"#!/usr/bin/env bash\n{text}\n", encoding="utf-8")
        other.chmod(0o755)
    readme = README.text.replace(block("command: test"), f"{command}\n") if command else "# Nothing\n"
    (folder / "README.md").write_text(readme, encoding="utf-8")
    return subprocess.run(
        [script, *version],
        env={"PATH": os.environ["PATH"], "CI": "true"},
        cwd=folder.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


def test_it_runs_the_test_command_in_the_folder_of_the_checkout(tmp_path: Path) -> None:
    done = _run(tmp_path, "echo in $PWD && cat")
    assert done.returncode == 0
    told, *lines = done.stdout.splitlines()
    assert "Python 3.11.7 is the only supported one here" in told
    assert lines == ["+ echo in $PWD && cat", f"in {tmp_path}"]


def test_the_part_for_the_newest_python_comes_after_and_ends_it(tmp_path: Path) -> None:
    which = "python3 -c 'import sys; print(sys.executable)'"
    done = _run(tmp_path, "echo oldest", pythons=TWO, newest=f"echo newest; {which}")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["+ echo oldest", "oldest", "newest", sys.executable]


def test_it_fails_where_the_part_for_the_newest_python_fails(tmp_path: Path) -> None:
    assert _run(tmp_path, "true", pythons=TWO, newest="exit 7").returncode == 7


def test_with_a_version_both_parts_run_on_that_python(tmp_path: Path) -> None:
    done = _run(tmp_path, "echo locked", "3.13", pythons=TWO, newest="echo newest")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["+ echo locked", "locked", "newest"]


def test_it_fails_for_a_version_that_is_not_there(tmp_path: Path) -> None:
    done = _run(tmp_path, "true", "3.1", pythons=TWO)
    assert (done.returncode, done.stderr) == (1, "There is no CPython 3.1 on this machine.\n")


def test_the_workflow_runs_the_check_on_every_supported_python_and_may_only_read() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    assert re.findall(r'"(3\.\d+)"', workflow) == supported
    assert re.findall(r"- uses: (\S+)@v\d+\n", workflow) == ["actions/checkout", "actions/setup-python"]
    assert re.findall(r"uses:|run: .*", workflow) == ["uses:", "uses:", "run: .ci/run ${{ matrix.python }}"]
    assert re.findall(r"^( *)permissions:\n +(.*)$", workflow, re.MULTILINE) == [("", "contents: read")]
    assert "secrets." not in workflow


def test_the_pythons_that_are_listed_start_and_are_supported(tmp_path: Path) -> None:
    broken = tmp_path / "python3.40"
    broken.write_text("#!/bin/sh\nexit 127\n")
    mine = tmp_path / f"python3.{sys.version_info.minor}"
    mine.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    for script in (broken, mine):
        script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin", "PYENV_ROOT": str(tmp_path)}
    told = subprocess.run(
        [ROOT / ".ci" / "pythons"], env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout
    listed = [line.split(" ", 1) for line in told.splitlines()]
    numbers = [tuple(map(int, number.split("."))) for number, _ in listed]
    assert sys.version_info[:2] in [number[:2] for number in numbers]
    assert numbers == sorted(numbers)
    assert all(number >= (3, 11) for number in numbers)
    for number, path in listed:
        version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
        assert version == f"Python {number}\n"


def test_it_fails_where_the_command_fails(tmp_path: Path) -> None:
    done = _run(tmp_path, "false && echo passed", pythons=TWO, newest="echo passed")
    assert done.returncode == 1
    assert "passed" not in done.stdout.replace("+ false && echo passed", "")


def test_it_fails_where_there_is_no_command(tmp_path: Path) -> None:
    done = _run(tmp_path, "")
    assert done.returncode == 1
    assert "README.md" in done.stderr
