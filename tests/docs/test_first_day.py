"""The first day on README works as it is printed: an empty machine, an account, and a catalogue."""

import json
from pathlib import Path

import pytest
from cli.fixtures import KEY, PASSWORD, flat
from docs.page import amzsync, amzsync_commands, block
from sandbox_faults import Sandbox

SKUS = [f"AMZN-US-B0DAY{n:04}" for n in range(5)]


def test_the_first_day_ends_with_everything_in_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = [flat(sku, f"own{sku[-1]}", "shared") for sku in SKUS]
    (tmp_path / "catalogue.json").write_text(json.dumps(catalogue), encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD) as sandbox:
        sandbox.seed(SKUS)
        account = {
            "PLYTIX_API_KEY": KEY,
            "PLYTIX_API_PASSWORD": PASSWORD,
            "PLYTIX_API_URL": sandbox.url,
            "PLYTIX_AUTH_URL": sandbox.auth_url,
        }
        for words in amzsync_commands(block("commands: first day")):
            # Nobody is there who could be asked.
            consent = ["--yes"] if words[0] in ("init", "apply") or "--probe" in words else []
            ran = amzsync(*words, *consent, cwd=tmp_path, **(account if words[0] == "init" else {}))
            assert ran.code == 0, ran.text
            if "--limit" in words and words[0] == "apply":
                filled = [sku for sku, one in sandbox.snapshot().products.items() if one.gallery]
                assert filled == SKUS[:3]
        galleries = [len(one.gallery) for one in sandbox.snapshot().products.values()]
        assert galleries == [2] * 5
    assert (tmp_path / "report.json").exists()
