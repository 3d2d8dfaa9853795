import hashlib
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from amzsync.domain.product import Product, Unreadable
from amzsync.errors import MappingError
from amzsync.mapping.read import read_products
from amzsync.mapping.source import open_mapping

WriteMapping = Callable[[object], Path]


@pytest.fixture
def mapping(tmp_path: Path) -> WriteMapping:
    path = tmp_path / "mapping.json"

    def write(content: object) -> Path:
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def readable(found: Product | Unreadable) -> Product:
    assert isinstance(found, Product), found
    return found


def skus(path: Path, marketplace: str | None = None) -> list[str]:
    return [readable(found).sku for found in read_products(path, marketplace=marketplace)]


def refusal(path: Path) -> MappingError:
    with pytest.raises(MappingError) as raised:
        skus(path)
    return raised.value


def test_an_export_lists_its_products_in_three_places(mapping: WriteMapping) -> None:
    export = {
        "version": 2,
        "matched": [{"asin": "M1"}, {"asin": "M2"}],
        "canonical_only": [{"sku": "C1"}],
        "unmatched_amazon": [{"asin": "U1"}],
        "variants": [{"asin": "V1"}],
        "summary": {"matched": 2},
    }
    assert skus(mapping(export)) == ["AMZN-US-M1", "AMZN-US-M2", "AMZN-US-U1", "AMZN-US-V1"]


def test_a_bare_list_is_a_mapping(mapping: WriteMapping) -> None:
    assert skus(mapping([{"asin": "B1"}, {"suggested_sku": "S"}])) == ["AMZN-US-B1", "S"]


ITEM = {
    "asin": "B1",
    "images": [
        {"marketplaceId": "ATVPDKIKX0DER", "images": [{"variant": "MAIN", "link": "https://x.example/1"}]}
    ],
    "summaries": [{"marketplaceId": "ATVPDKIKX0DER", "itemName": "Moss"}],
}


def test_an_answer_of_the_sp_api_is_a_mapping(mapping: WriteMapping) -> None:
    search = {"numberOfResults": 2, "pagination": {"nextToken": "t"}, "items": [ITEM, {"asin": "B2"}]}
    assert skus(mapping(search)) == ["AMZN-US-B1", "AMZN-US-B2"]
    assert skus(mapping([search, {"asin": "B3"}, search])) == [
        "AMZN-US-B1",
        "AMZN-US-B2",
        "AMZN-US-B3",
        "AMZN-US-B1",
        "AMZN-US-B2",
    ]
    (item,) = map(readable, read_products(mapping(ITEM)))
    assert (item.sku, item.title, len(item.images)) == ("AMZN-US-B1", "Moss", 1)


def test_one_item_alone_is_a_mapping_whatever_else_it_has(mapping: WriteMapping) -> None:
    item = {"numbers": [1, [2]], "asin": "B1", "variants": [{"asin": "B2"}], "items": 7, "relationships": {}}
    assert skus(mapping(item)) == ["AMZN-US-B1"]
    assert [type(one) for one in read_products(mapping({"image_urls": ["https://x.example/1"]}))] == [
        Unreadable
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n", " "])
def test_json_lines_are_a_mapping(mapping: WriteMapping, end: str) -> None:
    lines = [ITEM, {"suggested_sku": "S"}, {"items": [{"asin": "B3"}, {"asin": "B4"}]}, {"asin": "B5"}]
    text = "".join(json.dumps(line) + end for line in lines)
    for content in (text, text.rstrip(), "\ufeff" + text):
        found = skus(mapping(content.encode()))
        assert found == ["AMZN-US-B1", "S", "AMZN-US-B3", "AMZN-US-B4", "AMZN-US-B5"]


def test_in_json_lines_a_product_speaks_only_for_itself_and_metadata_for_all(mapping: WriteMapping) -> None:
    lines = [{"marketplace": "DE", "asin": "B1"}, {"asin": "B2"}]
    assert skus(mapping("\n".join(map(json.dumps, lines)).encode())) == ["AMZN-DE-B1", "AMZN-US-B2"]
    about: list[dict[str, object]] = [
        {"metadata": {"marketplace": "DE"}},
        {"asin": "B1"},
        {"asin": "B2", "marketplace": "FR"},
    ]
    assert skus(mapping("\n".join(map(json.dumps, about)).encode())) == ["AMZN-DE-B1", "AMZN-FR-B2"]


def test_in_json_lines_and_pages_a_place_is_told_too(mapping: WriteMapping) -> None:
    lines = [{"asin": "B1"}, {"image_urls": ["u"]}, {"items": [{"asin": "B2"}, {"title": "x"}]}]
    found = read_products(mapping("\n".join(map(json.dumps, lines)).encode()))
    assert [one.place for one in found if isinstance(one, Unreadable)] == [
        "mapping.json, line 2",
        "mapping.json, line 3, items[1]",
    ]
    assert refusal(mapping(b'{"asin": "B1"}\n{"asin": 7}')).place.endswith(", line 2.asin")
    assert refusal(mapping([{"items": [{"asin": 7}]}])).place.endswith(", product [0].items[0].asin")


def test_a_byte_order_mark_is_passed_over(mapping: WriteMapping) -> None:
    assert skus(mapping(b'\xef\xbb\xbf[{"asin": "B1"}]')) == ["AMZN-US-B1"]


def test_a_list_that_is_null_or_missing_is_an_empty_one(mapping: WriteMapping) -> None:
    assert skus(mapping({"matched": None, "variants": [{"asin": "V1"}]})) == ["AMZN-US-V1"]


@pytest.mark.parametrize("metadata", [{"metadata": {"marketplace": " DE "}}, {"marketplace": "DE"}])
@pytest.mark.parametrize("is_first", [True, False])
def test_the_mappings_marketplace_holds_wherever_it_stands(
    mapping: WriteMapping, metadata: dict[str, object], *, is_first: bool
) -> None:
    products = {"matched": [{"asin": "B1"}, {"asin": "B2", "marketplace": "FR"}], "variants": []}
    export = {**metadata, **products} if is_first else {**products, **metadata}
    assert skus(mapping(export)) == ["AMZN-DE-B1", "AMZN-FR-B2"]


def test_a_marketplace_asked_for_overrides_all_others(mapping: WriteMapping) -> None:
    export = {
        "metadata": {"marketplace": "DE"},
        "matched": [{"asin": "B1"}, {"asin": "B2", "marketplace": "FR"}],
    }
    assert skus(mapping(export), marketplace="UK") == ["AMZN-UK-B1", "AMZN-UK-B2"]


@pytest.mark.parametrize("metadata", [None, [], "DE", {}, {"marketplace": 7}])
def test_metadata_that_tells_no_marketplace_leaves_the_default(
    mapping: WriteMapping, metadata: object
) -> None:
    assert skus(mapping({"metadata": metadata, "matched": [{"asin": "B1"}]})) == ["AMZN-US-B1"]


def test_opening_takes_the_digest_of_the_bytes(mapping: WriteMapping) -> None:
    path = mapping(b'[{"asin": "B1"}] \n')
    source = open_mapping(path)
    assert (source.path, source.sha256) == (path, hashlib.sha256(b'[{"asin": "B1"}] \n').hexdigest())


@pytest.mark.parametrize("open_it", [open_mapping, skus])
def test_a_path_that_is_no_file_says_what_it_is(tmp_path: Path, open_it: Callable[[Path], object]) -> None:
    for path, cause in [
        (tmp_path / "none.json", "there is no such file"),
        (tmp_path, "this is a folder"),
        (tmp_path / "a\0b", "cannot be read"),
        (tmp_path / ("x" * 300), "cannot be read"),
    ]:
        with pytest.raises(MappingError) as raised:
            open_it(path)
        assert raised.value.place == str(path)
        assert cause in raised.value.cause


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "the file is empty"),
        (b" \n\t", "not JSON: expected {, found 'the end of the file'"),
        (b"SKU,Image\nA,b\n", "the table has no column with the addresses of images. Found: SKU, Image"),
        (b"<html></html>", "neither JSON nor a table"),
        (b"{'matched': []}", "not JSON: expected a key"),
        (b"{matched: []}", "not JSON: expected a key"),
        (b'{"matched": [],}', "not JSON: expected a key"),
        (b'{"matched" []}', "not JSON: expected :"),
        (b'{"matched": [{"asin": "B1"},]}', "not JSON"),
        (b'{"matched": [{"asin": "B1"} {"asin": "B2"}]}', "not JSON: expected , or ]"),
        (b'[{"asin": "B1"}] {}', "something follows the end"),
        (b'{"matched": [{"asin": "B1"}]} x', "something follows the end"),
        (b'[{"asin": "B1"}]\0', "something follows the end"),
        (b"[\0]", "not JSON"),
        (b'[{"asin": "B\x001"}]', "not JSON"),
        (b'"text"', "neither JSON nor a table"),
        (b"42", "neither JSON nor a table"),
        (b"null", "neither JSON nor a table"),
        (b" " * 70_000 + b"42", "a mapping is an object or a list"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook"),
        (b"\x1f\x8b\x08\x00", "compressed (gzip)"),
        (b"%PDF-1.7", "a PDF file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not UTF-8"),
        (b"GIF89a\0\0", "neither text nor an Excel workbook"),
        (b'{"matched": {}}', "must be a list of products"),
        (b'{"matched": 7}', "must be a list of products"),
        (b"[]", "no products found"),
        (b"{}", "no products found"),
        (b'{"matched": [], "other": [1, 2]}', "no products found"),
        ('[{"asin": "B1"}]'.encode("utf-16"), "not UTF-8 text but UTF-16"),
        ('[{"asin": "B1"}]'.encode("utf-16-le"), "not JSON"),
        ('[{"asin": "B1"}]'.encode("utf-16-be"), "neither text nor an Excel workbook"),
        (b'[{"asin": "Gr\xf6\xdfe"}]', "not UTF-8"),
        (b'[{"asin": "B1\xe2\x82', "not UTF-8"),
        (b'[{"asin": "B1", "n": 1' + b"0" * 5000 + b"}]", "a number is too long"),
        (b"[" * 100, "nested deeper than 64"),
        (b"[" * 1000, "nested deeper than 64"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 64"),
        (b'{"a":' * 100_000, "nested deeper than 64"),
        (b'{"other": ' + b"[" * 70 + b"]" * 70 + b', "matched": []}', "nested deeper than 64"),
    ],
)
def test_a_file_that_is_no_mapping_says_why(mapping: WriteMapping, content: bytes, cause: str) -> None:
    error = refusal(mapping(content))
    assert cause in error.cause
    assert error.place.startswith(str(mapping(content)))
    if "not JSON:" in error.cause:
        assert error.next_step == "Correct the file at that place, or export it again: it may be cut off."


def test_a_file_cut_off_anywhere_is_refused_with_its_end(mapping: WriteMapping) -> None:
    whole = json.dumps(
        {"metadata": {"marketplace": "Ü"}, "matched": [{"asin": "B1", "n": [1.5e3, True, None, '\\"']}]},
        ensure_ascii=False,
    ).encode()
    for length in range(len(whole)):
        error = refusal(mapping(whole[:length]))
        assert any(words in error.cause for words in ("not JSON", "not UTF-8", "empty"))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'[{"asin": "B1"}\n,\n  x]', "line 3, column 3"),
        (b'{\n "matched": [\n  {"asin": "B1"},\n  {"asin" "B2"}\n]}', "line 4, column 11"),
        (b'{"a": 1 "b"}', "line 1, column 9"),
        ('{"ä": "ö"}\n{'.encode(), "line 2, column 2"),
        (b'{"asin": "B1"}\n{"asin": "B2"}\n{"asin" "B3"}\n', "line 3, column 9"),
        (b'{"asin": "B1"}\n{"asin": "B2"},\n{"asin": "B3"}\n', "line 2, column 15"),
        (b'{"asin": "B1"}\n\n{"asin": "B2", "title": "Gr\xf6\xdfe"}', "line 3"),
        (b'{"asin": "B1"}\n' * 20_000 + b"\xff", "line 20001"),
    ],
)
def test_a_fault_is_told_by_line_and_column(mapping: WriteMapping, content: bytes, place: str) -> None:
    assert refusal(mapping(content)).place.endswith(f", {place}")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ({"matched": [{"asin": "B1"}, 7]}, "matched[1]"),
        ({"variants": [{"asin": "B1", "image_urls": ["u", 2]}]}, "variants[0].image_urls[1]"),
        ([{"asin": "B1"}, {"asin": "B2", "amazon_images": {}}], "product [1].amazon_images"),
        ({"unmatched_amazon": "x"}, "unmatched_amazon"),
    ],
)
def test_a_wrong_shape_is_told_by_its_path(
    mapping: WriteMapping, content: dict[str, object] | list[dict[str, object]], place: str
) -> None:
    assert refusal(mapping(content)).place.endswith(f", {place}")


def test_a_lone_surrogate_is_refused_in_a_sku_and_kept_elsewhere(mapping: WriteMapping) -> None:
    assert "half a character" in refusal(mapping(b'[{"suggested_sku": "a\\ud800"}]')).cause
    (found,) = read_products(mapping(b'[{"asin": "B1", "image_urls": ["https://x/\\ud800.jpg"]}]'))
    assert readable(found).images[0].url == "https://x/\ud800.jpg"


def test_brackets_in_texts_are_no_nesting(mapping: WriteMapping) -> None:
    assert skus(mapping([{"asin": "B1", "note": '[{\\"' * 200}])) == ["AMZN-US-B1"]


def test_products_before_a_fault_are_read_while_the_file_is_read(mapping: WriteMapping) -> None:
    products = read_products(mapping(b'[{"asin": "B1"}, x]'))
    assert readable(next(products)).sku == "AMZN-US-B1"
    with pytest.raises(MappingError):
        next(products)


def test_a_product_without_a_sku_is_told_with_its_place_and_the_rest_is_read(
    mapping: WriteMapping,
) -> None:
    path = mapping({"matched": [{"asin": "B1"}, {"image_urls": ["u"]}, {}], "variants": [{"asin": "V1"}]})
    reason = "the product has neither suggested_sku nor amazon_asin nor asin"
    first, *unreadable, last = read_products(path)
    assert (readable(first).sku, readable(last).sku) == ("AMZN-US-B1", "AMZN-US-V1")
    assert unreadable == [
        Unreadable("mapping.json, matched[1]", reason, str(path)),
        Unreadable("mapping.json, matched[2]", reason, str(path)),
    ]


def test_objects_that_are_no_products_at_all_are_no_mapping(mapping: WriteMapping) -> None:
    assert "none of its 2 entries has a SKU or an ASIN" in refused(mapping([{"name": "x"}, {}])).cause
    assert [type(one) for one in read_products(mapping([{"amazon_image_main": "u"}]))] == [Unreadable]


def refused(path: Path) -> MappingError:
    found = read_products(path)
    with pytest.raises(MappingError) as raised:
        for _ in found:
            pass
    return raised.value


def test_a_file_of_products_without_a_sku_is_refused_before_it_fills_the_memory(
    mapping: WriteMapping,
) -> None:
    error = refused(mapping([{"image_urls": ["u"]}] * 10_001))
    assert error.place.endswith("product [10000]")
    assert "10,001th product with neither SKU nor ASIN" in error.cause


@pytest.mark.parametrize(
    "content",
    [
        b'[{"asin": "B1", "t": "' + b"x" * 1_000_001 + b'"}]',
        b'[{"asin": "B1", "image_urls": [' + b'"",' * 1_000_000 + b'""]}]',
        b'[{"asin": "B1", "t": "' + b"x" * 5_000_000,
        b'{"metadata": {"marketplace": "' + b"x" * 1_000_001 + b'"}, "matched": [{"asin": "B1"}]}',
    ],
)
def test_one_value_is_at_most_a_megabyte(mapping: WriteMapping, content: bytes) -> None:
    assert "longer than 1,000,000 characters" in refusal(mapping(content)).cause


def test_a_fault_early_in_a_long_value_is_told_as_what_it_is(mapping: WriteMapping) -> None:
    error = refusal(mapping(b'[{"asin": "B1",\n x: 1, "t": "' + b"x" * 3_000_000 + b'"}]'))
    assert "not JSON" in error.cause
    assert "line 2, column 2" in error.place


def test_what_is_not_used_may_be_of_any_size(mapping: WriteMapping) -> None:
    unused = {str(number): "x" * 1000 for number in range(2000)}
    path = mapping({"index": unused, "canonical_only": [unused["1"]] * 2000, "matched": [{"asin": "B1"}]})
    assert path.stat().st_size > 4_000_000
    assert skus(path) == ["AMZN-US-B1"]


@pytest.mark.parametrize("open_it", [open_mapping, skus])
def test_what_is_no_regular_file_is_refused_and_never_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, open_it: Callable[[Path], object]
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    pipe, link, own = Path("pipe"), Path("link.json"), Path("socket")
    os.mkfifo(pipe)
    link.symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(own))
        for path in (pipe, Path("/dev/zero"), link, own):
            with pytest.raises(MappingError) as raised:
                open_it(path)
            assert raised.value.place == str(path)
            assert raised.value.cause == "a mapping must be a regular file, not a pipe or a device"
