"""The examples on the pages work: configuration, mapping, client."""

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from docs.page import PAGES, SAMPLE, amzsync, block, table

from amzsync.config import load_account
from amzsync.domain.product import MARKETPLACE_IDS, MAX_IMAGES, Product
from amzsync.mapping import csv_rows, read, stream, xlsx_rows
from amzsync.mapping.columns import NamedColumns, find_columns
from amzsync.mapping.forms import read_product
from amzsync.mapping.read import read_products

FLAT_FIELDS = [
    "amazon_image_main",
    *(f"amazon_image_variant_{number}" for number in range(1, 9)),
    "amazon_image_swatch",
]
US = MARKETPLACE_IDS["US"]
ADDRESS = "http://127.0.0.1:8080"


def test_the_configuration_is_one(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(block("example: config"), encoding="utf-8")
    for alias in (None, "production", "prod"):
        account = load_account(alias, config_path=path, environ={}, home=tmp_path, cwd=tmp_path)
        assert account.name == "production"
        assert [str(limit) for limit in account.limits or ()] == ["50/10s", "5000/1h"]


def test_the_mapping_is_one(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text(block("example: mapping"), encoding="utf-8")
    products = (one for one in read_products(path) if isinstance(one, Product))
    assert [(one.sku, one.is_parent, len(one.images)) for one in products] == [
        ("AMZN-US-B0FERNMS08", False, 3),
        ("AMZN-DE-B0FERNSL08", False, 3),
        ("AMZN-US-B0FERNSLPA", True, 1),
        ("AMZN-US-B0FERNBNDL", False, 2),
    ]


@pytest.mark.parametrize(
    ("mark", "found"),
    [
        (
            "example: long table",
            [
                ("AMZN-US-B0FERNMS08", False, ["MAIN", "PT01"], "Fern boot, moss, 8"),
                ("AMZN-US-B0FERNSL08", False, [""], None),
            ],
        ),
        (
            "example: wide table",
            [
                ("AMZN-US-B0FERNMS08", False, ["MAIN", "PT01"], "Fern boot"),
                ("AMZN-US-B0FERNMSPA", True, ["MAIN"], "Fern boot"),
            ],
        ),
    ],
)
def test_the_tables_are_mappings(
    mark: str, found: list[tuple[str, bool, list[str], str | None]], tmp_path: Path
) -> None:
    path = tmp_path / "table"
    path.write_text(block(mark), encoding="utf-8")
    products = (one for one in read_products(path) if isinstance(one, Product))
    assert [
        (one.sku, one.is_parent, [ref.variant for ref in one.images], one.title) for one in products
    ] == found


def test_every_column_named_is_one() -> None:
    names = [name for named, _ in table("table: columns") for name in re.findall(r"`([^`]+)`", named)]
    used = find_columns(
        [name.replace("marketplace_id=…", f"marketplace_id={US}") for name in names], NamedColumns()
    )
    ids, pictures = used.identity, used.pictures
    for name in ("external_product_id", "product_id", "amzn1.volt.ca.product_id_value"):
        assert find_columns([name, f"{name.removesuffix('_value')}_type"], NamedColumns()).identity.typed
    wide = [
        index for views in (pictures.flat, *pictures.located.values(), pictures.old) for index, _ in views
    ]
    about = [*used.titles, *(index for index, _ in used.parents)]
    others = [ids.marketplace, pictures.variant, pictures.height, pictures.width]
    long = [names.index("url"), names.index("link")]
    typed = [index for index, name in enumerate(names) if "product_id" in name and "locator" not in name]
    indexes = {*ids.skus, *ids.asins, *wide, *about, *others, *long, *typed}
    assert indexes == set(range(len(names)))
    assert find_columns(["link"], NamedColumns()).has_pictures


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amazon_images", [{"link": "https://x.example/1.jpg"}]),
        ("images", [{"marketplaceId": "ATVPDKIKX0DER", "images": [{"link": "https://x.example/1.jpg"}]}]),
        ("image_urls", ["https://x.example/1.jpg"]),
        *((name, "https://x.example/1.jpg") for name in FLAT_FIELDS),
    ],
)
def test_every_form_named_is_one(field: str, value: object) -> None:
    named = " ".join(fields for fields, _ in table("table: forms"))
    assert f"`{field}`" in named or field in FLAT_FIELDS[2:8]
    product = read_product({"suggested_sku": "S1", field: value}, lambda: "US")
    assert isinstance(product, Product)
    assert [image.url for image in product.images] == ["https://x.example/1.jpg"]


def test_the_bounds_of_a_mapping_are_those_of_the_program() -> None:
    bounds = f"{MAX_IMAGES:,} images for a product, {stream._MAX_ELEMENT_CHARS:,} characters for one entry"
    text = " ".join(PAGES["data/README.md"].text.split())
    assert f"{bounds}, {read._MAX_UNREADABLE:,} products without a SKU" in text
    assert csv_rows._MAX_ROW_CHARS == stream._MAX_ELEMENT_CHARS
    assert csv.field_size_limit() == xlsx_rows._MOST_CELL_CHARS
    assert f"one cell may have {xlsx_rows._MOST_CELL_CHARS:,} characters" in text
    assert f"{xlsx_rows._MOST_ROWS:,} rows, and unpack to {xlsx_rows._MOST_BYTES >> 20} MB" in text


def test_a_client_of_ones_own_finds_the_sandbox_and_amzsync_does_too(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "amzsync", "sandbox", "serve", "--mapping", str(SAMPLE)]
    server = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        settings = dict(server.stdout.readline().strip().split("=", 1) for _ in range(4))
        address = settings["PLYTIX_API_URL"].removesuffix("/api/v1")
        client = subprocess.run(
            [sys.executable, "-c", block("example: client").replace(ADDRESS, address)],
            env={**os.environ, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (client.returncode, client.stdout) == (0, "15 products\n"), client.stderr
        applied = amzsync("apply", "--mapping", str(SAMPLE), "--yes", cwd=tmp_path, **settings)
        assert applied.code == 0
        assert "gallery links in place                     91" in applied.text
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=20)
    assert server.returncode == 0
