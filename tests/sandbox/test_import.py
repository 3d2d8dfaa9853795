"""The sandbox's importers for files: strict like the real ones."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from sandbox_faults import Sandbox

from amzsync.errors import SandboxError
from amzsync.sandbox import TypeClass, import_lines
from amzsync.sandbox.import_result import AssetMode, Imported
from amzsync.sandbox.importer import import_into_file

PICTURE = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"
HEADING = ("Asset name", "Asset URL", "Category", "Alt text")
ONE = ("a.jpg", PICTURE, "Shoes", "A shoe")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(limits=()) as sandbox:
        yield sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "imp").mkdir()
    return tmp_path / "imp"


def write(folder: Path, name: str, *lines: Iterable[str]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)


def faults(imported: Imported) -> list[tuple[str, int, str]]:
    assert imported.fault_count == len(imported.faults)
    return [(one.file, one.line, one.message) for one in imported.faults]


def test_assets_then_products_are_imported(sandbox: Sandbox, folder: Path) -> None:
    sandbox.seed(["A", "B"])
    write(folder, "products-1.csv", ("SKU", "amazon_images", "Thumbnail"), ("A", "b.jpg,a.jpg", "a.jpg"))
    write(folder, "galleries-1.csv", ("SKU", "amazon_images"), ("B", "b.jpg"))
    write(folder, "assets-2.csv", HEADING, ("b.jpg", PICTURE, "", ""))
    write(folder, "assets-1.csv", HEADING, ONE)
    write(folder, "left-out-1.csv", ("sku", "reason"), ("C", "because"))
    assert sandbox.import_folder(folder) == Imported(2, 0, 0, 2, 0, ())
    assert sandbox.snapshot().pictures == {"A": ("a.jpg", ("b.jpg", "a.jpg")), "B": (None, ("b.jpg",))}
    assert [one.filename for one in sandbox.snapshot().assets] == ["a.jpg", "b.jpg"]
    assert sandbox.alt_texts == {"a.jpg": "A shoe"}
    assert sandbox.total == 0


@pytest.mark.parametrize(
    ("mode", "counts", "sources"),
    [
        (AssetMode.ADD_AND_UPDATE, (1, 1, 0), [PICTURE, f"{PICTURE}?2"]),
        (AssetMode.ONLY_NEW, (1, 0, 1), ["https://old.example/1.jpg", f"{PICTURE}?2"]),
        (AssetMode.ONLY_UPDATE, (0, 1, 1), [PICTURE]),
    ],
)
def test_a_mode_says_which_assets_are_taken(
    sandbox: Sandbox, folder: Path, mode: AssetMode, counts: tuple[int, ...], sources: list[str]
) -> None:
    before = sandbox.add_asset("a.jpg", "https://old.example/1.jpg")
    write(folder, "assets-1.csv", HEADING, ONE, ("b.jpg", f"{PICTURE}?2", "", ""))
    told = sandbox.import_folder(folder, mode)
    assert (told.assets_added, told.assets_updated, told.passed_over) == counts
    assert [one.source_url for one in sandbox.snapshot().assets] == sources
    assert sandbox.snapshot().assets[0].id == before


def test_a_line_with_an_error_is_told_and_changes_nothing(sandbox: Sandbox, folder: Path) -> None:
    sandbox.seed(["A", "B"])
    sandbox.add_asset("there.jpg")
    sandbox.set_family("B", sandbox.add_family("Books"))
    write(
        folder,
        "assets-1.csv",
        HEADING,
        ONE,
        ONE,
        ("", PICTURE, "", ""),
        ("a/b.jpg", PICTURE, "", ""),
        ("c.jpg", "", "", ""),
        ("d.jpg", "https://x.invalid/d.jpg", "", ""),
        ("e.jpg", PICTURE),
    )
    write(
        folder,
        "products-1.csv",
        ("SKU", "amazon_images", "Thumbnail"),
        ("X", "a.jpg", ""),
        ("A", "a.jpg,nowhere.jpg", ""),
        ("A", "a.jpg", "a.jpg,there.jpg"),
        ("B", "a.jpg", ""),
    )
    assert faults(sandbox.import_folder(folder)) == [
        ("assets-1.csv", 3, "The name 'a.jpg' is there twice."),
        ("assets-1.csv", 4, "'' cannot be the name of an asset."),
        ("assets-1.csv", 5, "'a/b.jpg' cannot be the name of an asset."),
        ("assets-1.csv", 6, "The new asset 'c.jpg' has no Asset URL."),
        ("assets-1.csv", 7, "No image can be downloaded from 'https://x.invalid/d.jpg'."),
        ("assets-1.csv", 8, "The line has not as many cells as the heading."),
        ("products-1.csv", 2, "There is no product 'X'."),
        ("products-1.csv", 3, "There is no asset 'nowhere.jpg'."),
        ("products-1.csv", 4, "A product has one thumbnail."),
        ("products-1.csv", 5, "The attribute does not belong to the product's family."),
    ]
    assert set(sandbox.snapshot().pictures.values()) == {(None, ())}
    assert [one.filename for one in sandbox.snapshot().assets] == ["there.jpg", "a.jpg"]


def test_an_empty_cell_clears_and_a_missing_column_does_not(sandbox: Sandbox, folder: Path) -> None:
    sandbox.seed(["A"])
    asset = sandbox.add_asset("a.jpg")
    sandbox.set_gallery("A", [asset])
    sandbox.set_thumbnail("A", asset)
    write(folder, "products-1.csv", ("SKU", "amazon_images"), ("A", ""))
    assert sandbox.import_folder(folder).products == 1
    assert sandbox.snapshot().pictures == {"A": ("a.jpg", ())}
    write(folder, "products-1.csv", ("SKU", "Thumbnail"), ("A", ""))
    sandbox.import_folder(folder)
    assert sandbox.snapshot().pictures == {"A": (None, ())}


def test_a_product_holds_no_more_assets_than_plytix_allows(sandbox: Sandbox, folder: Path) -> None:
    sandbox.seed(["A"])
    names = [f"{number}.jpg" for number in range(301)]
    for name in names:
        sandbox.add_asset(name)
    write(folder, "galleries-1.csv", ("SKU", "amazon_images"), ("A", ",".join(names)))
    assert faults(sandbox.import_folder(folder))[0][2] == "A product holds at most 300 assets."


@pytest.mark.parametrize(
    ("name", "content", "line", "message"),
    [
        ("assets-1.csv", b"Asset URL\nx\n", 0, "The column Asset name is missing."),
        ("assets-1.csv", b"Asset name,Size\nx,1\n", 0, "There is no column 'Size' for assets."),
        ("assets-1.csv", b"", 0, "The column Asset name is missing."),
        ("products-1.csv", b"sku,amazon_images\nA,\n", 0, "The column SKU is missing."),
        ("products-1.csv", b"SKU,nowhere\nA,\n", 0, "No media gallery has the label 'nowhere'."),
        ("products-1.csv", b"SKU,notes\nA,\n", 0, "No media gallery has the label 'notes'."),
        ("products-1.csv", b"SKU,SKU\nA,A\n", 0, "A column is there twice."),
        ("products-1.csv", b"SKU\nA\n\xff\n", 0, "The file is not UTF-8 text."),
        ("products-1.csv", b'SKU\nA\n"B\n', 2, "The file is no CSV: unexpected end of data."),
        ("products-1.csv", b"SKU\n" + b"A" * 200_000, 0, "The file is no CSV: field larger than"),
        ("products-1.csv", b"SKU\n" + b"A\n" * 600_000, 0, "The file is larger than 1,000,000 bytes."),
    ],
)
def test_a_file_that_cannot_be_imported_is_told(
    sandbox: Sandbox,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes,
    line: int,
    message: str,
) -> None:
    monkeypatch.setattr(import_lines, "MOST_BYTES", 1_000_000)
    sandbox.add_attribute("Notes", TypeClass.TEXT)
    sandbox.seed(["A"])
    (folder / name).write_bytes(content)
    (fault,) = faults(sandbox.import_folder(folder))
    assert fault[:2] == (name, line)
    assert fault[2].startswith(message)


def test_faults_are_counted_beyond_those_that_are_kept(sandbox: Sandbox, folder: Path) -> None:
    write(folder, "products-1.csv", ("SKU",), *((f"X{number}",) for number in range(1200)))
    told = sandbox.import_folder(folder)
    assert (told.fault_count, len(told.faults)) == (1200, 1000)


def test_the_account_in_a_file_must_be_there_and_free(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    with pytest.raises(SandboxError, match="There is no sandbox account"):
        import_into_file(store, folder, AssetMode.ONLY_NEW)
    with Sandbox(store) as sandbox:
        sandbox.seed(["A"])
        with pytest.raises(SandboxError, match="in use"):
            import_into_file(store, folder, AssetMode.ONLY_NEW)
    with pytest.raises(SandboxError, match="holds no files to import"):
        import_into_file(store, folder, AssetMode.ONLY_NEW)
    with pytest.raises(SandboxError, match="cannot be read"):
        import_into_file(store, folder / "nowhere", AssetMode.ONLY_NEW)
    write(folder, "assets-1.csv", HEADING, ONE)
    assert import_into_file(store, folder, AssetMode.ONLY_NEW).assets_added == 1
    with Sandbox(store) as sandbox:
        assert sandbox.alt_texts == {"a.jpg": "A shoe"}
