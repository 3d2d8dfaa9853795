"""From wanted pictures to Plytix assets: look up many at once, upload the rest one by one."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.faults import reading_failed
from amzsync.executor.task import Task
from amzsync.ledger.rows import Asset, Origin, State
from amzsync.ledger.work import Refusal, Work
from amzsync.plytix.client import PAGE_SIZE, search_assets, upload_asset
from amzsync.plytix.wire import AssetExistsWithoutId, AssetPage, CreatedAsset

__all__ = ["Pictures"]

_NAMES_PER_NAMELESS = 2


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A picture on its way; `exists` when Plytix has said that it has it, without saying as which asset."""

    asset: Asset
    product_id: int
    exists: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The names it can stand under: ours, and where another hand put it there, its own."""
        own = unquote(urlsplit(self.asset.url).path.rpartition("/")[2])
        return (self.asset.filename, own) if self.exists and own else (self.asset.filename,)

    @property
    def found_as(self) -> Origin:
        # In flight means that an earlier run asked for it and did not live to see the answer.
        return Origin.UPLOADED if self.asset.state is State.IN_FLIGHT else Origin.FOUND


class Pictures:
    """The pictures of the products at hand. `settled` is told each one's Plytix id, None where it failed."""

    def __init__(self, work: Work, settled: Callable[[int, str | None], None]) -> None:
        self._work = work
        self._settled = settled
        self._known: set[int] = set()
        self._unasked: deque[_Wanted] = deque()
        self._nameless: deque[_Wanted] = deque()
        self._pages: deque[tuple[list[_Wanted], int]] = deque()
        self._absent: deque[_Wanted] = deque()
        self._asking = 0
        self.uploading = 0
        self.uploaded = 0
        self.found = 0
        self.failed = 0
        self.fault: StopError | None = None

    @property
    def unasked(self) -> int:
        """Pictures whose names Plytix has not been asked for yet."""
        return len(self._unasked)

    @property
    def absent(self) -> int:
        """Pictures that Plytix does not have, ready to be uploaded."""
        return len(self._absent)

    @property
    def asking(self) -> int:
        """Look-ups in the air."""
        return self._asking

    def want(self, asset: Asset, product_id: int) -> None:
        """Settle this picture, once, whoever wants it."""
        if asset.id not in self._known:
            self._known.add(asset.id)
            (self._absent if asset.is_absent else self._unasked).append(_Wanted(asset, product_id))

    def look_up(self, *, also_few: bool) -> Task | None:
        """A search for up to 100 names; for fewer than that only with `also_few`."""
        if self._pages:
            return self._search(*self._pages.popleft())
        if self._nameless:
            few = [
                self._nameless.popleft()
                for _ in range(min(len(self._nameless), PAGE_SIZE // _NAMES_PER_NAMELESS))
            ]
            return self._search(few, 1)
        if not self._unasked or (len(self._unasked) < PAGE_SIZE and not also_few):
            return None
        return self._search([self._unasked.popleft() for _ in range(min(len(self._unasked), PAGE_SIZE))], 1)

    def upload(self) -> Task | None:
        """The upload of the next picture that Plytix does not have."""
        if not self._absent:
            return None
        wanted = self._absent.popleft()
        self.uploading += 1
        return Task(
            upload_asset(wanted.asset.url, wanted.asset.filename),
            lambda outcome, attempts: self._uploaded(wanted, outcome, attempts),
            claim=lambda: self._work.claim_assets([wanted.asset.id]),
        )

    def _search(self, wanted: list[_Wanted], page: int) -> Task:
        names = list(dict.fromkeys(name for one in wanted for name in one.names))
        self._asking += 1
        return Task(
            search_assets(names, page=page),
            lambda outcome, attempts: self._answered(wanted, page, outcome, attempts),
        )

    def _answered(
        self, wanted: list[_Wanted], page: int, outcome: AssetPage | PlytixError, attempts: int
    ) -> None:
        self._asking -= 1
        if isinstance(outcome, RejectedError):
            self._ask_less(wanted, outcome, attempts)
            return
        if isinstance(outcome, PlytixError):
            self.fault = reading_failed(outcome, attempts)
            return
        # Plytix ignores case, image ids do not: only the exact name is the same picture.
        ids = {asset.filename: asset.id for asset in reversed(outcome.assets)}
        missing = []
        for one in wanted:
            name = next((name for name in one.names if name in ids), None)
            if name is None:
                missing.append(one)
            else:
                self._finish(one, ids[name], name, one.found_as)
        if missing and outcome.is_full:
            self._pages.append((missing, page + 1))
            return
        for one in missing:
            if one.exists:
                self._fail(
                    one, Refusal(409, "Plytix says that the asset exists, but not which one it is", attempts)
                )
        absent = [one for one in missing if not one.exists]
        self._work.note_absent([one.asset.id for one in absent])
        self._absent.extend(absent)

    def _ask_less(self, wanted: Sequence[_Wanted], error: PlytixError, attempts: int) -> None:
        """A refused search: some name in it must be what Plytix does not take. Halve it until it shows."""
        if len(wanted) == 1:
            self._fail(wanted[0], Refusal(error.status, error.message, attempts))
            return
        middle = len(wanted) // 2
        self._pages.extend([(list(wanted[:middle]), 1), (list(wanted[middle:]), 1)])

    def _uploaded(self, wanted: _Wanted, outcome: Any, attempts: int) -> None:  # noqa: ANN401 - narrowed below
        self.uploading -= 1
        match outcome:
            case CreatedAsset() as created:
                # A conflict after a failed attempt is that attempt's own work, come to light.
                is_ours = not created.existed or attempts > 1 or wanted.found_as is Origin.UPLOADED
                origin = Origin.UPLOADED if is_ours else Origin.FOUND
                self._finish(wanted, created.id, created.filename, origin)
            case AssetExistsWithoutId():
                self._work.release_asset(wanted.asset.id)
                self._nameless.append(_Wanted(wanted.asset, wanted.product_id, exists=True))
            case RejectedError() as error:
                self._fail(wanted, Refusal(error.status, error.message, attempts))
            case StopError():
                self._work.release_asset(wanted.asset.id)
            case PlytixError() as error:
                self._fail(wanted, Refusal(error.status, error.message, attempts))

    def _finish(self, wanted: _Wanted, plytix_id: str, filename: str, origin: Origin) -> None:
        self._work.finish_asset(wanted.asset.id, plytix_id, filename, origin)
        if origin is Origin.UPLOADED:
            self.uploaded += 1
        else:
            self.found += 1
        self._done(wanted, plytix_id)

    def _fail(self, wanted: _Wanted, refusal: Refusal) -> None:
        self._work.fail_asset(wanted.asset.id, wanted.product_id, refusal)
        self.failed += 1
        self._done(wanted, None)

    def _done(self, wanted: _Wanted, plytix_id: str | None) -> None:
        self._known.discard(wanted.asset.id)
        self._settled(wanted.asset.id, plytix_id)
