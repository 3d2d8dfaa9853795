"""How the account answers, as far as a run has found out: what Plytix does not document."""

from collections import deque
from collections.abc import Sequence

from amzsync.executor.events import Listener, Notice
from amzsync.plytix.wire import PlytixProduct

__all__ = ["AccountTraits"]

_LAST_ANSWERS = 20
_MANY_NOT_SHOWN = 3


class AccountTraits:
    """`links_one_by_one`: writes of whole galleries are not shown by their answers, so none is made."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._omission_is_empty: bool | None = None
        self._answers: deque[bool] = deque(maxlen=_LAST_ANSWERS)
        self.links_one_by_one = False

    def gallery_of(self, product: PlytixProduct) -> tuple[str, ...] | None:
        """The gallery a search showed; None where only the product itself can tell (plytix-api, Products)."""
        is_omitted = product.gallery is None and product.assets is None
        return () if is_omitted and self._omission_is_empty else product.told_gallery

    def compare(self, searched: PlytixProduct | None, read: PlytixProduct) -> None:
        """Learn from a product read after a search that told neither its gallery nor any asset."""
        if searched is not None and searched.assets is None:
            # The product itself omits what is empty, or tells it: so will this server's searches.
            self._omission_is_empty = read.assets is None and not read.gallery

    def shows(self, written: Sequence[str], shown: Sequence[str] | None) -> bool:
        """Whether an answer shows the gallery that was written: all of it, in that order."""
        is_shown = shown is not None and _is_within(written, shown)
        self._answers.append(is_shown)
        not_shown = self._answers.count(False)
        if not_shown >= _MANY_NOT_SHOWN and 2 * not_shown >= len(self._answers):
            self._give_up_on_whole_galleries(f"{not_shown} of the last {len(self._answers)} writes")
        return is_shown

    def _give_up_on_whole_galleries(self, writes: str) -> None:
        """One strange answer is about one product; when there are many, the account answers like that."""
        if not self.links_one_by_one:
            self.links_one_by_one = True
            self._listener.notice(
                Notice(
                    f"Plytix did not show the result of {writes} to a gallery:"
                    " linking pictures one by one from now on."
                )
            )


def _is_within(written: Sequence[str], shown: Sequence[str]) -> bool:
    """All of it is there, in that order; others may have added to it meanwhile."""
    rest = iter(shown)
    return all(asset_id in rest for asset_id in written)
