"""The part of the products that a command is about, in words and as JSON."""

import shlex
from typing import TYPE_CHECKING

from amzsync.ledger.part import ChosenPart
from amzsync.views.console import count_text, foreign, own, plural

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["part_fields", "part_text"]


def part_text(chosen: ChosenPart) -> "Text":
    """How many products it has, by which options, and how many are left out."""
    words = [word for sku in chosen.part.skus for word in ("--sku", sku)]
    if chosen.part.limit is not None:
        words += ["--limit", str(chosen.part.limit)]
    line = own(f"Only {plural(chosen.products, 'product')} (").append_text(foreign(shlex.join(words)))
    line.append(f"). Left out: {plural(chosen.left_out, 'product')}")
    if chosen.left_open:
        line.append(f", {count_text(chosen.left_open)} of them with something to do")
    return line.append(".")


def part_fields(chosen: ChosenPart | None) -> dict[str, object]:
    """For JSON: `part` is null where a command is about everything."""
    if chosen is None:
        return {"part": None}
    return {
        "part": {
            "skus": list(chosen.part.skus),
            "limit": chosen.part.limit,
            "products": chosen.products,
            "left_out": chosen.left_out,
            "left_out_with_work": chosen.left_open,
        }
    }
