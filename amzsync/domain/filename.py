"""The name an image gets as a Plytix asset (contract, Asset filename)."""

import hashlib

from amzsync.domain.image_url import ImageUrl

__all__ = ["asset_filename", "distinct_filename"]


def asset_filename(position: int, variant: str, image: ImageUrl) -> str:
    """E.g. `amazon_01_MAIN_61wixnPXtlL.jpg`; `position` counts from 1 (MAIN)."""
    return f"amazon_{position:02d}_{variant}_{image.image_id}{image.extension}"


def distinct_filename(filename: str, url: str) -> str:
    """The name for a second address that would take the same one: told apart by its own digest."""
    stem, dot, extension = filename.rpartition(".")
    digest = hashlib.blake2b(url.encode("utf-8"), digest_size=4).hexdigest()
    return f"{stem}-{digest}.{extension}" if dot else f"{filename}-{digest}"
