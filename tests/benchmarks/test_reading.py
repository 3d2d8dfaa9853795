"""What it costs to show a ledger of a hundred thousand products: against planning, and against bare SQL."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from benchmarks.catalogues import write_catalogue
from benchmarks.measuring import amzsync, tell, took

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_PLAN_ALONE = """
import sys
from pathlib import Path
from amzsync.ledger.ledger import Ledger
from amzsync.mapping.read import read_products
from amzsync.planner import Planner, settle
with Ledger.write(Path("amzsync.db")) as ledger:
    planner = Planner(ledger.merge.known_rows(), gallery_label="amazon_images")
    for product in read_products(Path(sys.argv[1])):
        planner.add(product)
    ledger.merge.apply(settle(planner), gallery_label="amazon_images", skip_existing=False)
"""
_BARE_COUNTS = """
import sqlite3
for table in ("links", "assets", "thumbnails"):
    sqlite3.connect("amzsync.db").execute(f"SELECT state, count(*) FROM {table} GROUP BY state").fetchall()
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in which all is in place but one link of one product."""
    folder = tmp_path_factory.mktemp("reading")
    write_catalogue(folder / "m.json", products=100_000, images=9, unique=444_444)
    assert took(amzsync("plan", "-q", "--mapping", "m.json"), folder).code == 0
    with closing(sqlite3.connect(folder / "amzsync.db")) as ledger:
        ledger.execute("UPDATE assets SET state = 'done', origin = 'uploaded', plytix_id = 'a' || id")
        ledger.execute("UPDATE links SET state = 'done', origin = 'made', placed = position")
        ledger.execute("UPDATE thumbnails SET state = 'done', origin = 'made'")
        ledger.execute("UPDATE products SET plytix_id = 'p' || id")
        ledger.execute(
            "UPDATE links SET state = 'pending', placed = NULL, origin = NULL"
            " WHERE product_id = 70000 AND position = 3"
        )
        ledger.commit()
    return folder


def test_one_change_among_a_hundred_thousand_products_is_shown_in_little_more_than_the_plan(
    folder: Path,
) -> None:
    alone = min(took([sys.executable, "-c", _PLAN_ALONE, "m.json"], folder).cpu_s for _ in range(2))
    shown = min(took(amzsync("plan", "--mapping", "m.json"), folder).cpu_s for _ in range(2))
    printed = (folder / "output.txt").read_text()

    tell("plan with one change, shown / the plan itself (processor time)", f"{shown / alone:.2f}", "1.2")
    assert "+1 image" in printed
    assert "99,999 products unchanged." in printed
    assert shown < alone * 1.5


def test_a_large_ledger_is_shown_at_once(folder: Path) -> None:
    bare = min(took([sys.executable, "-c", _BARE_COUNTS], folder).cpu_s for _ in range(3))
    status = [took(amzsync("status", "-q"), folder) for _ in range(3)]
    quickest = min(one.cpu_s for one in status)

    tell("status, processor time", f"{quickest:.2f} s", "1 s")
    tell("status / bare counts of the same rows", f"{quickest / bare:.2f}", "")
    tell("largest memory of status", f"{max(one.peak_mb for one in status):.0f} MB", "flat")
    assert quickest < 2


def test_an_export_of_a_large_ledger_streams(folder: Path) -> None:
    started = time.perf_counter()
    with subprocess.Popen(amzsync("export", "links"), cwd=folder, stdout=subprocess.PIPE) as exporting:
        assert exporting.stdout
        exporting.stdout.readline()
        exporting.stdout.readline()
        first_s = time.perf_counter() - started
        exporting.kill()
    whole = took(amzsync("export", "links", "--output", "links.csv"), folder)
    few = took(amzsync("export", "links", "--limit", "100", "--output", "few.csv"), folder)

    tell("export of 900,000 links: the first row after", f"{first_s:.2f} s", "1 s")
    tell("all of it", f"{whole.wall_s:.2f} s", "")
    tell("memory, all of it / 100 products", f"{whole.peak_mb:.0f} / {few.peak_mb:.0f} MB", "flat")
    with (folder / "links.csv").open() as exported:
        assert sum(1 for _ in exported) == 900_001
    assert whole.peak_mb < few.peak_mb * 1.2
