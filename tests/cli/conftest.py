"""Every test works in a folder of its own; `setup` adds an account that answers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fixtures import KEY, PASSWORD, Setup
from proof.commands import end_all
from proof.crash_harness import HASH_ROUNDS
from sandbox_faults import Sandbox

from amzsync.cli import binding


@pytest.fixture(autouse=True)
def _plain_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setattr(binding, "_ROUNDS", HASH_ROUNDS)


@pytest.fixture(scope="session", autouse=True)
def _no_process_is_left() -> Iterator[None]:
    yield
    end_all()


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD) as sandbox:
        setup = Setup(tmp_path, sandbox)
        for name, value in setup.env.items():
            monkeypatch.setenv(name, value)
        yield setup
