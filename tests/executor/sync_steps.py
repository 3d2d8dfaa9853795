"""The sync of one product that a test drives: it answers each request, and looks at the ledger after."""

from typing import Any

from catalogue import rows, states

from amzsync.domain.beliefs import AccountAnswers
from amzsync.errors import NotSentError, PlytixError, RejectedError
from amzsync.executor.clocks import Instant
from amzsync.executor.engine.freshness import Reading
from amzsync.executor.events import SilentListener
from amzsync.executor.scheduler.script import Find, Found, Send, Sent, Shared, Turn, Wait
from amzsync.executor.scripts.bulk import AssetsByName, ProductsBySku
from amzsync.executor.scripts.context import SyncContext
from amzsync.executor.scripts.product import KnownReading
from amzsync.executor.scripts.recheck import Recheck
from amzsync.executor.scripts.recheck_scripts import recheck_product
from amzsync.executor.scripts.record import Record
from amzsync.executor.scripts.sync import sync_product
from amzsync.executor.scripts.traits import AccountTraits
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Origin
from amzsync.plytix.wire import PlytixProduct, RequestKind

READING = Reading(Instant(0.0, 0.0, 0.0))
WRITE, LINK = RequestKind.PRODUCT_WRITE, RequestKind.LINK
MISSING = RejectedError("gone", status=404)


def shown(gallery: str | None, thumbnail: str | None = None, *, plytix_id: str = "p") -> PlytixProduct:
    """The product as an answer shows it."""
    told = None if gallery is None else tuple(gallery)
    return PlytixProduct(plytix_id, "S1", thumbnail, told, told)


class Steps:
    """The sync of a product with the pictures `a`, its thumbnail, and `b`, which are both in Plytix.

    `removes` are Plytix ids that the run is to take out; `known` is what a probe found of the account;
    `recent` is a reading of the product that was made shortly before; searches show all writes after
    `settles_in_s`.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        skip_existing: bool = False,
        removes: str = "",
        known: AccountAnswers | None = None,
        recent: KnownReading | None = None,
        settles_in_s: float = 0.0,
    ) -> None:
        self.path = ledger.path
        self.work = work = ledger.work(ledger.runs.start("apply", {}, 1, []))
        for asset in work.assets([1, 2, 3]).values():
            work.finish_asset(asset.id, "abc"[asset.id - 1], "", Origin.UPLOADED)
        work.add_tasks([(1, tuple(removes))] if removes else [])
        listener = SilentListener()
        self.recheck = Recheck(lambda: False, lambda: False, listener, lambda: 0.0)
        context = SyncContext(
            "amazon_images",
            Record(work),
            ProductsBySku("amazon_images"),
            AssetsByName(),
            AccountTraits(listener, known, lambda: settles_in_s),
            self.recheck,
            skip_existing=skip_existing,
            recent_reading=lambda _id: recent,
        )
        self.record = context.record
        self.context = context
        self.turns = 0
        self._script = sync_product(work.product(1), context)
        self.waits_for: Wait | None = next(self._script)

    def recheck_now(self) -> None:
        """The sync has ended; its product is read again."""
        self._script = recheck_product(1, "S1", self.context)
        self.waits_for = next(self._script)

    def answer(self, value: object = None) -> Wait | None:
        """Answer what it waits for, or let that fail; what it waits for next, None at its end."""
        try:
            if isinstance(value, PlytixError):
                self.waits_for = self._script.throw(value)
            else:
                self.waits_for = self._script.send(value)
        except StopIteration:
            self.waits_for = None
        self.turns += isinstance(self.waits_for, Turn)
        return self.waits_for

    def found(self, gallery: str, thumbnail: str | None = None, reading: Reading = READING) -> None:
        """It waits for a search, which shows this; go on until a write is due."""
        assert isinstance(self.waits_for, Find)
        self.answer(Found({"S1": shown(gallery, thumbnail)}, reading))
        while isinstance(self.waits_for, Shared | Turn):
            self.answer({} if isinstance(self.waits_for, Shared) else None)

    def sent(self, kind: RequestKind, outcome: object, *, leaves: bool = True, attempts: int = 1) -> Send:
        """It waits for a request of this kind, which comes to this."""
        send = self.waits_for
        assert isinstance(send, Send)
        assert send.call.request.kind is kind
        if leaves and send.claim:
            send.claim()
        self.answer(outcome if isinstance(outcome, PlytixError) else Sent(outcome, attempts, READING))
        while isinstance(self.waits_for, Turn):
            self.answer()
        return send

    @property
    def links(self) -> dict[str, str]:
        return states(self.path, "links")

    @property
    def thumbnail(self) -> tuple[Any, ...]:
        return rows(self.path, "SELECT state, reason, origin FROM thumbnails")[0]

    @property
    def failures(self) -> list[tuple[Any, ...]]:
        return rows(
            self.path, "SELECT row_table, url_id, status, message, attempts FROM failures ORDER BY 1, 2"
        )


def refused(error: PlytixError, attempts: int) -> PlytixError:
    error.attempts = attempts
    return error


def late(steps: Steps, gallery: str, thumbnail: str | None = None) -> None:
    """Four readings that are too old when their write could leave."""
    for _ in range(4):
        steps.sent(WRITE, NotSentError("late"), leaves=False)
        assert isinstance(steps.waits_for, Find)
        assert (steps.waits_for.fresh, steps.waits_for.after_s) == (True, 0.0)
        steps.found(gallery, thumbnail)
