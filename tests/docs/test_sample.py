"""The first command and the troubled mapping print what the pages show; the sample holds every form."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from docs.page import PAGES, README, SAMPLE, amzsync, amzsync_commands, block, sample_folder, table

from amzsync.domain.product import Product
from amzsync.mapping.read import read_products

LEDGER = "amzsync.db"
COMMANDS = amzsync_commands(block("command: sample"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample_folder(tmp_path_factory.mktemp("checkout") / "clone")


@pytest.fixture(scope="module")
def output(folder: Path) -> str:
    """What README's first command prints, without the installation."""
    ran = [amzsync(*words, cwd=folder) for words in COMMANDS]
    assert [one.code for one in ran] == [0, 0]
    return "".join(one.text for one in ran)


@pytest.fixture
def plan(tmp_path: Path) -> dict[str, Any]:
    ran = amzsync("plan", "--mapping", str(SAMPLE), "--json", cwd=tmp_path)
    assert ran.code == 0
    plan: dict[str, Any] = json.loads(ran.text)
    return plan


def _lines(text: str) -> list[str]:
    timeless = re.sub(r"in \d+ s\.", "in 1 s.", text)
    return [line.rstrip() for line in timeless.splitlines() if line.strip()]


def test_the_first_command_shows_what_readme_shows(output: str) -> None:
    _assert_shows(output, "output: sample")


def test_the_troubled_mapping_shows_what_the_page_on_errors_shows(folder: Path) -> None:
    shown = amzsync_commands(PAGES[".github/SUPPORT.md"].shell())
    (words,) = [words for words in shown if "data/troubled_mapping.json" in words]
    ran = amzsync(*words, cwd=folder)
    assert ran.code == 3
    _assert_shows(ran.text, "output: trouble")
    beside = {path.name for path in (folder / ".sample").glob("troubled.db?*")}
    told = re.findall(r"`amzsync(\.[^`]+)`", " ".join(names for names, _ in table("table: files")))
    assert beside <= {f"troubled{ending}" for ending in told}


def _assert_shows(printed_text: str, mark: str) -> None:
    printed = iter(_lines(printed_text))
    pieces = [piece for piece in map(_lines, block(mark).split("…\n")) if piece]
    assert pieces
    for piece in pieces:
        assert piece[0] in printed, piece[0]
        assert [next(printed) for _ in piece[1:]] == piece[1:]


def test_the_first_command_again_makes_no_request(output: str, folder: Path) -> None:
    assert "34 requests" in output
    again = amzsync(*COMMANDS[0], "--json", cwd=folder)
    assert again.code == 0
    assert json.loads(again.text[again.text.index("{") :])["requests"] == 0


def test_a_lost_ledger_costs_four_reads_and_no_write(output: str, folder: Path) -> None:
    assert output
    for path in (folder / ".sample").glob(f"{LEDGER}*"):
        if path.suffix != ".sandbox":
            path.unlink()
    again = amzsync(*COMMANDS[0], "--output", "report.json", cwd=folder)
    assert again.code == 0
    report = json.loads((folder / "report.json").read_text())
    assert report["requests_by_kind"] == {
        "token": 1,
        "attribute_search": 1,
        "product_search": 1,
        "asset_search": 1,
    }
    assert report["images_skipped"] == report["unique_images"] == 15
    told = " ".join(f"{keys} {text}" for keys, text in table("table: report"))
    inside = {*report["metadata"], "url", "error", "product_sku"}
    assert set(re.findall(r"`(\w+)`", told)) - inside <= report.keys()
    assert {"products_not_found", "main_image_links", "parent_main_image_links"} <= report.keys()


def test_one_request_for_each_step_would_cost_what_readme_says(output: str) -> None:
    told = (
        r"thumbnails on (\d+) products",
        r"images added to Plytix +(\d+)",
        r"gallery links in place +(\d+)",
        r"thumbnails in place +(\d+)",
    )
    searches, uploads, links, thumbnails = (int(re.findall(one, output)[0]) for one in told)
    token = 1
    (one_by_one,) = re.findall(r"One request for each .*?would\s+have\s+taken (\d+)", README.text, re.DOTALL)
    assert int(one_by_one) == searches + uploads + links + thumbnails + token


def test_the_sample_has_something_of_everything(plan: dict[str, Any]) -> None:
    figures = {
        "total_products": 16,
        "products_with_images": 15,
        "products_without_images": 1,
        "total_image_refs": 100,
        "unique_images": 15,
        "shared_images": 14,
        "superseded_images": 8,
        "repeated_images": 1,
        "malformed_images": 0,
        "parent_main_image_links": 2,
    }
    assert {name: plan[name] for name in figures} == figures


def test_the_sample_shows_every_form() -> None:
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    products = [one for name in ("matched", "unmatched_amazon", "variants") for one in sample[name]]
    assert all(sample[name] for name in ("matched", "unmatched_amazon", "variants"))
    images = [image for one in products for image in one.get("amazon_images") or ()]
    assert any("variant" not in image for image in images)
    assert any("height" not in image for image in images)
    assert any("height" in image for image in images)
    assert any("amazon_image_swatch" in one and one["amazon_image_variant_8"] is None for one in products)
    assert any(len({group["marketplaceId"] for group in one.get("images", ())}) == 2 for one in products)
    assert any(len(one.get("image_urls", ())) > 9 for one in products)
    assert any("suggested_sku" not in one and "amazon_asin" in one for one in products)
    assert any("suggested_sku" not in one and "asin" in one for one in products)
    assert any(one.get("is_parent") is True for one in products)
    assert any(one.get("item_classification") == "VARIATION_PARENT" for one in products)


def test_the_sample_gives_each_form_its_variants() -> None:
    products = (one for one in read_products(SAMPLE) if isinstance(one, Product))
    by_sku = {one.sku: [ref.variant for ref in one.images] for one in products}
    assert by_sku["AMZN-US-B0FERNMS08"] == ["MAIN", "PT01", "PT02", "PT03", "PT04", "PT05", "SWATCH"]
    assert by_sku["AMZN-US-B0FERNBNDL"][-3:] == ["IMG09", "IMG10", "IMG11"]
    assert by_sku["AMZN-DE-B0FERNSL12"] == ["MAIN", "PT01", "PT02", "PT03"]
    assert {"FRNT", "PAKN"} <= set(by_sku["AMZN-US-B0FERNMS12"])
    assert by_sku["AMZN-US-B0FERNGIFT"] == []
