"""One by one: the pictures that a gallery lacks as single links, then the thumbnail, each after the last."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from amzsync.errors import PlytixError, RejectedError, RetriableError, StopError
from amzsync.executor.decide import Append
from amzsync.executor.desk import Desk
from amzsync.executor.outcomes import Outcomes
from amzsync.executor.task import Task
from amzsync.ledger.work import NOT_FOUND, Refusal
from amzsync.plytix.client import link_asset, read_asset, write_product
from amzsync.plytix.wire import LinkResult, PlytixAsset, PlytixProduct

__all__ = ["Chains"]


class Chains:
    """Products that are written link by link. `picture_lost` is told a picture that Plytix has no more.

    `doubted` is asked about a refused link: whether it looks at the product itself, and goes on from there.
    """

    def __init__(
        self,
        outcomes: Outcomes,
        label: str,
        picture_lost: Callable[[Desk, int], None],
        doubted: Callable[[Desk, RejectedError], bool],
    ) -> None:
        self._doubted = doubted
        self._outcomes = outcomes
        self._label = label
        self._picture_lost = picture_lost
        self._ready: deque[Task] = deque()
        self.in_air = 0

    def next(self) -> Task | None:
        return self._ready.popleft() if self._ready else None

    def begin(self, desk: Desk, decision: Append, *, by_link: bool = False) -> None:
        """Link what is missing, if anything is; with `by_link` the thumbnail, too, is set by a link."""
        desk.only_append = True
        desk.to_append = list(decision.missing)
        desk.thumbnail_left = decision.thumbnail
        desk.thumbnail_by_link = by_link
        self._go_on(desk)

    def _step(self, desk: Desk) -> Task:
        self.in_air += 1
        claim = partial(self._outcomes.claim, desk)
        if desk.to_append:
            linked = {*desk.made, *desk.to_append}
            after = enumerate((*desk.seen.gallery, *desk.to_append), 1)
            places = {asset_id: place for place, asset_id in after if asset_id in linked}
            asset_id = desk.to_append[0]
            call = link_asset(desk.plytix_id, asset_id, self._label)
            return Task(
                call,
                lambda outcome, tries: self._linked(desk, asset_id, outcome, tries),
                claim=partial(self._outcomes.claim, desk, places),
            )
        thumbnail = desk.thumbnail_left or ""
        settle = partial(self._thumbnail_set, desk, thumbnail)
        if desk.thumbnail_by_link:
            return Task(link_asset(desk.plytix_id, thumbnail, "thumbnail"), settle, claim=claim)
        write = write_product(desk.plytix_id, self._label, gallery=None, thumbnail_id=thumbnail)
        return Task(write, settle, claim=claim)

    def _go_on(self, desk: Desk) -> None:
        if desk.to_append or desk.thumbnail_left:
            self._ready.append(self._step(desk))
        else:
            self._outcomes.finish(desk, desk.seen.gallery)

    def _linked(self, desk: Desk, asset_id: str, outcome: Any, attempts: int) -> None:  # noqa: ANN401 - narrowed below
        self.in_air -= 1
        match outcome:
            case LinkResult():
                desk.to_append.pop(0)
                desk.made.add(asset_id)
                desk.seen = desk.seen.showing((*desk.seen.gallery, asset_id))
                self._go_on(desk)
            case RejectedError() as error if error.status == 404:
                self._ready.append(self._ask_what_is_gone(desk, asset_id, error))
            case RejectedError() as error if self._doubted(desk, error):
                desk.to_append.clear()
            case StopError():
                self._outcomes.release(desk)
            case PlytixError() as error:
                if isinstance(error, RetriableError):
                    desk.made.add(asset_id)
                self._link_failed(desk, asset_id, Refusal(error.status, error.message, attempts))

    def _link_failed(self, desk: Desk, asset_id: str, refusal: Refusal) -> None:
        desk.to_append.pop(0)
        self._outcomes.fail_link(desk, asset_id, refusal)
        self._go_on(desk)

    def _ask_what_is_gone(self, desk: Desk, asset_id: str, error: RejectedError) -> Task:
        """A link's 404 can mean the asset or the product."""
        self.in_air += 1
        return Task(
            read_asset(asset_id), lambda outcome, tries: self._gone(desk, asset_id, error, outcome, tries)
        )

    def _gone(
        self,
        desk: Desk,
        asset_id: str,
        error: RejectedError,
        outcome: PlytixAsset | PlytixError,
        attempts: int,
    ) -> None:
        self.in_air -= 1
        rows = [row for row, plytix_id in desk.ids.items() if plytix_id == asset_id]
        match outcome:
            case PlytixAsset():
                self._outcomes.leave_alone(desk, NOT_FOUND)
            case RejectedError() as refused if refused.status == 404 and not desk.lost.intersection(rows):
                desk.to_append.clear()
                desk.only_append = False
                for row in rows:
                    desk.lost.add(row)
                    self._picture_lost(desk, row)
            case StopError():
                self._outcomes.release(desk)
            case _ if desk.to_append:
                self._link_failed(desk, asset_id, Refusal(error.status, error.message, attempts))
            case _:
                self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def _thumbnail_set(self, desk: Desk, thumbnail: str, outcome: Any, attempts: int) -> None:  # noqa: ANN401
        self.in_air -= 1
        match outcome:
            case PlytixProduct() as product if (
                product.thumbnail_id != thumbnail and not desk.thumbnail_by_link
            ):
                desk.thumbnail_by_link = True
                self._go_on(desk)
            case PlytixProduct() | LinkResult():
                desk.thumbnail_left = None
                desk.thumbnail_made = True
                self._go_on(desk)
            case StopError():
                self._outcomes.release(desk)
            case RejectedError() as error:
                self.refuse_thumbnail(desk, error, attempts)
            case PlytixError() as error:
                self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def refuse_thumbnail(self, desk: Desk, error: RejectedError, attempts: int = 1) -> None:
        """Plytix does not set it: perhaps because its picture is gone."""
        asset_id = desk.thumbnail
        if error.status == 404 and asset_id is not None:
            self._ready.append(self._ask_what_is_gone(desk, asset_id, error))
        else:
            self._thumbnail_failed(desk, Refusal(error.status, error.message, attempts))

    def _thumbnail_failed(self, desk: Desk, refusal: Refusal) -> None:
        desk.thumbnail_left = None
        desk.thumbnail_failed = refusal
        self._go_on(desk)
