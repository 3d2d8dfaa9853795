"""A life in which somebody looks often: what a check tells is true of some moment at which it read.

The world and its misfortunes are those of every other life; what is true is worked out from the contract.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from simulation.judge import BrokenPromiseError, Seen
from simulation.simulation import _Life, seldom_told
from simulation.user import KILLED, Ended, Rows

from amzsync.domain.changes import Change

_WHOLE = ("finished", "failures")


@dataclass(frozen=True)
class Truth:
    """What is to be told of a product: addresses, of pictures whose asset the ledger knows."""

    exists: bool
    missing: frozenset[str] = frozenset()
    thumbnail: bool = False
    obsolete: frozenset[str] = frozenset()


class CheckingLife(_Life):
    """Days on which checks, and applies that read first, are typed among the other commands."""

    def _command(self, number: int) -> Ended:
        draw = self._random.random()
        if number and draw < 0.35:
            return self._look_closely()
        if number and draw < 0.6:
            return self.user.apply(
                read_first=True, retry_failed=draw < 0.4, with_mapping=self._random.random() < 0.5
            )
        return super()._command(number)

    def _end(self) -> None:
        super()._end()
        ended = self._look_closely()
        checked = self.user.checked
        if ended.outcome not in _WHOLE or checked is None:
            raise BrokenPromiseError(f"the last check ended as {ended}")
        for change in checked.differences:
            if change.missing or change.thumbnail:
                raise BrokenPromiseError(f"all is repaired, and a check tells {change}")

    def _look_closely(self) -> Ended:
        before, moments = self.user.rows(), [self._products()]
        self.plytix.on_read = lambda: moments.append(self._products())
        ended = self.user.check()
        self.plytix.on_read = lambda: None
        if self.user.rows() != before:
            raise BrokenPromiseError("a check changed the ledger's rows")
        checked = self.user.checked
        if ended.outcome == KILLED or checked is None:
            return ended
        told = {change.sku: change for change in checked.differences}
        skus = {row[0] for row in before.links} if ended.outcome in _WHOLE else told.keys()
        for sku in skus:
            change = told.get(sku, Change(sku, is_parent=False, in_plytix=True))
            truths = [_truth(sku, before, moment) for moment in moments]
            may_be_anew = self.judge.times_made(sku) > 1
            if not any(_agrees(change, truth, before, may_be_anew=may_be_anew) for truth in truths):
                raise BrokenPromiseError(f"a check told {change}, but true was one of {truths}")
        return ended

    def _products(self) -> Mapping[str, Seen]:
        plytix, judge = self.plytix, self.judge
        return {
            judge.sku_of(one): Seen(plytix.gallery(one), plytix.thumbnail(one)) for one in judge.products()
        }


def _truth(sku: str, rows: Rows, moment: Mapping[str, Seen]) -> Truth:
    seen = moment.get(sku)
    if seen is None:
        return Truth(exists=False)
    links = [row[1:] for row in rows.links if row[0] == sku]
    wanted = {asset_id for _, asset_id, state, _ in links if state != "obsolete"}
    return Truth(
        exists=True,
        missing=frozenset(
            url
            for url, asset_id, state, _ in links
            if state not in ("obsolete", "failed") and asset_id and asset_id not in seen.gallery
        ),
        thumbnail=any(
            asset_id and asset_id != seen.thumbnail
            for one, asset_id, state in rows.thumbnails
            if one == sku and state not in ("obsolete", "failed")
        ),
        obsolete=frozenset(
            url
            for url, asset_id, state, origin in links
            if (state, origin) == ("obsolete", "made") and asset_id in seen.gallery and asset_id not in wanted
        ),
    )


def _agrees(change: Change, truth: Truth, rows: Rows, *, may_be_anew: bool) -> bool:
    """Whether this was told of it; of a picture that the ledger does not know, only its name may tell."""
    if change.in_plytix is not truth.exists or not truth.exists:
        return change.in_plytix is truth.exists
    links = [row for row in rows.links if row[0] == change.sku]
    known = {url for _, url, asset_id, _, _ in links if asset_id}
    thumbnails = [asset_id for sku, asset_id, _ in rows.thumbnails if sku == change.sku]
    return (
        known.intersection(change.missing) == truth.missing
        and (None in thumbnails or (change.thumbnail is not None) == truth.thumbnail)
        # In a product that was made anew nothing is this ledger's.
        and (frozenset(change.obsolete) == truth.obsolete or (may_be_anew and not change.obsolete))
    )


def broken(seed: int, *, log: bool = False) -> str:
    """What of the promises a seed broke; nothing where all were kept."""
    life = CheckingLife(seed, None, None)
    try:
        with seldom_told():
            life.live()
    except BrokenPromiseError as promise:
        if log:
            print("\n".join(life.world.story()))
        return str(promise)
    finally:
        life.plytix.close()
    return ""
