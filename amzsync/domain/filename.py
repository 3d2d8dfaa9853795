"""The name an image gets as a Plytix asset (contract, Asset filename)."""

import hashlib
import re

from amzsync.domain.image_url import ImageUrl

__all__ = ["asset_filename", "distinct_filename", "picture_in"]

_OWN = re.compile(r"amazon_[0-9]{2,}_[^_]*_(.+)", re.DOTALL)


def asset_filename(position: int, variant: str, image: ImageUrl) -> str:
    """E.g. `amazon_01_MAIN_61wixnPXtlL.jpg`; `position` counts from 1 (MAIN)."""
    return f"amazon_{position:02d}_{variant}_{image.image_id}{image.extension}"


def distinct_filename(filename: str, url: str) -> str:
    """The name for a second address that would take the same one: told apart by its own digest."""
    stem, dot, extension = filename.rpartition(".")
    digest = hashlib.blake2b(url.encode("utf-8"), digest_size=4).hexdigest()
    return f"{stem}-{digest}.{extension}" if dot else f"{filename}-{digest}"


def picture_in(filename: str) -> str | None:
    """What tells the picture in such a name, whichever its use: `61wixnPXtlL.jpg`; None in any other name."""
    found = _OWN.fullmatch(filename)
    return found[1] if found else None
