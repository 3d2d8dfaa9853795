"""The galleries this run has written, to be looked at again where that is free, or where others work.

Plytix has no write that depends on what stands: of two programs that read the same empty gallery and both
write it, the later one wins and neither is told. A second look shows it, and what was lost is appended. It
rides along with readings that have room, once whoever had read before our write must have written; only
where others are at work does it cost requests of its own, at the end.
"""

from dataclasses import dataclass, field

__all__ = ["LOOK_AFTER_S", "Written"]

LOOK_AFTER_S = 10.0
"""How long after a reading others may still write what rests on it, if they do as we do."""


@dataclass(frozen=True, slots=True)
class _Write:
    sku: str
    at: float


@dataclass(slots=True)
class Written:
    """Products by ledger id, in the order of their writing. Times are the clock's of whoever asks."""

    others_at_work: bool = False
    _all: dict[int, _Write] = field(default_factory=dict)
    _unseen: dict[int, _Write] = field(default_factory=dict)

    def note(self, product_id: int, sku: str, at: float) -> None:
        """Remember that its gallery was written just now, where that is new."""
        if product_id not in self._all:
            self._all[product_id] = self._unseen[product_id] = _Write(sku, at)

    def suspect_others(self) -> None:
        """A sign of another program: everything is to be looked at, also what was before."""
        if not self.others_at_work:
            self.others_at_work = True
            self._unseen = dict(self._all)

    def due_at(self) -> float | None:
        """When all that were not looked at yet are old enough; None where there are none."""
        return next((write.at + LOOK_AFTER_S for write in reversed(self._unseen.values())), None)

    def take(self, most: int, now: float | None = None) -> dict[str, int]:
        """Up to `most` not looked at yet, as ledger ids by SKU; with `now` only such as are old enough."""
        taken: dict[str, int] = {}
        for product_id, write in self._unseen.items():
            if len(taken) >= most or (now is not None and write.at > now - LOOK_AFTER_S):
                break
            taken[write.sku] = product_id
        for product_id in taken.values():
            del self._unseen[product_id]
        return taken
