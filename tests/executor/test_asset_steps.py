"""The life of one picture, step by step: a test answers each request, and looks at the ledger after."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from catalogue import CLOCKS, merge, product, rows

from amzsync.domain.beliefs import AccountAnswers
from amzsync.domain.timestamp import utc_text
from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.events import SilentListener
from amzsync.executor.scheduler.script import Find, Found, Send, Sent, Wait
from amzsync.executor.scripts.assets import ensure_asset
from amzsync.executor.scripts.bulk import AssetsByName, AssetsByPicture, ProductsBySku
from amzsync.executor.scripts.context import ScriptContext
from amzsync.executor.scripts.record import Done, Record
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import State
from amzsync.plytix.wire import AssetExistsWithoutId, CreatedAsset, PlytixAsset

READING = Reading(Instant(0.0, 0.0, 0.0))
NAME = "amazon_01_MAIN_a.jpg"


class Steps:
    """The life of the picture `a`, of which Plytix has said a moment ago that it has none (`is_absent`)."""

    def __init__(
        self, ledger: Ledger, state: State = State.PENDING, *, is_absent: bool = True, lag_s: float = 0.0
    ) -> None:
        self.path = ledger.path
        work = ledger.work(ledger.runs.start("apply", {}, 1, []))
        self.record = Record(work)
        context = ScriptContext(
            "amazon_images",
            self.record,
            ProductsBySku("amazon_images"),
            AssetsByName(),
            AccountTraits(SilentListener(), AccountAnswers(search_lag_s=lag_s)),
        )
        if state is State.IN_FLIGHT:
            work.claim_assets([1])
        asset = replace(work.assets([1])[1], is_absent=is_absent)
        assert asset.state is state
        self._script = ensure_asset(asset, 1, context)
        self.waits_for: Wait | None = next(self._script)
        self.plytix_id: str | None = None

    def answer(self, value: object) -> None:
        try:
            if isinstance(value, PlytixError):
                self.waits_for = self._script.throw(value)
            else:
                self.waits_for = self._script.send(value)
        except StopIteration as ended:
            self.waits_for, self.plytix_id = None, ended.value

    def found(self, **ids: str) -> None:
        """It waits for a search by name, which shows these."""
        assert isinstance(self.waits_for, Find)
        self.answer(Found(ids, READING))

    def sent(self, outcome: object, *, attempts: int = 1) -> None:
        """It waits for an upload, which leaves, and comes to this."""
        assert isinstance(self.waits_for, Send)
        assert self.waits_for.claim is not None
        self.waits_for.claim()
        assert self.row[0] == "in_flight"
        self.answer(outcome if isinstance(outcome, PlytixError) else Sent(outcome, attempts, READING))

    @property
    def row(self) -> tuple[Any, ...]:
        return rows(self.path, "SELECT state, plytix_id, origin FROM assets")[0]


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"))])
        yield ledger


@pytest.mark.parametrize(
    ("existed", "attempts", "state", "origin"),
    [
        (False, 1, State.PENDING, "uploaded"),
        (True, 1, State.PENDING, "found"),
        (True, 2, State.PENDING, "uploaded"),
        (True, 1, State.IN_FLIGHT, "uploaded"),
    ],
)
def test_a_picture_that_was_there_is_ours_only_where_an_upload_of_ours_was_not_answered(
    ledger: Ledger, *, existed: bool, attempts: int, state: State, origin: str
) -> None:
    steps = Steps(ledger, state)
    steps.sent(CreatedAsset("x", NAME, existed=existed), attempts=attempts)
    assert steps.plytix_id == "x"
    assert steps.row == ("done", "x", origin)
    assert steps.record.counts == {Done.UPLOADED if origin == "uploaded" else Done.FOUND: 1}


@pytest.mark.parametrize(
    ("state", "origin"), [(State.PENDING, "found"), (State.IN_FLIGHT, "uploaded")], ids=str
)
def test_a_picture_that_a_search_finds_is_ours_only_where_an_earlier_run_was_uploading_it(
    ledger: Ledger, state: State, origin: str
) -> None:
    steps = Steps(ledger, state, is_absent=False)
    steps.found(**{NAME: "x"})
    assert steps.plytix_id == "x"
    assert steps.row == ("done", "x", origin)


def test_a_run_that_dies_while_it_searches_for_a_picture_that_was_there_does_not_take_it_for_its_own(
    ledger: Ledger,
) -> None:
    steps = Steps(ledger)
    steps.sent(AssetExistsWithoutId())
    assert isinstance(steps.waits_for, Find)
    assert steps.row[0] == "pending"
    steps.found(**{"a.jpg": "x"})
    assert steps.row == ("done", "x", "found")


def test_what_stops_everything_goes_on_to_the_run_and_leaves_the_picture_wanted(ledger: Ledger) -> None:
    steps = Steps(ledger)
    with pytest.raises(StopError):
        steps.sent(StopError("no role", status=403))
    assert steps.row == ("pending", None, None)


def test_a_picture_that_is_refused_has_failed_with_its_reason(ledger: Ledger) -> None:
    steps = Steps(ledger)
    steps.sent(RejectedError("no image", status=422))
    assert (steps.waits_for, steps.plytix_id) == (None, None)
    assert rows(steps.path, "SELECT state, reason FROM assets") == [("failed", "no image")]
    assert rows(steps.path, "SELECT row_table, product_id, status FROM failures") == [("assets", 1, 422)]


def test_where_searches_are_behind_a_picture_that_was_there_is_searched_for_once_more(ledger: Ledger) -> None:
    steps = Steps(ledger, lag_s=3.0)
    steps.sent(AssetExistsWithoutId())
    steps.found()
    search = steps.waits_for
    assert isinstance(search, Find)
    assert (search.keys, search.after_s) == ((NAME, "a.jpg"), 3.0)
    assert isinstance(search.query, AssetsByName)
    steps.found(**{NAME: "x"})
    assert (steps.waits_for, steps.plytix_id) == (None, "x")


@pytest.mark.parametrize(("lag_s", "ids"), [(0.0, {}), (3.0, {NAME: "x"})], ids=["no lag", "found"])
def test_a_picture_that_was_there_is_searched_for_once_where_no_more_can_come_of_it(
    ledger: Ledger, lag_s: float, ids: dict[str, str]
) -> None:
    steps = Steps(ledger, lag_s=lag_s)
    steps.sent(AssetExistsWithoutId())
    steps.found(**ids)
    if not ids:
        search = steps.waits_for
        assert isinstance(search, Find)
        assert isinstance(search.query, AssetsByPicture), "under its names it is not"
        steps.found()
    assert (steps.waits_for, steps.plytix_id) == (None, ids.get(NAME))


def test_a_picture_that_was_there_may_have_been_named_for_another_use(ledger: Ledger) -> None:
    steps = Steps(ledger)
    steps.sent(AssetExistsWithoutId())
    steps.found()
    search = steps.waits_for
    assert isinstance(search, Find)
    assert search.keys == ("a.jpg",)
    steps.answer(Found({"a.jpg": PlytixAsset("x", "amazon_10_SWATCH_a.jpg")}, READING))
    assert (steps.waits_for, steps.plytix_id) == (None, "x")
    assert rows(steps.path, "SELECT state, filename FROM assets") == [("done", "amazon_10_SWATCH_a.jpg")]


def test_where_no_part_of_a_name_can_be_searched_for_the_conflict_is_told(ledger: Ledger) -> None:
    steps = Steps(ledger)
    steps.sent(AssetExistsWithoutId())
    steps.found()
    steps.answer(RejectedError("no such operator", status=422))
    assert (steps.waits_for, steps.plytix_id) == (None, None)
    assert rows(steps.path, "SELECT status FROM failures") == [(409,)]


def test_that_plytix_has_no_such_picture_is_kept_so_that_no_later_run_need_ask(ledger: Ledger) -> None:
    steps = Steps(ledger, is_absent=False)
    steps.found()
    assert isinstance(steps.waits_for, Send)
    assert rows(steps.path, "SELECT absent_at FROM assets") == [(utc_text(CLOCKS.now()),)]
