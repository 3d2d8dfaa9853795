"""Assets that are to be deleted are told as pictures, not only counted."""

from pathlib import Path

import pytest
from views.factories import HOSTILE, plain_console

from amzsync.ledger.rows import UnusedAsset
from amzsync.views.changes import Listing
from amzsync.views.removal import Planned, planned_json, render_planned

ASSETS = tuple(
    UnusedAsset(number, f"https://m.media-amazon.com/images/I/i{number}.jpg", f"amazon_01_MAIN_i{number}.jpg")
    for number in range(30)
)


def planned(*assets: UnusedAsset) -> Planned:
    return Planned(Path("amzsync.db"), "sandbox", None, products=0, images=0, assets=assets)


def printed(*assets: UnusedAsset, show_all: bool = False) -> list[str]:
    console, stream = plain_console(120)
    render_planned(planned(*assets), (), console, Listing(show_all=show_all))
    return stream.getvalue().splitlines()


@pytest.mark.parametrize(("show_all", "shown"), [(False, 20), (True, 30)])
def test_each_is_told_with_its_file_name_and_address_as_far_as_that_fits(
    *, show_all: bool, shown: int
) -> None:
    lines = printed(*ASSETS, show_all=show_all)
    assert [line for line in lines if line.startswith("- ")] == [
        f"- {asset.filename}  {asset.url}" for asset in ASSETS[:shown]
    ]
    assert ("… and 10 more assets (--all)" in lines) is not show_all
    assert "up to 30 assets to delete, where nobody uses them." in lines[-1]


def test_names_from_outside_are_harmless() -> None:
    hostile = [UnusedAsset(number, text, text) for number, text in enumerate(HOSTILE)]
    told = "".join(printed(*hostile, show_all=True))
    assert all(one.isprintable() for one in told)


def test_the_document_has_all_of_them() -> None:
    assert "".join(planned_json(planned(*ASSETS), ())).count('"filename"') == 30
