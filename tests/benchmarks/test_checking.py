"""What a check costs: requests for ten thousand products, and the memory for them."""

import json
from math import ceil
from pathlib import Path

import pytest
from benchmarks.catalogues import write_catalogue
from benchmarks.measuring import amzsync, tell, took
from benchmarks.serving import served

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_PRODUCTS = 10_000
_UNLIMITED = ("--rate-limit", "1000000/1s")


def test_ten_thousand_products_cost_a_search_for_a_hundred(tmp_path: Path) -> None:
    skus = write_catalogue(tmp_path / "m.json", products=_PRODUCTS, images=9, unique=50_000)
    with served(skus) as server:
        environment = server.environment
        planned = took(amzsync("plan", "-q", "--mapping", "m.json"), tmp_path, environment)
        assert planned.code == 0
        tenth = took(
            amzsync("check", "--json", "--limit", str(_PRODUCTS // 10), *_UNLIMITED), tmp_path, environment
        )
        checked = took(amzsync("check", "--json", *_UNLIMITED), tmp_path, environment)
        seen = server.seen()
    assert (tenth.code, checked.code) == (3, 3), "nothing was applied: every image is missing"
    told, _ = json.JSONDecoder().raw_decode((tmp_path / "output.txt").read_text())
    floor = ceil(_PRODUCTS / 100)
    tell(
        f"check of {_PRODUCTS:,} products, searches / 100 products", f"{told['requests'] / floor:.3f}", "1.02"
    )
    tell("the same, seconds", f"{checked.wall_s:.1f} s", "less than the limits take")
    tell("largest memory / that of a tenth of the products", f"{checked.peak_mb / tenth.peak_mb:.2f}", "2")
    assert (told["products"], told["counts"]["missing"]) == (_PRODUCTS, 9 * _PRODUCTS)
    assert told["requests"] <= 1.02 * floor + 3
    assert seen["refused"] == 0
