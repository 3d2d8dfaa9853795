"""A probe finds out how an account answers, leaves nothing behind, and takes away nothing of others."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from catalogue import GALLERY, rows
from sandbox_faults import Answer, Fault, RunBefore, Sandbox

from amzsync.domain.beliefs import Question
from amzsync.errors import StopError
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.engine.workers import Answered, Workers
from amzsync.executor.run import ProbeResult, RunContext, Server, probe
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.limits.windows import Limit
from amzsync.plytix.auth import Credentials, Secret
from amzsync.plytix.transport import Transport
from amzsync.sandbox import TypeClass, choices, parse_behaviour

ADDRESSES = tuple(f"https://m.media-amazon.com/images/I/6{letter}wixnPXtlL.jpg" for letter in "abc")

EACH_WAY = [f"{key}={value}" for key, values in choices().items() for value in values if key != "lag"]
REQUESTS = 45
"""More than a probe makes."""


class KilledError(BaseException):
    """The process is gone: nothing of it runs any more."""


class CutWorkers(Workers):
    """Die when this request is about to leave, or when it has been answered."""

    def __init__(self, server: Server, most: int, *, dies_at: int, is_answered: bool) -> None:
        super().__init__(Transport(server.api_url, server.auth_url), server.credentials, most)
        self._left = dies_at
        self._is_answered = is_answered

    def submit(self, *arguments: object) -> None:
        self._left -= 1
        if self._left < 0 and not self._is_answered:
            raise KilledError
        super().submit(*arguments)  # type: ignore[arg-type]

    def answers(self, timeout_s: float) -> list[Answered]:
        found = super().answers(timeout_s)
        if found and self._left < 0:
            raise KilledError
        return found


@dataclass
class Prober:
    """A sandbox and a ledger for it."""

    sandbox: Sandbox
    path: Path

    def probe(
        self,
        addresses: Sequence[str] = ADDRESSES,
        *,
        stop: StopRequest | None = None,
        start_workers: Callable[[Server, int], Workers] | None = None,
        limits: tuple[Limit, ...] = (),
        bounds: Bounds | None = None,
    ) -> ProbeResult:
        with closing(Ledger.write(self.path)) as ledger:
            server = Server(
                self.sandbox.url,
                self.sandbox.auth_url,
                Credentials(Secret("sandbox-key"), Secret("sandbox-password")),
            )
            more = {"start_workers": start_workers} if start_workers else {}
            context = RunContext(
                ledger=ledger,
                server=server,
                limits=limits,
                bounds=bounds or Bounds(),
                gallery_label=GALLERY,
                stop=StopRequest() if stop is None else stop,
                **more,  # type: ignore[arg-type]
            )
            return probe(context, addresses)

    def killed(self, request: int, *, is_answered: bool) -> bool:
        """Whether a probe came to this request, and died there."""

        def start(server: Server, most: int) -> Workers:
            return CutWorkers(server, most, dies_at=request, is_answered=is_answered)

        try:
            self.probe(start_workers=start)
        except KilledError:
            return True
        return False

    @property
    def standing(self) -> tuple[set[str], set[str]]:
        """SKUs and filenames."""
        shot = self.sandbox.snapshot()
        return set(shot.products), {asset.filename for asset in shot.assets}


@pytest.fixture
def prober_of(tmp_path: Path) -> Iterator[Callable[..., Prober]]:
    started: list[Sandbox] = []

    def start(words: str = "") -> Prober:
        sandbox = Sandbox(limits=(), behaviour=parse_behaviour([words])).start()
        started.append(sandbox)
        sandbox.seed(["S1"])
        sandbox.add_attribute("Other Images", TypeClass.MEDIA_GALLERY)
        return Prober(sandbox, tmp_path / "amzsync.db")

    yield start
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def prober(prober_of: Callable[..., Prober]) -> Prober:
    return prober_of()


# What is found out.


@pytest.mark.parametrize("way", EACH_WAY)
def test_each_way_of_answering_is_recorded_and_nothing_stays(
    prober_of: Callable[..., Prober], way: str
) -> None:
    prober = prober_of(way)
    found = prober.probe()
    assert (found.is_complete, found.run.error, found.left) == (True, None, ())
    key, value = way.split("=")
    assert found.answers[Question(key)] == value
    assert prober.standing == ({"S1"}, set())
    with Ledger.read(prober.path) as ledger:
        record = ledger.probes.record(GALLERY)
        assert record is not None
        assert record.answers == found.answers
        assert ledger.probes.record("another_gallery") is None
        assert ledger.probes.left() == []


def test_an_account_as_believed_answers_every_question_in_a_minute_of_the_smallest_limit(
    prober: Prober,
) -> None:
    found = prober.probe()
    assert set(found.answers) == set(Question)
    # 20 in 10 seconds.
    assert found.run.requests <= 50
    assert found.run.requests == prober.sandbox.total


def test_a_lag_is_never_recorded_as_shorter_than_it_is(prober_of: Callable[..., Prober]) -> None:
    prober = prober_of("lag=1")
    found = prober.probe()
    for question in (Question.PRODUCT_LAG, Question.ASSET_LAG, Question.LINK_LAG):
        lag_s = found.answers[question]
        assert isinstance(lag_s, float)
        assert lag_s >= 1
    assert found.answers[Question.GALLERY] == "told"
    assert prober.standing == ({"S1"}, set())


def test_a_product_outside_the_gallerys_family_is_told_and_the_rest_still_asked(prober: Prober) -> None:
    family = prober.sandbox.add_family("Books")

    def into_family() -> None:
        sku = next(sku for sku in prober.standing[0] if sku.startswith("AMZSYNC-PROBE-"))
        prober.sandbox.set_family(sku, family)

    prober.sandbox.faults.add(Fault("GET", "/products/[^/]+", RunBefore(into_family)))
    found = prober.probe()
    assert found.answers[Question.FAMILY] == "lacks"
    assert Question.PATCH not in found.answers
    assert found.answers[Question.PAGE_SIZE] == "422"
    assert prober.standing == ({"S1"}, set())


def test_a_role_that_may_not_write_is_told_after_one_request(prober: Prober) -> None:
    prober.sandbox.faults.add(Fault("POST", "/products", Answer(403, b'{"error":{"msg":"no"}}')))
    found = prober.probe()
    assert found.answers == {Question.CREATE: "403"}
    assert found.is_complete
    assert "POST /assets" not in prober.sandbox.counts


# What is left alone.


def test_a_picture_that_is_there_already_is_used_and_stays(prober: Prober) -> None:
    there = [prober.sandbox.add_asset(f"{number}.jpg", url) for number, url in enumerate(ADDRESSES)]
    prober.sandbox.set_gallery("S1", there[:1])
    found = prober.probe()
    assert found.answers[Question.PATCH] == "replace"
    assert Question.DELETE_USED not in found.answers
    assert prober.standing == ({"S1"}, {"0.jpg", "1.jpg", "2.jpg"})
    assert prober.sandbox.snapshot().products["S1"].gallery_ids == (there[0],)
    assert "DELETE /assets/{id}" not in prober.sandbox.counts


def test_what_only_looks_like_a_probes_is_never_deleted(prober: Prober) -> None:
    skus = {
        "AMZSYNC-PROBE-",
        "AMZSYNC-PROBE-0123456789AB",
        "amzsync-probe-0123456789ab",
        "MY-AMZSYNC-PROBE-0123456789AB",
    }
    names = {"amzsync-probe-0123456789ab-1.jpg", "my amzsync-probe-.jpg"}
    prober.sandbox.seed(skus)
    for name in names:
        prober.sandbox.add_asset(name)
    found = prober.probe()
    assert prober.standing == ({"S1"} | skus, names)
    assert found.is_complete
    assert {one.name for one in found.left} == {
        "AMZSYNC-PROBE-",
        "AMZSYNC-PROBE-0123456789AB",
        "amzsync-probe-0123456789ab-1.jpg",
    }
    assert all(one.is_others for one in found.left)


def test_a_copy_that_a_person_made_of_what_a_probe_left_stays(prober: Prober) -> None:
    assert prober.killed(12, is_answered=True)
    skus, names = prober.standing
    copies = {f"{sku}-COPY" for sku in skus if sku.startswith("AMZSYNC-PROBE-")}
    pictures = {f"copy-of-{name}" for name in names} | {name.replace("-1.", "-1 (2).") for name in names}
    prober.sandbox.seed(copies)
    for name in pictures - names:
        prober.sandbox.add_asset(name)
    found = prober.probe()
    assert found.is_complete
    assert prober.standing == ({"S1"} | copies, pictures - names)
    assert copies < {one.name for one in found.left}


def test_what_an_end_at_the_limit_leaves_is_told(prober: Prober) -> None:
    found = prober.probe(limits=(Limit(9, 3600.0),), bounds=Bounds(max_wait_s=0.0))
    assert (found.is_complete, found.run.end) == (False, End.WAIT_TOO_LONG)
    assert {one.name for one in found.left} == set().union(*prober.standing) - {"S1"}
    assert prober.probe().left == ()
    assert prober.standing == ({"S1"}, set())


def test_what_a_person_uses_or_renames_meanwhile_stays_and_is_told(prober: Prober) -> None:
    assert prober.killed(12, is_answered=True)
    shot = prober.sandbox.snapshot()
    used, *_ = (asset for asset in shot.assets)
    prober.sandbox.set_gallery("S1", [used.id])
    found = prober.probe(ADDRESSES[1:])
    assert prober.standing == ({"S1"}, {used.filename})
    assert [one.name for one in found.left] == [used.filename]
    assert prober.sandbox.snapshot().products["S1"].gallery_ids == (used.id,)
    prober.sandbox.set_gallery("S1", [])
    assert prober.probe(ADDRESSES[1:]).left == ()
    assert prober.standing == ({"S1"}, set())


# Whatever happens.


def _sweep(prober: Prober, requests: range) -> None:
    """Kill a probe at each of these requests, before and after; the next one leaves nothing."""
    for request in requests:
        for is_answered in (False, True):
            if prober.killed(request, is_answered=is_answered):
                found = prober.probe()
                assert found.is_complete
                assert (prober.standing, found.left) == (({"S1"}, set()), ()), (request, is_answered)


@pytest.mark.parametrize("first", [0, 3, 5, 8])
def test_what_a_probe_that_was_killed_has_left_the_next_one_removes(prober: Prober, first: int) -> None:
    _sweep(prober, range(first, REQUESTS, 12))


@pytest.mark.soak
@pytest.mark.parametrize(
    "words",
    ["", "patch=append,unlink=one,delete-used=refused", "other-name=second,unreachable=201,exists=no-id"],
)
def test_it_does_so_at_every_request_and_in_other_accounts(
    prober_of: Callable[..., Prober], words: str
) -> None:
    _sweep(prober_of(words), range(REQUESTS))


def test_an_interrupted_probe_takes_away_what_it_has_made(prober: Prober) -> None:
    stop = StopRequest()
    prober.sandbox.faults.add(Fault("PATCH", "/products/[^/]+", RunBefore(stop.set)))
    found = prober.probe(stop=stop)
    assert not found.is_complete
    assert prober.standing == ({"S1"}, set())
    with Ledger.read(prober.path) as ledger:
        assert ledger.probes.record(GALLERY) is None


def test_a_probe_that_cannot_go_on_takes_away_what_it_has_made(prober: Prober) -> None:
    moved = Answer(302, headers={"Location": "https://elsewhere.example/"})
    prober.sandbox.faults.add(Fault("PATCH", "/products/[^/]+", moved))
    found = prober.probe()
    assert isinstance(found.run.error, StopError)
    assert not found.is_complete
    assert prober.standing == ({"S1"}, set())


def test_what_cannot_be_removed_is_told_and_the_next_probe_tries_again(prober: Prober) -> None:
    refused = Answer(423, b'{"error":{"msg":"locked"}}')
    prober.sandbox.faults.add(Fault("DELETE", "/products/[^/]+", refused, times=None))
    found = prober.probe()
    assert "423" in found.left[0].reason
    assert len(prober.standing[0]) == 2
    prober.sandbox.faults.clear()
    assert prober.probe().left == ()
    assert prober.standing == ({"S1"}, set())


def test_the_ledger_has_no_row_of_a_run_and_no_work_from_a_probe(prober: Prober) -> None:
    prober.probe()
    for table in ("runs", "products", "assets", "links", "thumbnails", "writes"):
        assert rows(prober.path, f"SELECT count(*) FROM {table}") == [(0,)]
