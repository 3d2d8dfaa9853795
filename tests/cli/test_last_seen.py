"""What is said where Plytix was not asked: never "Done", but when it was last seen, and whether it stood."""

import sqlite3
from contextlib import closing

from cli.fixtures import FAST, Setup, boots, flat
from cli.terminal import amzsync

from amzsync.domain.timestamp import local_text, read_moment

NOTHING_TO_DO = (
    "Nothing to do: all 108 links were in place when last seen on {} (not checked now; `{}` looks)."
)
AT = "2026-11-23T12:05:00Z"


def seen_at(setup: Setup, moment: str, more: str = "") -> None:
    with closing(sqlite3.connect(setup.ledger)) as ledger:
        ledger.execute(f"UPDATE seen_products SET seen_at = ? {more}", (moment,))
        ledger.commit()


def local(moment: str) -> str:
    read = read_moment(moment)
    assert read is not None
    return local_text(read)


def test_a_run_without_requests_says_since_when_it_trusts_the_ledger(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    assert "Done: everything is in place." in setup.apply(mapping).out
    seen_at(setup, AT)
    ran = setup.apply(mapping)
    assert ran.code == 0
    assert NOTHING_TO_DO.format(local(AT), "amzsync check") in ran.out
    assert "Done" not in ran.out
    assert setup.apply(mapping, "--json").json["last_seen"] == {
        "products": 16,
        "not_known": 0,
        "differing": 0,
        "first": AT,
        "last": AT,
    }


def test_products_that_were_seen_at_several_times_are_told_from_the_first_to_the_last(setup: Setup) -> None:
    setup.apply(setup.mapping(boots()))
    seen_at(setup, AT)
    seen_at(setup, "2026-11-24T08:00:00Z", "WHERE product_id = 3")
    told = setup.apply().out
    assert f"when last seen from {local(AT)} to {local('2026-11-24T08:00:00Z')} (not checked now" in told


def test_a_ledger_that_does_not_know_when_says_that(setup: Setup) -> None:
    setup.apply(setup.mapping(boots()))
    with closing(sqlite3.connect(setup.ledger)) as ledger:
        ledger.execute("DELETE FROM seen_products")
        ledger.commit()
    told = setup.apply().out
    assert "all 108 links are in place as far as the ledger knows" in told
    assert "when they were last seen is not recorded (not checked now; `amzsync check` looks)" in told


def test_where_no_product_wants_an_image_that_is_said(setup: Setup) -> None:
    told = setup.apply(setup.mapping([{**flat("BARE", "a"), "amazon_image_main": None}])).out
    assert "Nothing to do: no product wants an image." in told
    assert "Done" not in told


def test_where_only_products_with_work_were_asked_for_none_is_said_to_want_no_image(setup: Setup) -> None:
    setup.apply(setup.mapping(boots()))
    told = " ".join(setup.apply(None, "--limit", "2").out.split())
    assert "Nothing to do: none of the products asked for has anything pending (not checked now" in told


def test_what_a_check_has_found_is_not_called_in_place_until_it_is_repaired(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("BOOT", "a", "b"), flat("SHOE", "a")]))
    setup.sandbox.set_thumbnail("BOOT", None)
    assert amzsync("check", *FAST).code == 3
    ran = setup.apply()
    assert ran.code == 3
    assert "1 product differed when last seen on" in ran.out
    assert "(not checked now; `amzsync apply --refresh" in ran.out
    assert "Done" not in ran.out
    assert setup.apply(None, "--refresh").code == 0
    assert "all 3 links were in place" in setup.apply().out


def test_status_tells_when_what_was_last_seen(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("BOOT", "a", "b"), flat("SHOE", "a")]))
    setup.sandbox.set_gallery("BOOT", [])
    amzsync("check", *FAST)
    seen_at(setup, AT)
    assert f"Last seen in Plytix: 2 products on {local(AT)}, 1 differed." in amzsync("status").out
    assert amzsync("status", "--json").json["seen"] == {
        "products": 2,
        "not_known": 0,
        "differing": 1,
        "first": AT,
        "last": AT,
    }


def test_the_command_that_looks_names_the_ledger(setup: Setup) -> None:
    mapping = setup.mapping([flat("BOOT", "a")])
    setup.apply(mapping, "--ledger", "other.db")
    told = setup.apply(mapping, "--ledger", "other.db").out
    assert "the only link was in place when last seen" in told
    assert "`amzsync check --ledger other.db` looks" in told
