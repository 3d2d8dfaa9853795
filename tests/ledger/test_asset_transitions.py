"""What becomes of assets: of those at addresses that may not be uploaded, of lost and of unneeded ones."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product, rows

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.reasons import UNNEEDED
from amzsync.ledger.rows import Origin
from amzsync.ledger.work import Work

FTP = "ftp://x/1.jpg"
NOT_HTTP = "the URL is not http or https"


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    """S1 wants A and B, S2 wants A and C: all of them are plain addresses of Amazon."""
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(
            ledger,
            [product("S1", ("a", "MAIN"), ("b", "PT01")), product("S2", ("a", "MAIN"), ("c", "PT01"))],
        )
        yield ledger


@pytest.fixture
def work(ledger: Ledger) -> Work:
    return ledger.work(ledger.runs.start("apply", {}, 1, []))


def change(ledger: Ledger, asset_id: int, url: str) -> None:
    ledger._store.execute("UPDATE addresses SET url = ? WHERE id = ?", (url, asset_id))


def asset_states(ledger: Ledger) -> list[tuple[str, str | None]]:
    return rows(ledger.path, "SELECT state, reason FROM assets ORDER BY id")


PENDING = ("pending", None)


def test_addresses_that_may_be_uploaded_stay_wanted(ledger: Ledger, work: Work) -> None:
    change(ledger, 2, "https://shop.example/b.jpg")
    assert work.refuse_unusable_addresses(allow_private=False) == 0
    assert asset_states(ledger) == [PENDING] * 3


@pytest.mark.parametrize("at_once", [1, 2, 5000])
def test_every_address_that_may_not_be_uploaded_has_failed_however_many_there_are(
    ledger: Ledger, work: Work, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr("amzsync.ledger.asset_transitions._ADDRESSES_AT_ONCE", at_once)
    change(ledger, 1, FTP)
    change(ledger, 3, f"{FTP}?3")
    assert work.refuse_unusable_addresses(allow_private=False) == 2
    assert asset_states(ledger) == [("failed", NOT_HTTP), PENDING, ("failed", NOT_HTTP)]


def test_it_is_a_failure_of_each_product_that_still_waits_for_the_picture(ledger: Ledger, work: Work) -> None:
    change(ledger, 1, FTP)
    ledger._store.execute("UPDATE links SET state = 'done' WHERE product_id = 2 AND asset_id = 1")
    work.refuse_unusable_addresses(allow_private=False)
    found = rows(ledger.path, "SELECT row_table, product_id, url_id, status, message, attempts FROM failures")
    assert found == [("assets", 1, 1, None, NOT_HTTP, 0)]


def test_what_was_uploaded_already_is_not_looked_at(ledger: Ledger, work: Work) -> None:
    work.finish_asset(1, "p", "", Origin.UPLOADED)
    change(ledger, 1, FTP)
    assert work.refuse_unusable_addresses(allow_private=False) == 0
    assert asset_states(ledger)[0] == ("done", None)


@pytest.mark.parametrize("allow_private", [True, False])
def test_private_addresses_fail_where_they_are_not_allowed(
    ledger: Ledger, work: Work, *, allow_private: bool
) -> None:
    change(ledger, 2, "http://nas/b.jpg")
    assert work.refuse_unusable_addresses(allow_private=allow_private) == (not allow_private)
    assert asset_states(ledger)[1][0] == ("pending" if allow_private else "failed")


def test_a_lost_picture_whose_address_may_not_be_uploaded_has_failed(ledger: Ledger, work: Work) -> None:
    for asset_id in (1, 2):
        work.finish_asset(asset_id, f"p{asset_id}", "", Origin.UPLOADED)
    change(ledger, 1, "http://nas/a.jpg")
    change(ledger, 3, FTP)
    work.lose_asset(1)
    work.lose_asset(2)
    assert [state for state, _ in asset_states(ledger)] == ["failed", "pending", "pending"]
    failed = rows(ledger.path, "SELECT row_table, product_id, url_id FROM failures ORDER BY product_id")
    assert failed == [("assets", 1, 1), ("assets", 2, 1)]


def test_what_was_known_of_the_picture_in_a_lost_asset_is_forgotten(ledger: Ledger, work: Work) -> None:
    for asset_id in (1, 2):
        work.finish_asset(asset_id, f"p{asset_id}", "", Origin.UPLOADED)
    ledger._store.execute(
        "INSERT INTO pictures (asset_id, looked_at) SELECT id, '2026-01-01T00:00:00Z' FROM assets"
    )
    work.lose_asset(1)
    assert rows(ledger.path, "SELECT asset_id FROM pictures") == [(2,), (3,)]


def test_skipped_pictures_that_something_needs_are_wanted_again_and_no_others(
    ledger: Ledger, work: Work
) -> None:
    work.finish_asset(1, "p", "", Origin.UPLOADED)
    ledger._store.execute("UPDATE assets SET state = 'skipped', reason = ? WHERE id > 1", (UNNEEDED,))
    ledger._store.execute("UPDATE links SET state = 'done' WHERE asset_id = 3")
    work.want_needed_assets()
    assert asset_states(ledger) == [("done", None), PENDING, ("skipped", UNNEEDED)]
