"""What the answers to a probe's requests say: from what was seen to the answer to a question. Pure."""

from collections.abc import Sequence

from amzsync.plytix.trials import AssetTrial, CountedAssets, ProductTrial
from amzsync.plytix.wire import PlytixProduct

__all__ = [
    "counts_answer",
    "exists_answer",
    "link_answer",
    "linked_answer",
    "order_answer",
    "patch_answer",
    "shown_answer",
    "unlink_answer",
]

_CONFLICT = 409


def patch_answer(before: Sequence[str], written: Sequence[str], stood: Sequence[str]) -> str:
    """What a PATCH has made of a gallery: `replace`, `append`, `ignore`, or something `else`."""
    if set(stood) == set(written):
        return "replace"
    if set(stood) == set(before):
        return "ignore"
    return "append" if set(stood) == {*before, *written} else "else"


def order_answer(written: Sequence[str], stood: Sequence[str]) -> str | None:
    """Whether those that stand do so in the order in which they were written; None where too few stand."""
    standing = [asset_id for asset_id in stood if asset_id in written]
    if len(standing) < 2:
        return None
    if standing == [asset_id for asset_id in written if asset_id in standing]:
        return "kept"
    is_reversed = standing[::-1] == [asset_id for asset_id in written if asset_id in standing]
    return "reversed" if is_reversed else "changed"


def shown_answer(trial: ProductTrial, stood: Sequence[str]) -> str:
    """Whether the answer to a PATCH shows what stood afterwards."""
    if trial.product is None:
        return "empty"
    if trial.product.gallery is None and stood:
        return "untold"
    return "whole" if tuple(trial.product.gallery or ()) == tuple(stood) else "other"


def link_answer(before: Sequence[str], linked: str, stood: Sequence[str]) -> str:
    """What a link has made of a gallery."""
    if tuple(stood) == (*before, linked):
        return "appends"
    if linked not in stood:
        return "ignored"
    return "replaces" if tuple(stood) == (linked,) else "inserts"


def linked_answer(trial: ProductTrial) -> str:
    """How a link was answered that was there already."""
    return "409-bare" if trial.status == _CONFLICT and not trial.has_fields else str(trial.status)


def unlink_answer(before: PlytixProduct, after: PlytixProduct, asset_id: str) -> str | None:
    """From where an unlink took a picture; None where it stood at one place alone, so nothing is shown."""
    stood, stands = _places(before, asset_id), _places(after, asset_id)
    if len(stood) < 2:
        return None
    if stands == stood:
        return "nowhere"
    return "one" if stands else "everywhere"


def exists_answer(trial: AssetTrial) -> str | None:
    """How an upload was answered of an asset that is there."""
    if trial.is_done:
        return "second"
    if trial.status != _CONFLICT:
        return str(trial.status)
    if trial.known_id is None:
        return "no-id"
    return "errors" if trial.in_errors else "existing-id"


def counts_answer(page: CountedAssets, hits: int) -> str | None:
    """What the numbers of a search are, of which the page holds fewer than all hits."""
    if page.count is None and page.total is None:
        return "missing"
    if not 0 < len(page.assets) < hits:
        return None
    if page.total is None:
        return "missing"
    if page.total != hits:
        return "unfiltered"
    return "hits" if page.count == hits else "right"


def _places(product: PlytixProduct, asset_id: str) -> frozenset[str]:
    places = {
        "gallery": asset_id in (product.gallery or ()),
        "thumbnail": asset_id == product.thumbnail_id,
        "elsewhere": asset_id in product.elsewhere,
    }
    return frozenset(place for place, holds in places.items() if holds)
