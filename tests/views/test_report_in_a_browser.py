"""The report page in a real browser: what is seen, what the keys do, and that foreign text does nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from views.browser import BROWSER, Browser
from views.factories import HOSTILE
from views.report_pages import Shelf, image, report, shelf

from amzsync.domain.changes import Change, FailedImage, Sign
from amzsync.views.report_files import write_pages

pytestmark = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")

_SHOWN = (
    "[...document.querySelectorAll('article')].filter(one => one.checkVisibility())"
    ".map(one => one.querySelector('h3').textContent)"
)
_COUNT = "document.getElementById('count').textContent"
_AT = "document.activeElement.closest('article')?.querySelector('h3').textContent ?? ''"
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_CONTRASTS = """
(() => {
  const parts = (text) => (text.match(/[0-9.]+/g) ?? []).map(Number);
  const level = (part) => part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([red, green, blue]) =>
    0.2126 * level(red) + 0.7152 * level(green) + 0.0722 * level(blue);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parts(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
      && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())).map((element) => {
    const [one, other] = [parts(getComputedStyle(element).color), ground(element)].map(luminance);
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    return [contrast, element.className || element.tagName];
  });
})()
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(tmp_path: Path) -> Path:
    write_pages(tmp_path / "r.html", report(shelf()))
    return tmp_path / "r.html"


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    made = Shelf()
    for text in HOSTILE:
        failed = (FailedImage(text, text, 422),)
        change = Change(text, False, True, (text,), False, text, (), failed)
        made.add(text, image("", text, Sign.MISSING, url=text), image("a", "MAIN"), title=text, change=change)
    write_pages(tmp_path / "hostile.html", report(made, text=HOSTILE[5]))
    return tmp_path / "hostile.html"


def hosts(browser: Browser) -> set[str]:
    return {urlsplit(url).netloc for url in browser.seen.requests}


def told(browser: Browser) -> list[tuple[str, str]]:
    """Role and name of all that a reader of the screen is told."""
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    return [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node["ignored"]
    ]


def test_every_product_is_seen_and_nothing_is_loaded_but_pictures_of_amazon(
    browser: Browser, page: Path
) -> None:
    browser.open(page)
    browser.settle()
    assert browser.run(_SHOWN) == ["IN-PLACE", "TO-DO", "FAILED", "UNKNOWN", "EMPTY"]
    loaded = "[...document.images].every(one => one.complete && one.naturalWidth)"
    assert browser.becomes(lambda: bool(browser.run(loaded)))
    assert hosts(browser) == {"m.media-amazon.com"}
    assert browser.seen.complaints == []


def test_products_are_filtered_by_sku_and_by_sign(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.press("/")
    browser.type("café")
    assert browser.run(_SHOWN) == ["IN-PLACE"]
    browser.press("Escape")
    browser.press("/")
    browser.type("o")
    assert browser.run(_SHOWN) == ["IN-PLACE", "TO-DO", "UNKNOWN"]
    assert browser.run(_COUNT) == "3 of 5 products"
    browser.run("document.getElementById('show-missing').click()")
    assert browser.run(_SHOWN) == ["TO-DO"]
    assert browser.run(_COUNT) == "1 of 5 products"
    browser.run("document.getElementById('search').focus()")
    browser.press("Escape")
    browser.run("document.getElementById('show-all').click()")
    assert browser.run(_COUNT) == "5 products"


def test_keys_jump_from_product_to_product_over_what_is_filtered_out(browser: Browser, page: Path) -> None:
    browser.open(page)
    seen = []
    for key in ("j", "j", "k", "ArrowRight", "ArrowRight", "ArrowLeft", "k", "k", "k"):
        browser.press(key)
        seen.append(browser.run(_AT))
    assert seen == [
        *["IN-PLACE", "TO-DO", "IN-PLACE", "TO-DO", "FAILED", "TO-DO", "IN-PLACE", "IN-PLACE", "IN-PLACE"],
    ]
    browser.run("document.getElementById('show-failed').click()")
    browser.run("document.activeElement.blur()")
    browser.press("j")
    assert browser.run(_AT) == "FAILED"
    browser.run("document.getElementById('show-all').click(); document.activeElement.blur()")
    browser.press("/")
    browser.type("unk")
    browser.press("Enter")
    assert browser.run(_AT) == "UNKNOWN"
    browser.run("document.getElementById('keys').click(); document.activeElement.blur()")
    browser.press("/")
    browser.press("j")
    assert browser.run(_AT) == ""
    assert browser.seen.complaints == []


@pytest.mark.parametrize("width", [700, 1600])
def test_a_product_that_is_jumped_to_stands_below_the_filter(
    browser: Browser, page: Path, width: int
) -> None:
    browser.open(page, width=width, height=400)
    for _ in range(3):
        browser.press("j")
    browser.settle()
    product, bar = browser.run(
        "[document.activeElement.getBoundingClientRect().top,"
        " document.getElementById('filter').getBoundingClientRect().bottom]"
    )
    assert bar <= product <= 400


@pytest.mark.parametrize("width", [320, 360, 768, 1600])
def test_nothing_is_wider_than_the_window(browser: Browser, page: Path, hostile: Path, width: int) -> None:
    write_pages(page.with_name("many.html"), report(shelf()), size=2)
    for path in (page, hostile, page.with_name("many.html"), page.with_name("many-3.html")):
        browser.open(path, width=width)
        assert browser.run(_TOO_WIDE) <= 0, path.name


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_stands_out_against_its_ground(browser: Browser, page: Path, *, dark: bool) -> None:
    browser.open(page, dark=dark)
    found: list[tuple[float, Any]] = browser.run(_CONTRASTS)
    assert len(found) > 50
    assert [one for one in found if one[0] < 4.5] == []


def test_hostile_text_does_nothing(browser: Browser, hostile: Path) -> None:
    browser.open(hostile)
    browser.settle()
    assert browser.run("document.scripts.length") == 1
    assert browser.run("document.querySelectorAll('article').length") == len(HOSTILE)
    assert browser.run("document.title") == f"Amazon images of {len(HOSTILE)} products"
    assert browser.becomes(lambda: hosts(browser) == {"m.media-amazon.com"})
    assert browser.seen.complaints == []


def test_the_policy_stops_what_would_have_got_in(browser: Browser, page: Path) -> None:
    planted = (
        "<script>document.title = 'planted'</script><p style='color: red' onclick='0'>"
        "<img src='https://evil.example/a.png'><iframe src='https://evil.example/'></iframe>"
    )
    page.write_text(page.read_text(encoding="utf-8").replace("<main", planted + "<main"), encoding="utf-8")
    browser.open(page)
    browser.settle()
    assert browser.run("document.title") == "Amazon images of 5 products"
    assert browser.becomes(lambda: bool(browser.seen.complaints))
    assert "evil.example" not in hosts(browser)


def test_without_a_script_all_is_seen_and_signs_still_filter(browser: Browser, page: Path) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page)
        assert len(browser.run(_SHOWN)) == 5
        assert not browser.run("document.getElementById('tools').checkVisibility()")
        browser.run("document.getElementById('show-unknown').click()")
        assert browser.run(_SHOWN) == ["UNKNOWN"]
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


def test_a_reader_of_the_screen_is_told_landmarks_headings_and_images(browser: Browser, page: Path) -> None:
    browser.open(page)
    articles = [("article", sku) for sku in ("IN-PLACE", "TO-DO", "FAILED", "UNKNOWN", "EMPTY")]
    assert browser.becomes(lambda: [node for node in told(browser) if node[0] == "article"] == articles)
    named = told(browser)
    assert {"banner", "search", "main", "contentinfo"} <= {role for role, _ in named}
    assert ("image", "MAIN of IN-PLACE") in named
    assert ("list", "Failures of FAILED") in named
    assert ("searchbox", "SKU or title") in named
    assert all(name for role, name in named if role in {"image", "link", "radio", "searchbox", "region"})


def test_a_print_has_every_product_and_no_controls(browser: Browser, page: Path) -> None:
    browser.open(page)
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        assert len(browser.run(_SHOWN)) == 5
        assert not browser.run("document.getElementById('filter').checkVisibility()")
        assert (
            browser.run("getComputedStyle(document.querySelector('article')).contentVisibility") == "visible"
        )
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")
