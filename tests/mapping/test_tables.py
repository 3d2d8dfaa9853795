"""Tables: what their columns mean, and what is said of those that are not understood."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mapping_forms import csv_text, workbook

from amzsync.domain.product import MARKETPLACE_IDS, ImageRef, Product, Unreadable
from amzsync.errors import MappingError
from amzsync.mapping.read import NamedColumns, read_products

WriteTable = Callable[[str | bytes], Path]
U = "https://x.example/{}.jpg"


@pytest.fixture
def table(tmp_path: Path) -> WriteTable:
    path = tmp_path / "m.csv"

    def write(content: str | bytes) -> Path:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def products(
    path: Path, marketplace: str | None = None, columns: NamedColumns | None = None
) -> list[Product]:
    found = list(read_products(path, marketplace=marketplace, columns=columns))
    assert all(isinstance(one, Product) for one in found), found
    return [one for one in found if isinstance(one, Product)]


def refusal(path: Path, marketplace: str | None = None, columns: NamedColumns | None = None) -> MappingError:
    with pytest.raises(MappingError) as raised:
        list(read_products(path, marketplace=marketplace, columns=columns))
    return raised.value


def short(product: Product) -> tuple[str, list[tuple[str, str]]]:
    return product.sku, [(ref.url, ref.variant) for ref in product.images]


def test_rows_of_one_product_that_follow_each_other_are_one_product(table: WriteTable) -> None:
    header = "sku,url,variant,height,width,title,is_parent"
    rows = ["A,u0,MAIN,10,20,One,", "A,u1,pt01,10.0,x,Two,true", "B,u2", "", "A,u3,,,"]
    found = products(table("\n".join([header, *rows])))
    assert found == [
        Product("A", True, (ImageRef("u0", "MAIN", 200, 20), ImageRef("u1", "PT01")), "One"),
        Product("B", False, (ImageRef("u2", ""),)),
        Product("A", False, (ImageRef("u3", ""),)),
    ]


@pytest.mark.parametrize(
    ("row", "sku"),
    [
        ("S,A,B,C,ASIN", "S"),
        (",A,B,C,ASIN", "AMZN-US-A"),
        (" , ,B,C,ASIN", "AMZN-US-B"),
        (",,,C,asin", "AMZN-US-C"),
        (",,,C,1", "AMZN-US-C"),
    ],
)
def test_a_product_is_named_by_its_sku_or_else_by_an_asin(row: str, sku: str, table: WriteTable) -> None:
    header = "sku,amazon_asin,asin,product-id,product-id-type,main_image_url"
    assert [one.sku for one in products(table(f"{header}\n{row},u\n"))] == [sku]


@pytest.mark.parametrize("kind", ["EAN", "4", "", "GTIN Exempt"])
def test_an_id_that_is_no_asin_names_no_product(kind: str, table: WriteTable) -> None:
    path = table(f"item_sku,external_product_id,external_product_id_type,main_image_url\nS,4001,{kind},u\n")
    (found,) = read_products(path)
    assert found == Unreadable("m.csv, line 2", "the row has neither a SKU nor an ASIN", str(path))


def test_rows_with_nothing_in_the_columns_that_are_used_are_no_products(table: WriteTable) -> None:
    assert [one.sku for one in products(table("sku,url,stock\nA,u,1\n,,7\n,\n\n"))] == ["A"]
    assert "no products found" in refusal(table("sku,url\n")).cause
    assert "none of its 1 entries" in refusal(table("asin,title,url\n,A shoe,\n")).cause


def test_the_first_kind_of_columns_that_holds_something_is_used(table: WriteTable) -> None:
    header = "sku,main_image_url,other_image_url12,amazon_image_main,amazon_image_swatch,url"
    found = products(table(f"{header}\nA,m,o,,,p\nB,m,o,f,s,p\n"))
    assert list(map(short, found)) == [
        ("A", [("m", "MAIN"), ("o", "PT12")]),
        ("B", [("f", "MAIN"), ("s", "SWATCH")]),
    ]


def locator(name: str, code: str) -> str:
    return f"{name}_product_image_locator[marketplace_id={MARKETPLACE_IDS[code]}]#1.media_location"


def test_the_columns_of_the_products_own_marketplace_are_used(table: WriteTable) -> None:
    names = [locator("main", "US"), locator("main", "DE"), "marketplace"]
    names.insert(1, locator("other", "US").replace("_locator", "_locator_1"))
    path = table(csv_text([["asin", *names], ["A", "us", "us1", "de", ""], ["B", "us", "", "de", "DE"]]))
    assert list(map(short, products(path))) == [
        ("AMZN-US-A", [("us", "MAIN"), ("us1", "PT01")]),
        ("AMZN-DE-B", [("de", "MAIN")]),
    ]
    assert [one.sku for one in products(path, marketplace="DE")] == ["AMZN-DE-A", "AMZN-DE-B"]


@pytest.mark.parametrize(
    ("codes", "above", "chosen", "sku"),
    [
        (["DE"], "", None, "AMZN-DE-A"),
        (["UK"], "", "GB", "AMZN-GB-A"),
        (["US", "CA"], "", None, "AMZN-US-A"),
        (["FR", "DE"], "", "DE", "AMZN-DE-A"),
        (["FR", "DE"], f"dataRow=3&primaryMarketplaceId={MARKETPLACE_IDS['DE']}", None, "AMZN-DE-A"),
    ],
)  # fmt: skip
def test_a_table_can_tell_its_marketplace(
    codes: list[str], above: str, chosen: str | None, sku: str, table: WriteTable
) -> None:
    rows = [[above, "x"], ["asin", *(locator("main", code) for code in codes)], ["A", *codes]]
    (found,) = products(table(csv_text(rows)), marketplace=chosen)
    assert found.sku == sku
    assert found.images[0].url in ("UK", sku[5:7])


def test_columns_of_a_marketplace_that_is_not_known_are_not_used(table: WriteTable) -> None:
    unknown = "main_product_image_locator[marketplace_id=A0]#1.media_location"
    assert "no column with the addresses" in refusal(table(csv_text([["asin", unknown], ["A", "u"]]))).cause
    anyone = "main_product_image_locator#1.media_location"
    assert short(*products(table(csv_text([["asin", anyone], ["A", "u"]])))) == ("AMZN-US-A", [("u", "MAIN")])


@pytest.mark.parametrize(
    ("codes", "chosen", "cause"),
    [
        (["FR", "DE"], None, "it has columns of images for FR, DE"),
        (["DE"], "US", "its columns of images are for DE, not for US"),
    ],
)
def test_a_marketplace_that_is_missing_or_wrong_is_told(
    codes: list[str], chosen: str | None, cause: str, table: WriteTable
) -> None:
    rows = [["asin", *(locator("main", code) for code in codes)], ["A", *codes]]
    error = refusal(table(csv_text(rows)), marketplace=chosen)
    assert error.cause == cause
    assert error.place.endswith("m.csv, line 1")


def test_columns_that_are_named_come_before_all_others(table: WriteTable) -> None:
    path = table("sku;Artikel;Bild;bild 2;url;variant\nX;A;b1;b2;u;PT05\nX;B;;b3;u;\n")
    named = NamedColumns("artikel", ("Bild", "Bild 2"))
    assert list(map(short, products(path, columns=named))) == [
        ("A", [("b1", ""), ("b2", "")]),
        ("B", [("b3", "")]),
    ]
    named = NamedColumns(None, ("bild 2",))
    assert list(map(short, products(path, columns=named))) == [("X", [("b2", "PT05"), ("b3", "")])]
    assert list(map(short, products(path, columns=NamedColumns("Artikel")))) == [
        ("A", [("u", "PT05")]),
        ("B", [("u", "")]),
    ]


@pytest.mark.parametrize(
    ("text", "named", "place", "cause", "step"),
    [
        ("Artikel;Bild\nA;b\n", None, 1, "no column with SKUs or ASINs, and none", "--url-column NAME"),
        ("a\n\nsku;Bild\nA;b\n", None, 3, "with the addresses of images. Found: sku, Bild", "--url"),
        ("item_sku\tmain_image_url\nA\tb\n", None, 1, "with the SKU or the ASIN", "--sku-column item_sku"),
        ("sku,url\nA,b\n", NamedColumns("SKUs"), 1, "no column SKUs. Found: sku, url", ""),
        ("sku,url\nA,b\n", NamedColumns(None, ("url", "u2")), 1, "no column url, u2. Found: sku, url", ""),
        ("sku,url\nA,b\n", NamedColumns("x", ("y",)), 1, "no column x, y. Found", ""),
        (",".join(f"column{n}" for n in range(40)), None, 1, "column14 and 25 more", ""),
        ("x" * 5000 + ",y\n", None, 1, "Found: " + "x" * 40 + ", y", ""),
        ("a," * 140_000 + "\n", None, 1, "a, a and 139985 more", ""),
    ],
)  # fmt: skip
def test_columns_that_are_not_understood_are_told(
    text: str, named: NamedColumns | None, place: int, cause: str, step: str, table: WriteTable
) -> None:
    error = refusal(table(text), columns=named)
    assert error.place.endswith(f"m.csv, line {place}")
    assert cause in error.cause
    assert step in error.next_step
    assert len(str(error)) < 1500


def test_a_header_stands_among_the_first_25_rows(table: WriteTable) -> None:
    assert products(table("\n" * 24 + "sku,url\nA,u\n"))
    assert refusal(table("\n" * 25 + "sku,url\nA,u\n"))


@pytest.mark.parametrize(
    ("content", "place", "cause"),
    [
        (b'sku,url\nA,"u\n' + b"B,u\n" * 9, "line 2", "a quote that is never closed"),
        (b'sku,url\nA,u\nB,"u' + b"x" * 140_000, "line 3", "one cell is longer than 131,072"),
        (b'sku,url\n"\nA",u\nB,"u\n' + b"x,\n" * 400_000, "line 4", "longer than 131,072"),
        (b'Shoes\nA,"b\n', "line 2", "a quote that is never closed"),
        (b"sku,url\nA," + b"u" * 2_000_000, "line 2", "longer than"),
        (b"sku,url\nA,u\n" + b"," * 1_100_000 + b"\n", "line 3", "one row is longer than 1,000,000"),
        (b'sku,url\nA,"u\n' + b'","u\n' * 300_000, "line 2", "one row is longer than 1,000,000"),
        (b"sku,url\nA,u\nGr\xf6\xdfe,u\n", "line 3", "the file is not UTF-8 text"),
        (b"sku,url\nA,u\n" * 40_000 + b"\xff,u\n", "line 80001", "the file is not UTF-8 text"),
        (b"sku,url\nA\0B,u\n", "line 2, column sku", "NUL"),
        (b"sku,url\nA,u\rB,u\n", "line 2", "a carriage return stands within a cell"),
        (b"asin,url\n" + b"A" * 600 + b",u\n", "line 2, column ASIN", "longer than 512"),
        (b"sku,url\n" + b"A,u\n" * 1001, "line 1002", "the product A has more than 1,000 images"),
        (b"sku,url\n" + b",u\n" * 10_001, "line 10002", "10,001th product with neither"),
    ],
)
def test_a_hostile_table_is_refused_with_the_line(
    content: bytes, place: str, cause: str, table: WriteTable
) -> None:
    error = refusal(table(content))
    assert error.place.endswith(f"m.csv, {place}")
    assert cause in error.cause


def test_lines_that_end_as_on_old_macs_are_lines(table: WriteTable) -> None:
    assert [one.sku for one in products(table("sku,url\rA,u\rB,u\r"))] == ["A", "B"]


def test_products_before_a_fault_are_read_while_the_file_is_read(table: WriteTable) -> None:
    rows = "".join(f"S{number},u\n" for number in range(200_000))
    found = read_products(table("sku,url\n" + rows + '"'))
    assert isinstance(next(found), Product)


PIECES = st.sampled_from([*'",;\t\n\r\0[ü ', "sku", "url", "main_image_url", "A", "https://x.example/1.jpg"])


@settings(max_examples=150)
@example(text='"a"b,"c', is_table=True)
@given(text=st.lists(PIECES, max_size=40).map("".join), is_table=st.booleans())
def test_whatever_a_table_holds_it_brings_products_or_a_sentence(
    text: str, *, is_table: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_text(("sku,url\n" if is_table else "") + text, encoding="utf-8", newline="")
    try:
        found = list(read_products(path))
    except MappingError:
        return
    assert found


def rows_of(*cells: Sequence[object]) -> bytes:
    return workbook({"S": cells})


def test_a_workbook_is_told_by_its_content_and_its_first_sheet_with_a_header_is_read(
    table: WriteTable,
) -> None:
    book = workbook(
        {
            "Notes": [("nothing",)],
            "First": [
                (),
                ("Shoes",),
                (),
                ("SKU", "url"),
                (12345, "u"),
                (),
                (6.5, "u"),
                (None, None),
                (True, "u"),
            ],
            "Second": [("sku", "url"), ("B", "u")],
        }
    )
    assert [one.sku for one in products(table(book))] == ["12345", "6.5", "True"]


def test_a_place_in_a_workbook_names_sheet_and_row(table: WriteTable) -> None:
    path = table(rows_of(("sku", "url"), (), ("A", "u"), ("", "u")))
    assert [one.place for one in read_products(path) if isinstance(one, Unreadable)] == [
        "m.csv, sheet S, row 4"
    ]
    error = refusal(table(rows_of(("sku", "url"), ("A" * 600, "u"))))
    assert error.place.endswith("m.csv, sheet S, row 2, column sku")
    error = refusal(table(workbook({"S": [("a",)], "T": [("item_sku", "main_image_url")]})))
    assert error.place.endswith("m.csv, sheet T, row 1")
    assert "add `--sku-column item_sku`" in error.next_step
