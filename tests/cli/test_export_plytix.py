"""`amzsync export plytix`: files for what no request limit allows."""

import csv
from pathlib import Path

import pytest
from catalogue import rows
from cli.fixtures import Setup, flat
from cli.terminal import amzsync

from amzsync.ledger.lock import WriterLock


def lines(path: str) -> list[list[str]]:
    return list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))


def test_a_part_of_a_catalogue_is_exported_with_the_commands_that_follow(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a", "b"), flat("B", "c")]})
    amzsync("plan", "--mapping", mapping, "--gallery", "shop_images", "--ledger", "my.db")
    result = amzsync("export", "plytix", "imp", "--sku", "A", "--ledger", "my.db")
    assert (result.code, result.err) == (0, "")
    assert result.out.rstrip().endswith("says: amzsync apply --sku A --yes --ledger my.db")
    assert "1 product never read in Plytix" in result.out
    assert "amzsync plan --refresh --ledger my.db" in result.out
    assert lines("imp/products-1.csv")[0] == ["SKU", "shop_images", "Thumbnail"]
    assert [line[0] for line in lines("imp/products-1.csv")[1:]] == ["A"]
    assert len(lines("imp/assets-1.csv")) == 3


def test_quiet_tells_only_what_has_to_be_known(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a")]})
    amzsync("plan", "--mapping", mapping)
    noisy = amzsync("export", "plytix", "imp", "-q")
    assert (noisy.out, noisy.err.splitlines()[-1][:5]) == ("", "Next,")
    amzsync("plan", "--refresh")
    quiet = amzsync("export", "plytix", "imp", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_pictures_that_a_refresh_has_not_found_are_looked_up_after_the_import(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a")]})
    amzsync("plan", "--mapping", mapping, "--refresh")
    absent = "SELECT count(*) FROM assets WHERE absent_at IS NOT NULL"
    assert rows(setup.ledger, absent) == [(1,)]
    amzsync("export", "plytix", "imp")
    assert rows(setup.ledger, absent) == [(0,)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plytix",), "Name the folder"),
        (("plytix", "imp", "--format", "json"), "no --format, no --output"),
        (("plytix", "imp", "--format", "csv"), "no --format, no --output"),
        (("plytix", "imp", "--output", "x"), "no --format, no --output"),
        (("links", "imp"), "For links, add --output FILE."),
        (("links", "--alt-text", "{sku}"), "--alt-text is for `export plytix DIR`."),
        (("plytix", "imp", "--alt-text", "{price}"), "{price} is not one of {sku}, {title}"),
    ],
)
def test_options_that_do_not_belong_together_are_a_usage_error(words: tuple[str, ...], said: str) -> None:
    result = amzsync("export", *words)
    assert (result.code, said in result.err) == (2, True)
    assert not Path("imp").exists()


def test_without_a_ledger_or_beside_a_run_nothing_is_written(setup: Setup) -> None:
    assert "There is no ledger at amzsync.db." in amzsync("export", "plytix", "imp").err
    amzsync("plan", "--mapping", setup.mapping({"matched": [flat("A", "a")]}))
    with WriterLock(setup.ledger):
        result = amzsync("export", "plytix", "imp")
    assert (result.code, "is in use by" in result.err) == (1, True)
    assert not Path("imp").exists()
