"""The reasons of rows that are skipped or failed, where something else depends on which one it is."""

__all__ = [
    "ASKED_AGAIN",
    "CHANGED_SINCE",
    "NOT_FOUND",
    "NOT_IN_FAMILY",
    "NOT_IN_ORDER",
    "NO_OTHER_THUMBNAIL",
    "NO_PICTURE",
    "PUT_LAST",
    "SKIP_EXISTING",
    "STANDS_ELSEWHERE",
    "TOO_SMALL",
    "UNNEEDED",
    "written_since",
]

NOT_FOUND = "Plytix has no product with this SKU"

NOT_IN_FAMILY = (
    "the gallery attribute does not belong to the product's family:"
    " add it to the family in Plytix, then use --retry-failed"
)

NOT_IN_ORDER = (
    "it is in the gallery, but not in its place: the order could not be written; --retry-failed tries again"
)

ASKED_AGAIN = (NOT_FOUND, NOT_IN_FAMILY)
"""--retry-failed and --refresh ask Plytix again."""

SKIP_EXISTING = "the gallery already holds images"
"""Of rows left alone by --skip-existing: without that option they are wanted again."""

TOO_SMALL = "its image is smaller than --min-size"
"""Of rows left out by --skip-small: without that option they are wanted again."""

UNNEEDED = "no product that can take it wants it"

NO_PICTURE = "its picture could not be put into Plytix"

STANDS_ELSEWHERE = "it is also used elsewhere in the product, and would be removed from there, too"

NO_OTHER_THUMBNAIL = "it stays the product's thumbnail, as no other one is wanted"

PUT_LAST = "put back behind the others, as Plytix is not known to keep the order of a whole gallery"

CHANGED_SINCE = "changed since that run: only what the run had added was taken out"


def written_since(run_id: int) -> str:
    return f"run {run_id} wrote to it later: undo that run first"
