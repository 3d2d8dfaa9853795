"""Changes on a console, a line each, and as the contract's entries."""

import io
import itertools
from collections.abc import Iterable

import pytest
from rich.cells import cell_len
from rich.console import Console
from views.factories import HOSTILE, plain_console

from amzsync.domain.changes import Change, FailedImage
from amzsync.views.changes import change_entry, change_lines

URL = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"
LONG_SKU = "AMZN-US-B07X8Z63ZL-EXTRA-WIDE-BLACK-13-M"
EVERYTHING = Change(
    "AMZN-US-1",
    is_parent=True,
    in_plytix=False,
    missing=(URL,) * 1_004,
    is_moved=True,
    thumbnail=URL,
    obsolete=(URL, URL),
    failed=(FailedImage(URL, "The image cannot be fetched", 422),),
)


def change(sku: str, *missing: str) -> Change:
    return Change(sku, is_parent=False, in_plytix=True, missing=missing or (URL,))


def printed(changes: Iterable[Change], width: int = 120, *, total: int = 1, **options: bool) -> list[str]:
    console, stream = plain_console(width)
    for line in change_lines(changes, console, total=total, **options):
        console.print(line)
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_line_tells_the_signs_the_sku_and_what_changes() -> None:
    told = "+1,004 images, ~ order, thumbnail, -2 images, !1 failed, ? not in Plytix, variation parent"
    assert printed([EVERYTHING]) == [f"+~-!?  AMZN-US-1  {told}"]
    assert printed([change("A")]) == ["+  A  +1 image"]


def test_skus_are_aligned_and_unlike_signs_do_not_move_them() -> None:
    assert printed([EVERYTHING, change("AMZN-US-12345")], total=2)[1] == "+      AMZN-US-12345  +1 image"


def test_in_a_narrow_console_words_give_way_and_the_sku_stays_on_one_line() -> None:
    assert len(LONG_SKU) == 40
    few = Change(LONG_SKU, is_parent=True, in_plytix=True, missing=(URL,) * 4, is_moved=True, obsolete=(URL,))
    assert printed([few], 80) == [f"+~-  {LONG_SKU}  +4 images, ~ order, -1 image"]
    assert printed([few], 60) == [f"+~-  {LONG_SKU}  +4 ~ -1"]
    assert printed([few], 46) == [f"+~-  {LONG_SKU}"]


def test_without_a_terminal_the_first_twenty_are_shown_and_the_rest_is_a_number() -> None:
    lines = printed((change(f"SKU-{n}") for n in range(2_017)), total=2_017)
    assert len(lines) == 21
    assert lines[19].split() == ["+", "SKU-19", "+1", "image"]
    assert lines[20] == "… and 1,997 more products with changes (--all)"


def test_no_more_changes_are_read_than_are_shown() -> None:
    source = iter([change(f"SKU-{n}") for n in range(100)])
    printed(source, total=100)
    assert next(source).sku == "SKU-20"


def test_all_of_them_are_shown_on_request() -> None:
    lines = printed((change(f"SKU-{n}") for n in range(450)), total=450, show_all=True)
    assert len(lines) == 450
    assert lines[449].split()[1] == "SKU-449"


@pytest.mark.parametrize(("height", "shown"), [(10, 8), (30, 24), (100, 60)])
def test_in_a_terminal_as_many_are_shown_as_fit(height: int, shown: int) -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, color_system=None, width=80, height=height)
    lines = list(change_lines((change(f"SKU-{n}") for n in range(60)), console, total=60))
    assert sum("image" in line.plain for line in lines) == shown


def test_addresses_stand_below_their_product_on_request() -> None:
    some = Change(
        "A",
        is_parent=False,
        in_plytix=True,
        missing=(URL,),
        thumbnail=URL,
        obsolete=("https://x.example/old.jpg",),
        failed=(FailedImage("https://x.example/bad.jpg", "no image", 422),),
    )
    assert printed([some], show_addresses=True)[1:] == [
        f"    + {URL}",
        f"    ~ thumbnail {URL}",
        "    - https://x.example/old.jpg",
        "    ! https://x.example/bad.jpg: HTTP 422: no image",
    ]


def test_addresses_take_their_room_from_the_products() -> None:
    lines = printed((change(f"SKU-{n}", *(URL,) * 3) for n in range(60)), total=60, show_addresses=True)
    assert lines[-1] == "… and 52 more products with changes (--all)"


@pytest.mark.parametrize("width", [40, 60, 200])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_foreign_text_is_harmless_and_within_the_console(text: str, width: int) -> None:
    hostile = Change(
        text, is_parent=True, in_plytix=False, missing=(text,), failed=(FailedImage(text, text, 422),)
    )
    lines = printed([hostile], width, show_addresses=True)
    assert all(character.isprintable() for character in itertools.chain(*lines))
    assert max(map(cell_len, lines)) <= width


def test_an_entry_has_the_keys_of_the_contract() -> None:
    assert change_entry(EVERYTHING) == {
        "sku": "AMZN-US-1",
        "parent": True,
        "in_plytix": False,
        "missing": [URL] * 1_004,
        "moved": True,
        "thumbnail": URL,
        "obsolete": [URL, URL],
        "failed": [{"url": URL, "error": "The image cannot be fetched", "status": 422}],
    }
    assert list(change_entry(change("A"))) == list(change_entry(EVERYTHING))
    assert change_entry(change("A"))["thumbnail"] is None
