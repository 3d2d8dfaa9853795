"""`amzsync export` from the command line."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from catalogue import picture
from cli.fixtures import Setup, flat
from cli.terminal import amzsync


def test_failures_and_missing_products_go_into_a_spreadsheet(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("=B", "b")]}, seed=False)
    setup.sandbox.seed(["A"])
    setup.apply(mapping)
    missing = amzsync("export", "missing")
    assert missing.code == 0
    assert [line["sku"] for line in csv.DictReader(io.StringIO(missing.out))] == ["'=B"]
    as_json = amzsync("export", "missing", "--format", "json").json
    assert [(one["sku"], one["url"], one["state"]) for one in as_json] == [("=B", picture("b"), "skipped")]
    assert amzsync("export", "failures", "-q").out.splitlines() == [
        "sku,url,variant,position,state,status,reason,run"
    ]


def test_an_export_is_put_into_a_file_whole(setup: Setup) -> None:
    amzsync("plan", "--mapping", setup.mapping({"matched": [flat("Ä", "a", "b"), flat("B", "c")]}))
    result = amzsync("export", "links", "--output", "links.csv", "--limit", "1")
    assert (result.code, result.out) == (0, "2 rows written to links.csv.\n")
    lines = list(csv.DictReader(io.StringIO(Path("links.csv").read_text(encoding="utf-8"))))
    assert [(line["sku"], line["position"]) for line in lines] == [("Ä", "1"), ("Ä", "2")]
    assert amzsync("export", "links", "--output", "l.json", "--format", "json", "--sku", "B", "-q").out == ""
    assert [one["sku"] for one in json.loads(Path("l.json").read_text())] == ["B"]


@pytest.mark.parametrize(
    ("words", "code"), [((), 2), (("pictures",), 2), (("links", "--format", "xml"), 2), (("links",), 1)]
)
def test_what_cannot_be_exported_is_said(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    assert amzsync("export", *words).code == code
    assert list(tmp_path.glob("amzsync.db*")) == []


@pytest.mark.parametrize("command", ["status", "export"])
def test_a_command_that_only_reads_the_ledger_loads_nothing_of_the_network(command: str) -> None:
    source = f"import sys, amzsync.cli.{command}; sys.exit('requests' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", source], check=False).returncode == 0
