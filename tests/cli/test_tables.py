"""Tables through the program: the columns that options name, and the state that each form leads to."""

import os
from pathlib import Path

import pytest
from catalogue import rows
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from mapping_forms import FORMS

from amzsync.domain.product import ImageRef, Product
from amzsync.ledger.ledger import Ledger
from amzsync.mapping.forms import FLAT_FIELDS

U = "https://m.media-amazon.com/images/I/{}.jpg"
TABLE = f"Artikel;Bild 1;Bild 2\nA;{U.format('a')};{U.format('b')}\nB;{U.format('b')};\n"


def galleries(setup: Setup) -> dict[str, tuple[str | None, tuple[str, ...]]]:
    return dict(setup.sandbox.snapshot().pictures)


def test_the_columns_that_options_name_are_used(setup: Setup) -> None:
    setup.sandbox.seed(["A", "B"])
    (setup.folder / "m.csv").write_text(TABLE)
    refused = amzsync("plan", "m.csv")
    assert refused.code == 1
    assert "Found: Artikel, Bild 1, Bild 2" in refused.err
    columns = ("--sku-column", "Artikel", "--url-column", "Bild 1", "--url-column", "Bild 2")
    result = amzsync("apply", "m.csv", *columns, "--yes", *FAST)
    assert result.code == 0, result.err
    assert {sku: shown for sku, (_, shown) in galleries(setup).items()} == {
        "A": ("amazon_01_MAIN_a.jpg", "amazon_01_MAIN_b.jpg"),
        "B": ("amazon_01_MAIN_b.jpg",),
    }
    assert amzsync("check", "m.csv", *columns, *FAST).code == 0


@pytest.mark.parametrize("option", ["--sku-column", "--url-column"])
def test_a_column_without_a_name_is_a_usage_error(option: str, setup: Setup) -> None:
    (setup.folder / "m.csv").write_text(TABLE)
    assert amzsync("plan", "m.csv", option, " ").code == 2


@pytest.mark.parametrize("option", ["--sku-column", "--url-column"])
def test_a_column_of_what_is_no_table_is_a_usage_error(option: str, setup: Setup) -> None:
    (setup.folder / "m.json").write_text('[{"suggested_sku": "A", "image_urls": []}]')
    refused = amzsync("plan", "m.json", option, "Artikel")
    assert refused.code == 2
    assert "this is none: m.json" in " ".join(refused.err.split())
    assert not setup.ledger.exists()


def test_columns_are_for_the_tables_among_several_mappings(setup: Setup) -> None:
    (setup.folder / "m.json").write_text('[{"suggested_sku": "J", "image_urls": []}]')
    (setup.folder / "m.csv").write_text(TABLE)
    planned = amzsync(
        "plan", "m.json", "m.csv", "--sku-column", "Artikel", "--url-column", "Bild 1", "--json"
    )
    assert planned.code == 0, planned.err
    assert planned.json["total_products"] == 3


def test_resume_reads_the_same_columns(setup: Setup) -> None:
    setup.sandbox.seed(["A", "B"])
    path = setup.folder / "m.csv"
    path.write_text(TABLE)
    with Ledger.write(setup.ledger) as ledger:
        options = {"mappings": [str(path)], "sku_column": "Artikel", "url_columns": ["Bild 1"]}
        ledger.runs.start("apply", options, os.getpid(), [], is_planned=False)
    result = amzsync("resume", "--yes", *FAST)
    assert result.code == 0, result.err
    assert rows(setup.ledger, "SELECT count(*) FROM links WHERE state = 'done'") == [(2,)]


def test_what_must_be_corrected_is_applied_again_with_the_columns_of_its_table(setup: Setup) -> None:
    setup.sandbox.seed(["A"])
    (setup.folder / "m.csv").write_text("Artikel,url\nA,no address\n")
    result = amzsync("apply", "m.csv", "--sku-column", "Artikel", "--yes", *FAST)
    assert result.code == 3
    assert "amzsync apply --mapping m.csv --sku-column Artikel" in " ".join(result.out.split())


@pytest.mark.parametrize("form", ["JSON Lines of items", "new flat file", "long CSV with semicolons"])
def test_a_form_ends_in_the_state_that_json_ends_in(form: str, setup: Setup, tmp_path: Path) -> None:
    some = [flat("AMZN-US-1", "a", "b"), flat("AMZN-US-2", "a", "c", "d")]
    setup.apply(setup.mapping(some))
    as_json = galleries(setup)
    products = [
        Product(
            one["suggested_sku"],
            False,
            tuple(
                ImageRef(url, variant) for field, variant in FLAT_FIELDS.items() if (url := one.get(field))
            ),
        )
        for one in some
    ]
    (tmp_path / "form").write_bytes(FORMS[form](products))
    amzsync("undo", "--yes", "--max-delete", "100%", *FAST)
    assert galleries(setup) != as_json
    result = amzsync("apply", tmp_path / "form", "--yes", "--ledger", tmp_path / "form.db", *FAST)
    assert result.code == 0, result.err
    assert galleries(setup) == as_json


def test_doctor_reads_the_same_columns(setup: Setup) -> None:
    setup.sandbox.seed(["A", "B"])
    (setup.folder / "m.csv").write_text(TABLE)
    columns = ("--sku-column", "Artikel", "--url-column", "Bild 1")
    result = amzsync("doctor", "m.csv", *columns, *FAST)
    assert "2 products" in result.out, result.err
    assert "the table has no column" in amzsync("doctor", "m.csv", *FAST).out
