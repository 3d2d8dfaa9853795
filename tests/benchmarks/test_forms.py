"""What planning costs where the same catalogue comes in other forms: against JSON, in one run."""

import csv
import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from benchmarks.catalogues import write_catalogue
from benchmarks.measuring import Took, amzsync, tell, took

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_PRODUCTS, _IMAGES = 100_000, 8


def _plan(mapping: Path, folder: Path) -> Took:
    for path in folder.glob("amzsync.db*"):
        path.unlink()
    found = took(amzsync("plan", "-q", "--mapping", str(mapping)), folder)
    assert found.code == 0, (folder / "output.txt").read_text()
    return found


def _entries(path: Path) -> Iterator[dict[str, Any]]:
    """The products of the catalogue, which stand one a line."""
    with path.open() as file:
        next(file)
        for line in file:
            yield json.loads(line.rstrip().removesuffix("]}").rstrip(","))


def _write_forms(path: Path, folder: Path) -> dict[str, Path]:
    forms = {name: folder / name.replace(" ", "_") for name in ("JSON Lines", "long CSV", "wide CSV")}
    lines, long, wide = (one.open("w", newline="") for one in forms.values())
    with lines, long, wide:
        long_rows, wide_rows = csv.writer(long), csv.writer(wide)
        long_rows.writerow(["sku", "amazon_title", "url", "variant", "height", "width"])
        others = [f"other_image_url{number}" for number in range(1, _IMAGES)]
        wide_rows.writerow(["sku", "amazon_title", "main_image_url", *others])
        for entry in _entries(path):
            lines.write(json.dumps(entry) + "\n")
            about = entry["suggested_sku"], entry["amazon_title"]
            images = entry["amazon_images"]
            long_rows.writerows(
                [*about, one["link"], one["variant"], one["height"], one["width"]] for one in images
            )
            wide_rows.writerow([*about, *(one["link"] for one in images)])
    return forms


def _links(ledger: Path) -> str:
    """A digest of every link. Rows one by one: what this process holds, its children are said to hold too."""
    digest = hashlib.sha256()
    with closing(sqlite3.connect(ledger)) as connection:
        for row in connection.execute(
            "SELECT sku, url, variant, position FROM links JOIN products ON products.id = product_id"
            " JOIN urls ON urls.id = asset_id ORDER BY sku, position"
        ):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def test_the_same_catalogue_in_other_forms_costs_little_more(tmp_path: Path) -> None:
    as_json = tmp_path / "m.json"
    write_catalogue(as_json, products=_PRODUCTS, images=_IMAGES, unique=444_444)
    forms = _write_forms(as_json, tmp_path)
    first = [_plan(as_json, tmp_path)]
    expected = _links(tmp_path / "amzsync.db")
    took_s, peaks = {}, {}
    for name, path in forms.items():
        found = [_plan(path, tmp_path) for _ in range(2)]
        assert _links(tmp_path / "amzsync.db") == expected
        took_s[name], peaks[name] = min(one.cpu_s for one in found), max(one.peak_mb for one in found)
    first.append(_plan(as_json, tmp_path))
    json_s, json_mb = min(one.cpu_s for one in first), max(one.peak_mb for one in first)

    for name, seconds in took_s.items():
        tell(
            f"plan 800,000 references as {name} / as JSON (processor time)", f"{seconds / json_s:.2f}", "1.5"
        )
    tell("largest memory, JSON / the others", f"{json_mb:.0f} / {max(peaks.values()):.0f} MB", "flat")
    assert max(took_s.values()) < json_s * 1.5
    assert max(peaks.values()) < json_mb * 1.2
