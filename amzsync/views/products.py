"""The products of a plan, in columns and as JSON."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from amzsync.ledger.queries import ProductRow
from amzsync.views.console import SKU_LIMIT, Sheet, count_text, foreign, own, plural

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["product_entry", "product_sheet"]


def product_sheet(rows: Iterable[ProductRow]) -> Sheet:
    """Products in columns."""
    made = Sheet(
        "SKU", "images", "in place", "to do", "thumbnail", "note", numbers=("images", "in place", "to do")
    )
    for row in rows:
        made.add(
            foreign(row.sku, limit=SKU_LIMIT),
            own(count_text(row.wanted)),
            own(count_text(row.done)),
            own(count_text(row.open)),
            own(row.thumbnail.value if row.thumbnail else "none"),
            _note(row),
        )
    return made


def _note(row: ProductRow) -> "Text":
    notes = [own("variation parent")] if row.is_parent else []
    if row.new_assets:
        notes.append(own(f"{plural(row.new_assets, 'image')} new"))
    if row.failed:
        notes.append(own(f"{count_text(row.failed)} failed", "red"))
    if row.reason:
        notes.append(foreign(row.reason, "yellow"))
    return own(", ").join(notes)


def product_entry(row: ProductRow) -> dict[str, object]:
    """A product in the plan's JSON."""
    return {
        "sku": row.sku,
        "is_parent": row.is_parent,
        "images": row.wanted,
        "done": row.done,
        "pending": row.open,
        "skipped": row.skipped,
        "failed": row.failed,
        "new_assets": row.new_assets,
        "thumbnail": row.thumbnail.value if row.thumbnail else None,
        "reason": row.reason,
    }
