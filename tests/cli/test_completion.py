"""What a shell offers: accounts, presets, marketplaces and mappings that were used before."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cli.fixtures import Setup, flat
from cli.terminal import amzsync

Offered = Callable[[str], list[str]]


@pytest.fixture
def offered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Offered:
    """What bash is given for the last word of a command line."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("_AMZSYNC_COMPLETE", "complete_bash")

    def complete(line: str) -> list[str]:
        words = line.split(" ")
        monkeypatch.setenv("COMP_WORDS", line)
        monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
        return amzsync().out.split()

    return complete


def test_accounts_of_the_configuration_are_offered(offered: Offered, tmp_path: Path) -> None:
    account = {"api_key": "k", "api_password": "p"}
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"accounts": {"production": account}, "aliases": {"prod": "production"}}))
    config.chmod(0o600)
    line = f"amzsync apply --config {config} --plytix-account "
    assert offered(line) == ["prod", "production", "sandbox"]
    assert offered(f"{line}s") == ["sandbox"]
    assert offered("amzsync plan --plytix-account ") == ["sandbox"]
    config.write_text("nonsense")
    assert offered(line) == ["sandbox"]


def test_presets_marketplaces_and_choices_are_offered(offered: Offered) -> None:
    assert offered("amzsync apply --rate-limit ") == ["free", "paid"]
    assert offered("amzsync plan --marketplace D") == ["DE"]
    assert offered("amzsync resume --fail-on n") == ["new", "none"]
    assert offered("amzsync export ") == ["failures", "missing", "obsolete", "links", "plytix"]


def test_mappings_that_were_used_before_come_first(
    offered: Offered, setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = setup.folder / "elsewhere"
    folder.mkdir()
    (setup.folder / "notes.txt").write_text("none")
    used = setup.mapping([flat("A", "a")], "elsewhere/used.json")
    monkeypatch.delenv("_AMZSYNC_COMPLETE")
    amzsync("plan", "--mapping", used, "--ledger", "my.db")
    (setup.folder / "new.csv").write_text("sku,url")
    monkeypatch.setenv("_AMZSYNC_COMPLETE", "complete_bash")
    assert offered("amzsync apply --ledger my.db --mapping ") == [str(used), "elsewhere/", "new.csv"]
    assert offered("amzsync apply --mapping n") == ["new.csv"]
    assert offered("amzsync plan n") == ["new.csv"]
    assert offered("amzsync apply --mapping nowhere/") == []
