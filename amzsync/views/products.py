"""The products of a plan as JSON."""

from amzsync.ledger.queries import ProductRow

__all__ = ["product_entry"]


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
