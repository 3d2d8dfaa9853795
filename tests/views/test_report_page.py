"""What stands on a report page, as its source says it."""

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count, islice

import pytest
from views.factories import HOSTILE
from views.report_pages import Element, Shelf, amazon, image, page_of, read_page, report, shelf

from amzsync.domain.changes import Change, FailedImage, Sign
from amzsync.ledger.galleries import GalleryRow
from amzsync.ledger.rows import State
from amzsync.views.report_page import render_page
from amzsync.views.report_tally import Tally, tallies

PAGE = page_of(report(shelf()))
TREE = read_page(PAGE)
PRODUCTS = {one.one("h3").text: one for one in TREE.all("article")}


def test_a_product_is_a_row_with_its_gallery_in_order_and_main_is_marked() -> None:
    assert list(PRODUCTS) == ["IN-PLACE", "TO-DO", "FAILED", "UNKNOWN", "EMPTY"]
    images = PRODUCTS["IN-PLACE"].one("ol", "gallery").all("li")
    assert [one.one("img").attributes["src"] for one in images] == [
        "https://m.media-amazon.com/images/I/a._SL160_.jpg",
        "https://m.media-amazon.com/images/I/b._SL160_.jpg",
    ]
    assert [one.one("span", "caption").text for one in images] == ["MAIN", "PT01"]
    assert ["main" in one.classes for one in images] == [True, False]
    assert [one.one("a").attributes["href"] for one in images] == [amazon("a"), amazon("b")]
    assert PRODUCTS["EMPTY"].one("p", "gallery").text == "No images."


def test_a_title_is_told_where_a_mapping_told_one() -> None:
    titles = {sku: [one.text for one in product.all("p", "title")] for sku, product in PRODUCTS.items()}
    assert titles.pop("IN-PLACE") == ["Walking boot, café brown"]
    assert set(map(len, titles.values())) == {0}


def test_the_signs_and_their_words_are_those_of_the_plan() -> None:
    signs = {sku: [one.text for one in product.all("span", "sign")] for sku, product in PRODUCTS.items()}
    assert signs == {
        "IN-PLACE": [],
        "TO-DO": ["+1 image", "~ thumbnail", "-1 image"],
        "FAILED": ["!1 failed"],
        "UNKNOWN": ["? not in Plytix"],
        "EMPTY": [],
    }
    captions = [one.text for one in PRODUCTS["TO-DO"].all("span", "caption")]
    assert captions == ["MAIN ~ thumbnail", "+ PT01 to add", "- MAIN no longer wanted"]
    assert PRODUCTS["FAILED"].one("ul", "failures").text == f"! HTTP 422: no image {amazon('f')}"


def test_what_stands_is_counted_and_told_by_whom() -> None:
    made = Shelf()
    made.add(
        "A",
        image("a", "MAIN"),
        replace(image("c", "PT02"), state=State.PENDING),
        replace(image("d", "PT03"), state=State.SKIPPED),
        image("b", "PT01", Sign.MISSING),
    )

    facts = read_page(page_of(report(made))).one("p", "signs").text
    assert facts == "2 of 4 images in the gallery"
    assert "as the ledger knows it" in PAGE
    assert "as Plytix was just read" in page_of(report(made, is_checked=True))


def test_what_the_last_run_added_is_told_where_it_is_not_all() -> None:
    made = Shelf()
    made.add("A", image("a", "MAIN"), image("b", "PT01", new=True), written=True)
    made.add("B", image("c", "MAIN", new=True), written=True)
    captions = [one.text for one in read_page(page_of(report(made))).all("span", "caption")]
    assert captions == ["MAIN", "PT01 new", "MAIN"]


def test_totals_runs_and_causes_stand_above_the_products() -> None:
    assert TREE.one("h1").text == "Amazon images of 5 products"
    assert [one.text for one in TREE.all("h2")] == [
        *["Totals", "Last runs", "Failures: 1,004 rows", "Products"],
    ]
    totals, runs = TREE.all("table")
    assert totals.all("tr")[1].text == "urls 0 0 12 0 3 0"
    assert runs.all("tr")[1].text == "3 2025-12-23 06:00+00:00 apply failures a.json"
    causes = [one.text for one in TREE.one("ul", "causes").all("li")]
    assert causes[0].startswith("1,003 × HTTP 422: The image cannot be fetched (SKU-0, SKU-1")


def test_each_kind_that_there_is_can_be_filtered_by() -> None:
    labels = {one.one("input").attributes["value"]: one.text for one in TREE.one("fieldset").all("label")}
    assert labels == {
        "all": "all 5",
        "missing": "+ images to add 1",
        "moved": "~ order, thumbnail 1",
        "obsolete": "- no longer wanted 1",
        "failed": "! failed 1",
        "unknown": "? not in Plytix 1",
        "unchanged": "unchanged 2",
        "written": "written by run 3 1",
    }
    style = TREE.one("style").text
    for kind in set(labels) - {"all"}:
        assert f"#show-{kind}:checked" in style
    kinds = {kind for product in PRODUCTS.values() for kind in product.classes}
    assert kinds == {"product", *labels} - {"all"}


def test_a_reader_of_the_screen_finds_landmarks_headings_and_a_text_for_each_image() -> None:
    for landmark in ("header", "main", "footer"):
        TREE.one(landmark)
    assert TREE.one("html").attributes["lang"] == "en"
    assert TREE.one("form").attributes["role"] == "search"
    assert [one.attributes["alt"] for one in PRODUCTS["TO-DO"].all("img")] == [
        "MAIN of TO-DO",
        "PT01 of TO-DO",
        "MAIN of TO-DO",
    ]
    ids = [one.attributes["id"] for tag in ("article", "h3") for one in TREE.all(tag)]
    assert len(set(ids)) == len(ids)
    assert {one.attributes["aria-labelledby"] for one in TREE.all("article")} <= set(ids)


def test_the_policy_allows_this_style_this_script_and_pictures_of_amazon() -> None:
    policies = [one for one in TREE.all("meta") if "http-equiv" in one.attributes]
    (policy,) = [one.attributes["content"] for one in policies]
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == "'none'"
    for name in ("style", "script"):
        (text,) = re.findall(rf"<{name}>(.*?)</{name}>", PAGE, re.DOTALL)
        digest = b64encode(sha256(text.encode()).digest()).decode()
        assert allowed[f"{name}-src"] == f"'sha256-{digest}'"
    hosts = allowed["img-src"].split()
    assert all(host.startswith("https://") and host.endswith("amazon.com") for host in hosts)
    assert not re.search(r"\s(style|on\w+)=", PAGE)


def test_pictures_are_loaded_late_small_and_without_a_referrer() -> None:
    for picture in TREE.all("img"):
        assert picture.attributes["loading"] == "lazy"
        assert picture.attributes["referrerpolicy"] == "no-referrer"
        assert "._SL160_." in picture.attributes["src"]
    assert "content-visibility: auto" in TREE.one("style").text


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://shop.example/a.jpg", True),
        ("http://192.168.0.1/reboot", False),
        ("javascript:alert(1)", False),
        ('https://shop.example/"onerror=alert(1)', True),
    ],
)
def test_a_picture_from_elsewhere_is_not_loaded_and_only_an_address_of_the_web_is_a_link(
    url: str, *, is_link: bool
) -> None:
    made = Shelf()
    failed = Change("A", False, True, failed=(FailedImage(url, "no image", 422),))
    made.add("A", image("", "MAIN", url=url), change=failed)
    product = read_page(page_of(report(made))).one("article")
    assert product.all("img") == []
    assert product.one("span", "blank").text == "MAIN of A"
    hrefs = [one.attributes["href"] for one in product.all("a")]
    assert hrefs == ([url, url] if is_link else [])
    assert url in product.one("ul", "failures").text


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_foreign_text_is_only_text_and_changes_nothing_of_the_page(text: str) -> None:
    made = Shelf()
    change = Change(text, False, True, (text,), False, text, (), (FailedImage(text, text, 422),))
    made.add(text, image("", text, url=text), title=text, change=change)
    source = page_of(report(made, text=text))
    source.encode()
    page = read_page(source)
    assert {one.tag for one in _everything(page)} <= {one.tag for one in _everything(TREE)}
    assert len(page.all("script")) == len(page.all("style")) == 1
    assert all(character.isprintable() for character in source.replace("\n", ""))
    assert max(map(len, page.one("main").text.split())) <= 310


def test_products_are_rendered_as_they_are_read() -> None:
    made = shelf()
    taken = count()

    def rows() -> Iterator[GalleryRow]:
        for number in range(100_000):
            next(taken)
            yield GalleryRow(number % 5 + 1, f"SKU-{number}", "", False, None, False)

    chunks = render_page(report(made, rows=rows), rows(), Tally(100_000), ())
    assert any("SKU-9" in chunk for chunk in islice(chunks, 5_000))
    assert next(taken) < 1_000


def test_a_tally_is_made_for_each_page() -> None:
    rows = shelf().rows
    assert [(one.products, one.first, one.last) for one in tallies(rows, 2)] == [
        (2, "IN-PLACE", "TO-DO"),
        (2, "FAILED", "UNKNOWN"),
        (1, "EMPTY", "EMPTY"),
    ]
    assert [one.products for one in tallies(rows, 5)] == [5]
    assert [one.products for one in tallies([], 5)] == [0]
    assert read_page(page_of(report(Shelf()))).one("main").text == "Products No product to show."


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_every_colour_of_text_stands_out_against_its_ground(scheme: str) -> None:
    style = TREE.one("style").text
    blocks = re.findall(r":root { ([^}]*) }", style)
    assert len(blocks) == 3
    colours = dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", blocks[0]))
    if scheme != "light":
        colours |= dict(re.findall(r"--([a-z]+): (#[0-9a-f]+)", blocks[1 if scheme == "dark" else 2]))
    texts = ("text", "quiet", "link", "missing", "moved", "obsolete", "failed", "unknown")
    for ground in ("page", "card"):
        for text in texts:
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)


def contrast(one: str, other: str) -> float:
    """By the formula of the WCAG."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _everything(element: Element) -> list[Element]:
    return [element, *(one for child in element.children for one in _everything(child))]
