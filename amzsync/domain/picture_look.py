"""What the hosts of images have told of those in place."""

from dataclasses import dataclass

__all__ = ["FoundPicture", "PictureLook"]


@dataclass(frozen=True, slots=True)
class FoundPicture:
    """A picture in place and the first products that want it."""

    url: str
    skus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PictureLook:
    """What hosts have told: `first` were looked at for the first time, so nothing is known of a change.

    `gone`: the address leads to nothing now. `unanswered` could not be looked at, and `reason` is the last
    cause of that.
    `left` were not asked; `is_stopped`: as the run was to end.
    """

    looked: int = 0
    first: int = 0
    changed: tuple[FoundPicture, ...] = ()
    gone: tuple[FoundPicture, ...] = ()
    unanswered: int = 0
    reason: str = ""
    left: int = 0
    is_stopped: bool = False
