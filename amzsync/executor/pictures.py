"""Pictures that have changed at their addresses: found by their headers, and put into their assets."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from amzsync.domain.picture_look import FoundPicture, PictureLook
from amzsync.executor.context import RunContext
from amzsync.executor.engine.engine import End
from amzsync.executor.events import Notice
from amzsync.executor.running import Running
from amzsync.executor.scripts.replace_content import put_picture, unfit
from amzsync.ledger.pictures import PictureInPlace, Pictures
from amzsync.plytix.picture_queue import PictureQueue
from amzsync.plytix.pictures import FileAnswer, PictureHost

__all__ = ["PictureSource", "look_at_pictures", "replace_pictures"]

_GONE = frozenset({403, 404, 410})
_MOST_UNANSWERED = 20
"""So many in a row, and the hosts are not asked any further."""

_AT_ONCE = 4
_SKUS = 20
_TELLS_FROM = 100


@dataclass(frozen=True, slots=True)
class PictureSource:
    """The hosts of pictures, and the pace at which they are asked. `files` has time for whole pictures."""

    headers: PictureHost
    files: PictureHost
    queue: PictureQueue = field(default_factory=PictureQueue)


def look_at_pictures(context: RunContext, source: PictureSource, run_id: int | None = None) -> PictureLook:
    """Ask for the headers of what is in place, and keep in the ledger what is told. Plytix is not asked."""
    pictures = context.ledger.pictures(run_id)
    total = pictures.count_in_place()
    if total >= _TELLS_FROM:
        context.listener.notice(Notice(f"Asking for the headers of {total:,} images, at most 10 a second."))
    look = _Look(pictures, total)
    places = ((place, place.url) for place in pictures.in_place())
    answers = source.queue.answers(places, source.headers.headers, lambda: bool(context.stop))
    with closing(answers):
        for place, answer in answers:
            look.take(place, answer)
            if look.in_vain >= _MOST_UNANSWERED:
                break
    return look.result(is_stopped=bool(context.stop))


def replace_pictures(run: Running, context: RunContext, pictures: Pictures, source: PictureSource) -> None:
    """Fetch what has changed and put it into its asset, a few at a time, so that few are held in memory."""
    places = pictures.to_replace()
    while not run.error and run.end is End.DONE and (batch := list(islice(places, _AT_ONCE))):
        answers = source.queue.answers(
            ((place, place.url) for place in batch), source.files.fetch, lambda: bool(context.stop)
        )
        fetched = list(answers)
        if context.stop:
            run.end = End.STOPPED
            return
        run.work(put_picture(place, answer, pictures) for place, answer in _fit(fetched, pictures))


def _fit(
    fetched: list[tuple[PictureInPlace, FileAnswer]], pictures: Pictures
) -> Iterator[tuple[PictureInPlace, FileAnswer]]:
    for place, answer in fetched:
        if reason := unfit(place, answer):
            pictures.leave(place.asset_id, reason)
        else:
            yield place, answer


class _Look:
    """What was told so far."""

    def __init__(self, pictures: Pictures, total: int) -> None:
        self._pictures = pictures
        self._total = total
        self._asked = self._looked = self._first = self._unanswered = 0
        self._changed: list[FoundPicture] = []
        self._gone: list[FoundPicture] = []
        self._reason = ""
        self.in_vain = 0

    def take(self, place: PictureInPlace, answer: FileAnswer) -> None:
        self._asked += 1
        if answer.status == 200:
            self.in_vain = 0
            self._see(place, answer)
        elif answer.status in _GONE:
            self.in_vain = 0
            self._pictures.note_asked(place.asset_id)
            self._gone.append(self._found(place))
        else:
            self._unanswered += 1
            self._reason = answer.reason or f"HTTP {answer.status}"
            self.in_vain += answer.was_asked

    def _see(self, place: PictureInPlace, answer: FileAnswer) -> None:
        self._looked += 1
        self._first += place.is_new
        is_changed = place.marks.differ(answer.marks)
        self._pictures.note_seen(place.asset_id, answer.marks, is_changed=is_changed)
        if is_changed:
            self._changed.append(self._found(place))

    def _found(self, place: PictureInPlace) -> FoundPicture:
        return FoundPicture(place.url, self._pictures.skus(place.asset_id, _SKUS))

    def result(self, *, is_stopped: bool) -> PictureLook:
        return PictureLook(
            self._looked,
            self._first,
            tuple(self._changed),
            tuple(self._gone),
            self._unanswered,
            self._reason,
            self._total - self._asked,
            is_stopped,
        )
