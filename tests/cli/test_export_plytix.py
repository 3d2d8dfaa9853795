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


def test_the_account_that_a_plan_was_given_is_named_again(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a")]}, seed=False)
    amzsync("plan", mapping, "--plytix-account", "sandbox")
    out = amzsync("export", "plytix", "imp").out
    assert out.count("--plytix-account sandbox") == 2
    assert "amzsync apply --yes --plytix-account sandbox" in Path("imp/README.txt").read_text()


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


def test_the_sandbox_imports_what_was_exported_and_apply_only_reads(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a", "b"), flat("B", "c")]}, seed=False)
    amzsync("plan", mapping, "--plytix-account", "sandbox", "--refresh")
    amzsync("export", "plytix", "imp")
    words = ("sandbox", "import", "imp", "--store", "amzsync.db.sandbox", "--mode", "only-new")
    result = amzsync(*words)
    assert (result.code, result.err) == (0, "")
    assert [line.split()[-1] for line in result.out.splitlines()] == ["3", "0", "0", "2", "0"]
    done = amzsync("apply", "--yes", "--json").json
    assert done["requests_by_kind"].keys() <= {"token", "attribute_search", "product_search", "asset_search"}
    assert (done["images_uploaded"], done["links_created"], done["main_image_links"]) == (0, 3, 2)


def test_lines_that_the_sandbox_does_not_take_are_told_and_make_exit_code_3(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a")]}, seed=False)
    amzsync("plan", mapping, "--plytix-account", "sandbox", "--refresh")
    Path("imp").mkdir()
    Path("imp/products-1.csv").write_text("SKU\n" + "".join(f"X\x1b[2J{number}\n" for number in range(30)))
    for quiet in ((), ("-q",)):
        result = amzsync("sandbox", "import", "imp", "--store", "amzsync.db.sandbox", *quiet)
        assert result.code == 3
        text = result.err if quiet else result.out
        assert "30 lines not taken:\n  products-1.csv, line 2: There is no product 'X" in text
        assert text.endswith("  and 10 more\n")
        assert "\x1b" not in text


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("imp",), 2, "Name the sandbox's file with --store FILE."),
        (("imp", "--store", "nowhere"), 1, "There is no sandbox account at nowhere."),
        (("imp", "--store", "x", "--mode", "all"), 2, "only-new"),
    ],
)
def test_an_import_into_no_account_is_refused(
    setup: Setup, words: tuple[str, ...], code: int, said: str
) -> None:
    result = amzsync("sandbox", "import", *words)
    assert (result.code, said in result.err) == (code, True)
    assert [*setup.folder.iterdir()] == []
