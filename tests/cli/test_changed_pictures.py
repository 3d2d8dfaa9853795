"""A picture that has changed at its address is told by `check`, and replaced by `apply`, with --pictures."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from catalogue import rows
from cli.fixtures import FAST, Setup, flat
from cli.picture_host import JPEG, Hosted, PictureHostServer
from cli.terminal import Result, amzsync

from amzsync.cli import network
from amzsync.domain.marks import Marks
from amzsync.ledger.pictures import Pictures
from amzsync.plytix.pictures import FileAnswer, PictureHost

PRIVATE = "--allow-private-urls"
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[PictureHostServer]:
    """One that stands in for Amazon; only tests may ask this machine."""
    with PictureHostServer().running() as host:
        host.pictures |= {f"{name}.jpg": Hosted(JPEG + name.encode()) for name in ("a", "b", "c")}
        monkeypatch.setattr(network, "PictureHost", partial(PictureHost, allow_private=True))
        yield host


def in_place(setup: Setup, host: PictureHostServer) -> Path:
    """A catalogue of two products that is done, and was looked at once."""
    mapping = setup.mapping(
        [
            {"suggested_sku": "A", "image_urls": [host.address("a.jpg"), host.address("b.jpg")]},
            {"suggested_sku": "B", "image_urls": [host.address("b.jpg"), host.address("c.jpg")]},
        ]
    )
    assert setup.apply(mapping, PRIVATE).code == 0
    assert host.asked == []
    first = check("--json")
    assert (first.code, first.json["pictures"]["first"]) == (0, 3)
    assert first.json["counts"]["changed_pictures"] == 0
    return mapping


def check(*more: object) -> Result:
    return amzsync("check", "--pictures", *FAST, *more)


def replaced(setup: Setup) -> list[str]:
    """The requests that replaced a content."""
    return [one.path for one in setup.sandbox.history if one.method == "PUT" and one.status == 202]


def galleries(setup: Setup) -> Any:
    return setup.sandbox.snapshot().pictures


def test_a_changed_picture_is_told_and_replaced_in_place(setup: Setup, host: PictureHostServer) -> None:
    in_place(setup, host)
    before = galleries(setup)
    host.pictures["b.jpg"] = Hosted(JPEG + b"new", '"2"')
    told = check("--json")
    assert told.code == 3
    assert told.json["counts"]["changed_pictures"] == 1
    assert told.json["pictures"]["changed"] == [{"url": host.address("b.jpg"), "skus": ["A", "B"]}]
    words = check()
    assert "Another picture at the same address: A (b.jpg)" in words.out
    assert "Next: amzsync apply --pictures" in words.out
    assert host.count("GET") == 0
    done = setup.apply(None, "--pictures")
    assert done.code == 0, done.err
    assert "replace 1 image that changed at the same address" in done.out
    assert "images replaced by new ones at their addresses" in done.out
    assert (len(replaced(setup)), host.count("GET")) == (1, 1)
    assert galleries(setup) == before
    again = setup.apply(None, "--pictures", "--json")
    assert (again.code, len(replaced(setup)), again.json["images_replaced"]) == (0, 1, 0)
    assert check().code == 0


def test_without_the_option_no_host_of_pictures_is_asked(setup: Setup, host: PictureHostServer) -> None:
    in_place(setup, host)
    asked = len(host.asked)
    host.pictures["b.jpg"] = Hosted(JPEG, '"2"')
    assert (amzsync("check").code, setup.apply().code) == (0, 0)
    assert (len(host.asked), replaced(setup)) == (asked, [])


@pytest.mark.parametrize("last_modified", ["Mon, 30 Nov 2026 08:00:00 GMT", None])
def test_where_no_etag_is_told_time_or_length_tell(
    setup: Setup, host: PictureHostServer, last_modified: str | None
) -> None:
    headers = {"Last-Modified": last_modified} if last_modified else {}
    host.pictures["a.jpg"] = Hosted(JPEG + b"12", None, headers=headers)
    in_place(setup, host)
    assert check().code == 0
    other = {"Last-Modified": "Tue, 01 Dec 2026 08:00:00 GMT"} if last_modified else {}
    host.pictures["a.jpg"] = Hosted(JPEG + (b"12" if last_modified else b"123"), None, headers=other)
    assert check("--json").json["counts"]["changed_pictures"] == 1


def test_a_picture_that_is_gone_at_amazon_is_told_and_stays(setup: Setup, host: PictureHostServer) -> None:
    in_place(setup, host)
    before = galleries(setup)
    del host.pictures["c.jpg"]
    told = check()
    assert told.code == 0
    assert "No picture there any more, left in Plytix: B (c.jpg)" in told.out
    assert setup.apply(None, "--pictures").code == 0
    assert (galleries(setup), replaced(setup)) == (before, [])


def test_another_format_and_what_is_no_picture_are_left_with_their_reason(
    setup: Setup, host: PictureHostServer
) -> None:
    in_place(setup, host)
    host.pictures["a.jpg"] = Hosted(PNG + b"picture", '"2"')
    host.pictures["b.jpg"] = Hosted(b"<html>", '"2"')
    host.pictures["c.jpg"] = Hosted(JPEG + b"new", '"2"')
    done = setup.apply(None, "--pictures")
    assert done.code == 3
    assert f"Left as it is: A {host.address('a.jpg')}: it is a PNG by now" in done.err
    assert f"{host.address('b.jpg')}: what stands at its address is no JPEG" in done.err
    assert len(replaced(setup)) == 1
    # It is told each time, and put in place as soon as it fits.
    host.pictures["a.jpg"] = Hosted(JPEG + b"fits", '"3"')
    host.pictures["b.jpg"] = Hosted(JPEG + b"b", '"1"')
    assert setup.apply(None, "--pictures").code == 0
    assert len(replaced(setup)) == 2


def test_the_next_step_for_another_format_works(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        FileAnswer(200, marks=Marks('"1"')),
        FileAnswer(200, marks=Marks('"2"'), content=PNG + b"picture"),
    ]
    monkeypatch.setattr(PictureHost, "headers", lambda *_: told[0])
    monkeypatch.setattr(PictureHost, "fetch", lambda *_: told[0])
    assert setup.apply(setup.mapping([flat("A", "a", "b")])).code == 0
    assert check().code == 0
    before = galleries(setup)
    del told[0]
    left = setup.apply(None, "--pictures", "--sku", "A").err
    told_next = "delete the asset in Plytix, then `amzsync apply --refresh --yes` uploads it anew"
    assert left.count(told_next) == 2
    for (asset_id,) in rows(setup.ledger, "SELECT plytix_id FROM assets"):
        setup.sandbox.delete_asset(asset_id)
    assert setup.apply(None, "--refresh").code == 0
    assert galleries(setup) == before
    # They are other assets, of which nothing is known yet.
    look = check("--json")
    assert (look.code, look.json["pictures"]["first"]) == (0, 2)


def test_a_death_after_the_request_repeats_it_and_no_other(
    setup: Setup, host: PictureHostServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_place(setup, host)
    host.pictures["b.jpg"] = Hosted(JPEG + b"new", '"2"')
    with monkeypatch.context() as dying:

        def die(*_: object) -> None:
            raise MemoryError

        dying.setattr(Pictures, "finish", die)
        with pytest.raises(MemoryError):
            setup.apply(None, "--pictures", "-vv")
    assert rows(setup.ledger, "SELECT state FROM pictures WHERE state <> 'same'") == [("in_flight",)]
    assert len(replaced(setup)) == 1
    # Should the old picture be back meanwhile, Plytix may hold the other one: it is sent in any case.
    host.pictures["b.jpg"] = Hosted(JPEG + b"b", '"1"')
    asked = host.count("HEAD")
    resumed = amzsync("resume", *FAST)
    assert resumed.code == 0, resumed.err
    assert (len(replaced(setup)), host.count("HEAD")) == (2, asked)
    assert rows(setup.ledger, "SELECT DISTINCT state FROM pictures") == [("same",)]
    assert setup.apply(None, "--pictures").code == 0
    assert len(replaced(setup)) == 2


def test_nothing_of_a_private_network_is_fetched_whatever_a_mapping_may_name(
    setup: Setup, host: PictureHostServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "PictureHost", PictureHost)
    mapping = setup.mapping([{"suggested_sku": "A", "image_urls": [host.address("a.jpg")]}])
    assert setup.apply(mapping, PRIVATE, "--pictures").code == 0
    told = check("--json", PRIVATE)
    assert (told.code, told.json["pictures"]["unanswered"], host.asked) == (0, 1, [])


def test_what_could_not_be_looked_at_is_told_also_quietly(setup: Setup, host: PictureHostServer) -> None:
    in_place(setup, host)
    host.pictures["a.jpg"] = Hosted(status=500)
    told = check("-q")
    assert (told.code, told.out) == (0, "")
    assert "1 image could not be looked at: HTTP 500" in told.err


def test_an_interrupted_look_is_kept_and_goes_on_where_it_was(
    setup: Setup, host: PictureHostServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_place(setup, host)
    host.pictures["c.jpg"] = Hosted(JPEG + b"new", '"2"')

    def interrupt(_host: PictureHost, _url: str) -> FileAnswer:
        os.kill(os.getpid(), signal.SIGINT)
        return FileAnswer(reason="the run was to end")

    with monkeypatch.context() as interrupted:
        interrupted.setattr(PictureHost, "headers", interrupt)
        assert check().code == 130
        assert setup.apply(None, "--pictures").code == 130
    resumed = amzsync("resume", *FAST)
    assert (resumed.code, len(replaced(setup))) == (0, 1)


def test_an_asset_that_plytix_has_no_more_is_told(setup: Setup, host: PictureHostServer) -> None:
    in_place(setup, host)
    host.pictures["a.jpg"] = Hosted(JPEG + b"new", '"2"')
    (found,) = rows(
        setup.ledger, "SELECT assets.plytix_id FROM assets JOIN urls USING (id) WHERE url LIKE '%/a.jpg'"
    )
    setup.sandbox.delete_asset(found[0])
    done = setup.apply(None, "--pictures")
    assert done.code == 3
    assert "Plytix did not take it: HTTP 404" in done.err
