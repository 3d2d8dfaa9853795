"""What tells one picture from another at the same address, without reading either."""

from dataclasses import dataclass

__all__ = ["NO_MARKS", "Marks"]


@dataclass(frozen=True, slots=True)
class Marks:
    """What a host tells of a picture in its headers, None where it does not; `length` is in bytes."""

    etag: str | None = None
    last_modified: str | None = None
    length: int | None = None

    def differ(self, later: "Marks") -> bool:
        """Whether the later ones are of another picture: the first mark that both tell decides."""
        for mine, other in (
            (self.etag, later.etag),
            (self.last_modified, later.last_modified),
            (self.length, later.length),
        ):
            if mine is not None and other is not None:
                return mine != other
        return False


NO_MARKS = Marks()
