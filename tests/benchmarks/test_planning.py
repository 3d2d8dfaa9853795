"""What planning costs: against reading the same file and writing one bare table, side by side."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.catalogues import write_catalogue
from benchmarks.measuring import Took, amzsync, tell, took
from catalogue import rows

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_BARE = """
import json, sqlite3, sys
entries = json.load(open(sys.argv[1]))["matched"]
bare = sqlite3.connect(sys.argv[2])
bare.execute("CREATE TABLE links (sku, url, variant, position)")
bare.execute("CREATE INDEX by_url ON links (url)")
bare.executemany("INSERT INTO links VALUES (?, ?, ?, ?)", (
    (entry["suggested_sku"], image["link"], image["variant"], position)
    for entry in entries for position, image in enumerate(entry["amazon_images"], 1)))
bare.commit()
"""


def _best(times: int, run: Callable[[], Took]) -> Took:
    return min((run() for _ in range(times)), key=lambda one: one.wall_s)


def _bare(mapping: Path, folder: Path) -> Took:
    (folder / "bare.db").unlink(missing_ok=True)
    return took([sys.executable, "-c", _BARE, str(mapping), "bare.db"], folder)


def _plan(mapping: Path, folder: Path, *, anew: bool) -> Took:
    if anew:
        for path in folder.glob("amzsync.db*"):
            path.unlink()
    found = took(amzsync("plan", "-q", "--mapping", str(mapping)), folder)
    assert found.code == 0
    return found


def test_planning_a_hundred_thousand_products(tmp_path: Path) -> None:
    small, large = tmp_path / "small.json", tmp_path / "large.json"
    write_catalogue(small, products=10_000, images=8, unique=44_444)
    write_catalogue(large, products=100_000, images=8, unique=444_444)

    bare = _best(2, lambda: _bare(large, tmp_path))
    first = _best(2, lambda: _plan(large, tmp_path, anew=True))
    again = _best(2, lambda: _plan(large, tmp_path, anew=False))
    status = took(amzsync("status", "-q"), tmp_path)
    tenth = _best(2, lambda: _plan(small, tmp_path, anew=True))

    tell(
        "plan 800,000 references / json.load + bare indexed table", f"{first.wall_s / bare.wall_s:.2f}", "1.5"
    )
    tell("the same, in processor time", f"{first.cpu_s / bare.cpu_s:.2f}", "1.5")
    tell("plan the same file again / the first time", f"{again.wall_s / first.wall_s:.2f}", "1")
    tell("100,000 products / 10 × 10,000 products", f"{first.wall_s / (10 * tenth.wall_s):.2f}", "1")
    tell("largest memory of the plan", f"{first.peak_mb:.0f} MB", "300 MB")
    tell("status on that ledger", f"{status.wall_s:.2f} s", "1 s")

    assert first.peak_mb < 300
    assert again.wall_s < first.wall_s * 1.1
    assert status.wall_s < 2


def test_the_ledger_holds_what_the_bare_table_holds(tmp_path: Path) -> None:
    mapping = tmp_path / "m.json"
    write_catalogue(mapping, products=500, images=8, unique=2_000)
    _bare(mapping, tmp_path)
    _plan(mapping, tmp_path, anew=True)
    bare = rows(tmp_path / "bare.db", "SELECT * FROM links ORDER BY sku, position")
    planned = rows(
        tmp_path / "amzsync.db",
        "SELECT sku, url, variant, position FROM links JOIN products ON products.id = product_id"
        " JOIN urls ON urls.id = asset_id ORDER BY sku, position",
    )
    assert planned == bare
    assert len(planned) == len(json.loads(mapping.read_text())["matched"]) * 8


def test_help_answers_at_once(tmp_path: Path) -> None:
    bare = _best(10, lambda: took([sys.executable, "-c", "import typer, rich"], tmp_path))
    told = _best(10, lambda: took(amzsync("--help"), tmp_path))
    tell("--help / importing typer and rich", f"{told.wall_s / bare.wall_s:.2f}", "1.3")
