"""How the account answers, as far as a probe or the run itself has found out: what Plytix does not document.

What a probe found may be no longer true. So it only ever makes a run more careful, or is believed of searches
once this run's own answers have borne it out; and every answer to a write is checked as without it.
"""

from collections import deque
from collections.abc import Callable, Sequence

from amzsync.domain.beliefs import AccountAnswers
from amzsync.executor.events import Listener, Notice
from amzsync.plytix.wire import PlytixProduct

__all__ = ["AccountTraits"]

_LAST_ANSWERS = 20
_MANY_NOT_SHOWN = 3


class AccountTraits:
    """`links_one_by_one`: writes of whole galleries do not do what they are to do, so none is made.

    `reads_alone`: no write rests on a search, so the product itself is read. `known` is what the last probe
    found. `settles_in_s` gives the seconds until searches show what this ledger wrote last.
    """

    def __init__(
        self,
        listener: Listener,
        known: AccountAnswers | None = None,
        settles_in_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        known = known or AccountAnswers()
        self._listener = listener
        self._tells_galleries = known.tells_galleries
        self._has_told = self._has_looked = False
        self.search_lag_s = known.search_lag_s
        self.reads_alone = known.reads_alone
        self.settles_in_s = settles_in_s
        self._omission_is_empty: bool | None = None
        self._answers: deque[bool] = deque(maxlen=_LAST_ANSWERS)
        self.links_one_by_one = known.writes_no_galleries

    def tell(self) -> None:
        """Say what the probe changes in how this run writes."""
        if self.links_one_by_one:
            self._listener.notice(
                Notice("A probe found that no write replaces a gallery here: linking pictures one by one.")
            )

    def gallery_of(self, product: PlytixProduct) -> tuple[str, ...] | None:
        """The gallery a search showed; None where only the product itself can tell (plytix-api, Products)."""
        if product.gallery is None and self._tells_galleries and self._has_told:
            return ()
        is_omitted = product.gallery is None and product.assets is None
        return () if is_omitted and self._omission_is_empty else product.told_gallery

    def note_searched(self, product: PlytixProduct | None) -> None:
        """A search of this run has shown a product: one with its gallery proves that searches tell them."""
        self._has_told |= product is not None and bool(product.gallery)

    def should_look(self) -> bool:
        """Whether one look at a product that holds pictures may save many readings. It is worth one try."""
        return self._tells_galleries and not (self._has_told or self._has_looked)

    def looked(self) -> None:
        """That look was made."""
        self._has_looked = True

    def note_read(self, searched: PlytixProduct | None, read: PlytixProduct) -> None:
        """A product holds pictures that its search left out: then no omission means that it is empty."""
        if searched is not None and searched.gallery is None and read.gallery:
            self._tells_galleries = False

    def compare(self, searched: PlytixProduct | None, read: PlytixProduct) -> None:
        """Learn from a product read after a search that did not tell its gallery."""
        self.note_read(searched, read)
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
