"""The prune of one product, step by step: a test answers each request, and looks at the ledger after."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import CLOCKS, merge, product

from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.events import SilentListener
from amzsync.executor.scheduler.script import Find, Found, Send, Sent, Turn, Wait
from amzsync.executor.scripts.bulk import AssetsInUse, ProductsAndMedia
from amzsync.executor.scripts.context import RemovalContext
from amzsync.executor.scripts.prune import prune_product
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Origin
from amzsync.plytix.wire import PlytixProduct, RequestKind

READING = Reading(Instant(0.0, 0.0, 0.0))
S1 = 1


class Steps:
    """The prune of a product that holds `pbca`: a person's `p`, and three of ours, of which `a` is wanted."""

    def __init__(self, ledger: Ledger) -> None:
        run_id = ledger.runs.start("prune", {}, 1, [])
        work = ledger.work(run_id)
        work.add_tasks([(one.product_id, one.asset_ids) for one in work.removals()])
        self.context = RemovalContext(
            "amazon_images",
            Record(work),
            ProductsAndMedia("amazon_images", ()),
            AssetsInUse(),
            AccountTraits(SilentListener()),
        )
        (task,) = work.next_tasks(0, 2)
        self._script = prune_product(task, self.context)
        self.waits_for: Wait | None = next(self._script)

    def found(self, gallery: str) -> None:
        """A search shows this; go on until a write is due."""
        assert isinstance(self.waits_for, Find)
        self._answer(Found({"S1": PlytixProduct("p", "S1", None, tuple(gallery), tuple(gallery))}, READING))
        assert isinstance(self.waits_for, Turn)
        self._answer(None)

    def leaves(self) -> str:
        """An unlink leaves; of which picture."""
        send = self.waits_for
        assert isinstance(send, Send)
        assert send.call.request.kind is RequestKind.UNLINK
        assert send.claim is not None
        send.claim()
        return send.call.request.path.rpartition("/")[2]

    def unlinked(self) -> str:
        """An unlink leaves, and is answered; of which picture."""
        asset_id = self.leaves()
        self._answer(Sent(None, 1, READING))
        return asset_id

    def _answer(self, value: object) -> None:
        try:
            self.waits_for = self._script.send(value)
        except StopIteration:
            self.waits_for = None


@pytest.fixture
def ledger(ledger_path: Path) -> Iterator[Ledger]:
    with Ledger.write(ledger_path, CLOCKS) as ledger:
        merge(ledger, [product("S1", ("a", "MAIN"), ("b", "PT01"), ("c", "PT02"))])
        work = ledger.work()
        for asset_id, plytix_id in ((1, "a"), (2, "b"), (3, "c")):
            work.finish_asset(asset_id, plytix_id, "", Origin.UPLOADED)
        work.resolve({S1: "p"})
        work.finish_links(S1, {1: 4, 2: 2, 3: 3}, [1, 2, 3])
        merge(ledger, [product("S1", ("a", "MAIN"))])
        yield ledger


def still_to_go(ledger: Ledger) -> list[str]:
    """What a plan, a prune and an export tell as obsolete now."""
    return [asset_id for one in ledger.work().removals() for asset_id in one.asset_ids]


def test_what_an_answered_unlink_has_taken_out_is_not_obsolete_any_more_should_the_run_die_now(
    ledger: Ledger,
) -> None:
    steps = Steps(ledger)
    steps.found("pbca")
    assert still_to_go(ledger) == ["b", "c"]
    assert steps.unlinked() == "b"
    assert still_to_go(ledger) == ["c"]
    assert steps.leaves() == "c"
    assert still_to_go(ledger) == ["c"]


def test_a_prune_that_follows_a_death_between_two_unlinks_takes_out_the_rest(ledger: Ledger) -> None:
    died = Steps(ledger)
    died.found("pbca")
    died.unlinked()
    died.leaves()
    steps = Steps(ledger)
    # A person has put the unlinked one back meanwhile: it is theirs.
    steps.found("pcab")
    assert steps.unlinked() == "c"
    assert steps.waits_for is None
    assert still_to_go(ledger) == []
