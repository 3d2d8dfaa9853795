"""A script that the program does not have takes one file and one command, and no change elsewhere."""

import os
import subprocess
import sys
from pathlib import Path

from catalogue import product
from docs.page import block
from executor.harness import SyncHarness


def listed(script: Path, harness: SyncHarness) -> tuple[list[str], str]:
    """What the file of the page prints for the harness's ledger: the lines of its output, and of its log."""
    script.write_text(block("example: script"), encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, str(script), str(harness.path)],
        env={
            **os.environ,
            "PLYTIX_API_URL": harness.sandbox.url,
            "PLYTIX_AUTH_URL": harness.sandbox.auth_url,
            "PLYTIX_API_KEY": "sandbox-key",
            "PLYTIX_API_PASSWORD": "sandbox-password",
        },
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.split(), ended.stderr


def test_the_script_on_the_page_lists_thumbnails_that_are_not_first_in_one_request_for_100_products(
    harness: SyncHarness, tmp_path: Path
) -> None:
    skus = [f"S{n:03d}" for n in range(130)]
    harness.plan(*(product(sku, (f"{sku}a", "MAIN"), (f"{sku}b", "PT01")) for sku in skus))
    first, second = harness.sandbox.add_asset("first.jpg"), harness.sandbox.add_asset("second.jpg")
    for sku in skus[:120]:
        harness.sandbox.set_gallery(sku, [first, second])
        harness.sandbox.set_thumbnail(sku, second if sku in {"S007", "S101"} else first)
    before = harness.pictures
    found, log = listed(tmp_path / "thumbnails.py", harness)
    assert found == ["S007", "S101"]
    assert harness.sandbox.counts == {"POST /auth/api/get-token": 1, "POST /products/search": 2}
    assert harness.pictures == before
    assert log == "2 products, 3 requests\n"


def test_the_script_on_the_page_reads_a_product_by_itself_where_the_search_does_not_tell_its_gallery(
    harness: SyncHarness, tmp_path: Path
) -> None:
    harness.plan(product("S1", ("a", "MAIN")), product("S2", ("b", "MAIN")))
    first, second = harness.sandbox.add_asset("first.jpg"), harness.sandbox.add_asset("second.jpg")
    harness.sandbox.set_thumbnail("S1", second)
    harness.sandbox.set_gallery("S2", [first, second])
    harness.sandbox.set_thumbnail("S2", second)
    found, _ = listed(tmp_path / "thumbnails.py", harness)
    assert found == ["S2"]
    assert harness.sandbox.counts["GET /products/{id}"] == 1, "S1 has an asset, but no gallery is told"
