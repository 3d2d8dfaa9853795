"""Alternative texts of pictures, from a template such as `{title}, view {position}`."""

import re
from dataclasses import dataclass
from string import Formatter

from amzsync.domain.cells import FORMULA_STARTS

__all__ = ["FIELDS", "AltText", "Use", "read_alt_text"]

_LONGEST_TEMPLATE = 500
_LONGEST = 500
_AMAZON_SKU = re.compile(r"AMZN-[A-Z]{2}-([A-Z0-9]{10})")
_STARTS = "".join(FORMULA_STARTS) + " "


@dataclass(frozen=True, slots=True)
class Use:
    """A picture in the gallery of a product; `position` counts from 1, `title` may be empty."""

    sku: str
    title: str
    variant: str
    position: int

    @property
    def asin(self) -> str:
        """Where the SKU is made from one; else empty."""
        found = _AMAZON_SKU.fullmatch(self.sku)
        return found[1] if found else ""


FIELDS = ("sku", "title", "asin", "variant", "position")
"""What a template can name."""


@dataclass(frozen=True, slots=True)
class AltText:
    """A template: pieces of text, each before a field, or before nothing at the end."""

    pieces: tuple[tuple[str, str | None], ...]

    def of(self, use: Use) -> str:
        """The text for a picture, on one line and no formula; empty where a field has no value."""
        words = []
        for text, field in self.pieces:
            value = "" if field is None else str(getattr(use, field))
            if field is not None and not value:
                return ""
            words.append(text + value)
        return _one_line("".join(words))


def read_alt_text(template: str) -> AltText:
    """Read a template.

    Raises:
        ValueError: it is none, or names another field; the message tells which.
    """
    if len(template) > _LONGEST_TEMPLATE:
        raise ValueError(f"it is longer than {_LONGEST_TEMPLATE} characters")
    try:
        parsed = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"its braces do not match ({error})") from None
    known = ", ".join(f"{{{field}}}" for field in FIELDS)
    pieces: list[tuple[str, str | None]] = []
    for text, field, form, conversion in parsed:
        if field is not None and field not in FIELDS:
            raise ValueError(f"{{{field[:40]}}} is not one of {known}")
        if form or conversion:
            raise ValueError(f"{{{field}}} takes no format; write {{{field}}}")
        pieces.append((text, field))
    if not any(field for _, field in pieces):
        raise ValueError(f"it names none of {known}, so that all images would have the same")
    return AltText(tuple(pieces))


def _one_line(text: str) -> str:
    """What would act or hide is left out, and what would begin a formula."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split()).lstrip(_STARTS)[:_LONGEST].rstrip()
