"""The folder for Plytix's importers: what stands in its files, and what it never overwrites."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.alt_text import Use, read_alt_text
from amzsync.errors import ConfigError
from amzsync.ledger.imports import AssetImport, LeftOut, ProductImport
from amzsync.views.console import make_console
from amzsync.views.import_files import ImportWriter, Written
from amzsync.views.import_folder import FIRST_LINE, open_import_folder
from amzsync.views.import_page import readme
from amzsync.views.import_summary import ImportSummary

A = AssetImport("amazon_01_MAIN_a.jpg", "https://x.example/a,1.jpg", Use("S1", "Moss, boot", "MAIN", 1))
B = AssetImport("amazon_02_PT01_b.jpg", "https://x.example/b\u200b.jpg", Use("S2", "", "PT01", 2))
S1 = ProductImport("S1", (A.filename, B.filename), A.filename, was_seen=True)
S2 = ProductImport("S2", (B.filename,), None, was_seen=False)


def export(
    path: Path,
    assets: Iterable[AssetImport] = (A, B),
    products: Iterable[ProductImport | LeftOut] = (S1, S2),
    *,
    alt_text: str | None = None,
    most_bytes: int = 1000,
) -> Written:
    template = read_alt_text(alt_text) if alt_text else None
    with open_import_folder(path, most_bytes) as folder:
        written = ImportWriter(folder, "amazon_images", template).write(assets, products)
        folder.publish(readme(written, made_at="today", refresh="amzsync plan", apply="amzsync apply"))
    return written


def lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))


def names(path: Path) -> list[str]:
    return sorted(one.name for one in path.iterdir())


def said(written: Written, *, brief: bool = False) -> str:
    summary = ImportSummary(written, Path("imp"), "amzsync plan --refresh", "amzsync apply")
    out = io.StringIO()
    (summary.print_brief if brief else summary.print)(make_console(out, environ={}, width=100))
    return out.getvalue()


def test_assets_and_products_stand_in_files_with_the_columns_of_the_importers(tmp_path: Path) -> None:
    written = export(tmp_path / "imp", alt_text="{title} \u2013 view {position}")
    assert lines(tmp_path / "imp" / "assets-1.csv") == [
        ["Asset name", "Asset URL", "Category", "Alt text"],
        [A.filename, A.url, "", "Moss, boot \u2013 view 1"],
        [B.filename, "https://x.example/b%E2%80%8B.jpg", "", ""],
    ]
    assert lines(tmp_path / "imp" / "products-1.csv") == [
        ["SKU", "amazon_images", "Thumbnail"],
        ["S1", f"{A.filename},{B.filename}", A.filename],
    ]
    assert lines(tmp_path / "imp" / "galleries-1.csv") == [["SKU", "amazon_images"], ["S2", B.filename]]
    assert (written.assets, written.products, written.galleries, written.unread) == (2, 1, 1, 1)
    assert written.without_alt_text == 1


def test_the_page_names_the_files_the_steps_and_what_an_import_replaces(tmp_path: Path) -> None:
    export(tmp_path / "imp", products=[S1, S2, LeftOut("S3", "because")])
    assert lines(tmp_path / "imp" / "left-out-1.csv") == [["sku", "reason"], ["S3", "because"]]
    page = (tmp_path / "imp" / "README.txt").read_text()
    assert page.startswith(f"{FIRST_LINE}\n")
    for part in (
        "replaces the whole gallery amazon_images",
        "    amzsync plan\n",
        "1 product in these files has NEVER been read.",
        "1 product is not in these files; left-out-1.csv says why.",
        "assets-1.csv.\n",
        "products-1.csv, galleries-1.csv.\n",
        "    amzsync apply\n",
        "undo and prune leave it alone",
        *(f"\n{step}. " for step in range(1, 6)),
    ):
        assert part in page
    assert max(map(len, page.splitlines())) <= 100


def test_files_are_numbered_where_one_would_be_too_large(tmp_path: Path) -> None:
    products = [ProductImport(f"S{number:02d}", ("ä" * 50,), "t", was_seen=True) for number in range(20)]
    written = export(tmp_path / "imp", products=products)
    assert (written.products, written.galleries, written.without_alt_text) == (20, 0, 0)
    parts = [tmp_path / "imp" / f"products-{number}.csv" for number in (1, 2, 3)]
    assert [one.name for one in parts] == list(written.files[1])
    assert all(880 < one.stat().st_size <= 1000 for one in parts[:-1])
    assert parts[-1].stat().st_size <= 1000
    assert [line[0] for one in parts for line in lines(one)[1:]] == [f"S{number:02d}" for number in range(20)]
    assert {lines(one)[0][0] for one in parts} == {"SKU"}
    assert "products-1.csv to products-3.csv (3 files)" in (tmp_path / "imp" / "README.txt").read_text()
    assert "products-1.csv … products-3.csv (3)" in said(written)


def test_an_export_replaces_an_earlier_one_whole_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "imp"
    export(folder, most_bytes=60)
    (folder / "notes.txt").write_text("mine")
    (folder / f".amzsync-{'0' * 16}.tmp").write_text("of a killed export")
    assert "assets-2.csv" in names(folder)
    export(folder, products=[])
    assert names(folder) == ["README.txt", "assets-1.csv", "notes.txt"]
    assert (folder / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["README.txt", "products-1.csv", "photo\x1b[2J.jpg"])
def test_a_folder_with_other_content_is_not_touched(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    (tmp_path / "another").write_text("mine")
    with pytest.raises(ConfigError) as raised:
        export(tmp_path)
    assert raised.value.message.startswith(f"The folder {tmp_path} holds ")
    assert "\x1b" not in raised.value.message
    assert name in raised.value.message or not name.isprintable()
    assert {one.read_text() for one in tmp_path.iterdir()} == {"mine"}


def test_an_interrupted_export_leaves_the_earlier_one_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "imp"

    def interrupted() -> Iterable[ProductImport]:
        yield S1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export(folder, products=interrupted())
    assert not folder.exists()
    export(folder)
    before = {one.name: one.read_bytes() for one in folder.iterdir()}
    with pytest.raises(KeyboardInterrupt):
        export(folder, products=interrupted())
    assert {one.name: one.read_bytes() for one in folder.iterdir()} == before


def test_an_export_that_dies_while_its_files_take_their_places_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "imp"
    export(folder)
    replace = Path.replace

    def dies(self: Path, target: Path) -> Path:
        if target.name == "products-1.csv":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(KeyboardInterrupt):
        export(folder)
    monkeypatch.undo()
    assert "They are not complete" in (folder / "README.txt").read_text()
    export(folder)
    assert "They are not complete" not in (folder / "README.txt").read_text()


@pytest.mark.parametrize("place", ["file", "no/folder"])
def test_a_place_that_can_be_no_folder_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ConfigError, match="cannot be written"):
        export(tmp_path / place)
    assert names(tmp_path) == ["file"]


@given(st.text(), st.text())
def test_no_cell_is_a_formula_whatever_a_ledger_holds(
    tmp_path_factory: pytest.TempPathFactory, sku: str, reason: str
) -> None:
    folder = tmp_path_factory.mktemp("x")
    use = Use(sku, reason, "MAIN", 1)
    export(
        folder, [AssetImport(sku, reason, use)], [LeftOut(sku, reason)], alt_text="{title}", most_bytes=9**9
    )
    cells = [*lines(folder / "left-out-1.csv")[1], *lines(folder / "assets-1.csv")[1]]
    assert len(cells) == 6
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert all(cell.isprintable() for cell in cells)


def test_what_is_left_out_is_named_and_so_is_what_to_do_first(tmp_path: Path) -> None:
    left_out = [LeftOut(f"S{number}\x1b[2J", "because") for number in range(12)]
    written = export(tmp_path, products=[S1, S2, *left_out], alt_text="{title}")
    text = said(written)
    assert "12 products left out (because): S0\\x1b[2J," in text
    assert "and 2 more" in text
    assert "1 asset without an alternative text" in text
    assert "1 product never read in Plytix" in text
    assert text.endswith("README.txt says: amzsync apply\n")
    assert "\nNext, before the import, and then export again: amzsync plan --refresh\n" in text
    assert said(written, brief=True) in text


def test_nothing_to_import_is_said(tmp_path: Path) -> None:
    assert said(export(tmp_path, (), ())).strip() == "Nothing to import, as far as the ledger knows."
    assert names(tmp_path) == ["README.txt"]
