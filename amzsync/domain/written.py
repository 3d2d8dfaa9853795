"""What became of a write to a gallery, from what stood before it, what was sent and what was seen. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Settled", "is_between", "is_subsequence", "settle"]


@dataclass(frozen=True, slots=True)
class Settled:
    """`after` is what stood after the write, None where nothing was written.

    `is_mixed`: others changed the gallery at the same time, so what stands is not the run's work alone.
    """

    after: tuple[str, ...] | None
    is_mixed: bool = False


def settle(before: Sequence[str], sent: Sequence[str], seen: Sequence[str]) -> Settled:
    """Compare what was seen after a write with what it was to leave."""
    if tuple(seen) == tuple(before) != tuple(sent):
        return Settled(None)
    return Settled(tuple(seen), is_mixed=not is_between(before, sent, seen))


def is_between(before: Sequence[str], sent: Sequence[str], seen: Sequence[str]) -> bool:
    """Whether the write, or some of the single links or unlinks it was made of, explains what is seen."""
    if tuple(seen) in (tuple(before), tuple(sent)):
        return True
    kept = set(before).intersection(sent)
    if not kept.issubset(seen):
        return False
    return is_subsequence(seen, sent) or is_subsequence(seen, before)


def is_subsequence(few: Sequence[str], many: Sequence[str]) -> bool:
    """Whether all of `few` stand in `many`, in their order."""
    rest = iter(many)
    return all(one in rest for one in few)
