"""Products as a mapping wants them: a SKU and the pictures that belong on it."""

from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "MARKETPLACE_IDS",
    "MAX_IMAGES",
    "ImageRef",
    "Product",
    "Unreadable",
    "amazon_sku",
]

MARKETPLACE_IDS: dict[str, str] = {
    "US": "ATVPDKIKX0DER",
    "CA": "A2EUQ1WTGCTBG2",
    "MX": "A1AM78C64UM0Y8",
    "BR": "A2Q3Y263D00KWC",
    "UK": "A1F83G8C2ARO7P",
    "GB": "A1F83G8C2ARO7P",
    "DE": "A1PA6795UKMFR9",
    "FR": "A13V1IB3VIYZZH",
    "IT": "APJ6JRA9NG5V4",
    "ES": "A1RKKUPIHCS9HS",
    "NL": "A1805IZSGTT6HS",
    "SE": "A2NODRKZP88ZB9",
    "PL": "A1C3SOZRARQ6R3",
    "JP": "A1VC38T7YXB528",
    "AU": "A39IBJ37TRP1C6",
    "IN": "A21TJRUUN4KGV",
}
"""SP-API marketplace ids by code (plytix-api, Amazon side)."""


MAX_IMAGES = 1000
"""The most pictures that a mapping may name for one product; Plytix itself takes 300."""


class ImageRef(NamedTuple):
    """One picture of one product. A tuple, because a catalogue makes a million of them.

    `area` is height × width in pixels, `width` the width; 0 where the mapping does not tell both sides.
    """

    url: str
    variant: str
    area: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class Product:
    """One listing of a mapping, its pictures in file order.

    `title` is one line of at most 300 characters, None where the mapping tells none.
    """

    sku: str
    is_parent: bool
    images: tuple[ImageRef, ...]
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry of a mapping that cannot be told as a product: where it stands, and why.

    `mapping` is the file's full name, the same from every folder.
    """

    place: str
    reason: str
    mapping: str = ""


def amazon_sku(marketplace: str, asin: str) -> str:
    """The SKU of an Amazon product in Plytix (contract, SKU)."""
    return f"AMZN-{marketplace}-{asin}"
