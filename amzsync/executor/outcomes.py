"""What becomes of a product, written down: its writes' beginning, its rows' end."""

from collections.abc import Callable, Collection, Mapping

from amzsync.executor.decide import MAX_ASSETS
from amzsync.executor.desk import Desk
from amzsync.executor.written import Written
from amzsync.ledger.rows import Origin
from amzsync.ledger.work import Refusal, Work

__all__ = ["Outcomes"]

_FULL = Refusal(None, f"the product already holds {MAX_ASSETS} assets, the most Plytix allows", 0)


class Outcomes:
    """`finished` is told each product that has come to its end; `failed` counts links that cannot stand."""

    def __init__(self, work: Work, clock: Callable[[], float], finished: Callable[[Desk], None]) -> None:
        self._work = work
        self._clock = clock
        self._finished = finished
        self.written = Written()
        self.failed = 0

    def claim(self, desk: Desk, places: Mapping[str, int] | None = None) -> None:
        """A write to it is about to leave; `places` are those of the assets that it links, if it does."""
        if not desk.was_claimed:
            standing = desk.standing(desk.seen.gallery)
            self._work.look(desk.work.id, standing, as_left=desk.is_ours)
            # What stood there before the first write is a person's: in flight, it would pass for ours.
            self._work.finish_links(desk.work.id, desk.found, made=())
        desk.was_claimed = True
        if places is not None:
            desk.written = dict(places)
        rows = (
            {row: places[plytix_id] for row, plytix_id in desk.ids.items() if plytix_id in places}
            if places
            else {}
        )
        self._work.claim_product(desk.work.id, rows)

    def release(self, desk: Desk) -> None:
        """The write did not happen. A product that has been given something already stays begun."""
        if not desk.made and not desk.was_begun:
            self._work.release_product(desk.work.id)

    def fail_link(self, desk: Desk, asset_id: str, refusal: Refusal) -> None:
        """One picture cannot be linked to it."""
        rows = [link for link in desk.open_links if desk.ids.get(link) == asset_id]
        self._work.fail_links(desk.work.id, rows, refusal)
        desk.failed_links.update(rows)
        self.failed += len(rows)

    def leave_alone(self, desk: Desk, reason: str) -> None:
        """Nothing more is written to it, and why."""
        self._note_made(desk)
        self._work.skip_product(desk.work.id, reason)
        self._finished(desk)

    def leave_outside_family(self, desk: Desk) -> None:
        """Its family has no such gallery: there is nowhere to put the pictures."""
        self._note_made(desk)
        self.failed += len(desk.open_links)
        self._work.skip_outside_family(desk.work.id)
        self._finished(desk)

    def fail(self, desk: Desk, refusal: Refusal) -> None:
        """All that is open of it has failed."""
        self._note_made(desk)
        self.failed += len(desk.open_links)
        self._work.fail_links(desk.work.id, desk.open_links, refusal)
        self._work.fail_thumbnail(desk.work.id, refusal)
        self._finished(desk)

    def finish(self, desk: Desk, gallery: tuple[str, ...]) -> None:
        """Write down what stands in the gallery, and what cannot."""
        if desk.was_claimed:
            self.written.note(desk.work.id, desk.work.sku, self._clock())
        placed = desk.placed(gallery)
        self._note_made(desk, but=placed)
        made = {row for row in placed if desk.ids[row] in desk.made}
        as_left = desk.is_ours
        self._work.look(desk.work.id, desk.standing(gallery), as_left=as_left)
        self._work.finish_links(desk.work.id, placed, made, as_left=as_left)
        left_out = [row for row in desk.open_links if row not in placed and row not in desk.failed_links]
        without_picture = [row for row in left_out if row in desk.failed]
        no_room = [row for row in left_out if row not in desk.failed]
        no_thumbnail = desk.has_open_thumbnail and not desk.thumbnail_failed and desk.thumbnail is None
        self._work.fail_without_picture(desk.work.id, without_picture, thumbnail=no_thumbnail)
        self._work.fail_links(desk.work.id, no_room, _FULL)
        self.failed += len(left_out)
        self._finish_thumbnail(desk)
        self._finished(desk)

    def _note_made(self, desk: Desk, but: Collection[int] = ()) -> None:
        """A link that was not answered may stand all the same."""
        made = [row for row, plytix_id in desk.ids.items() if plytix_id in desk.made and row not in but]
        if made:
            self._work.note_made(desk.work.id, made)

    def _finish_thumbnail(self, desk: Desk) -> None:
        if not desk.has_open_thumbnail:
            return
        if desk.thumbnail_failed:
            self._work.fail_thumbnail(desk.work.id, desk.thumbnail_failed)
        elif desk.thumbnail is not None:
            self._work.finish_thumbnail(desk.work.id, Origin.MADE if desk.thumbnail_made else Origin.FOUND)
