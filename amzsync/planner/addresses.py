"""The image addresses of a plan, each read once and known by a number from its first appearance on.

What the ledger knows comes first, under its own id.
"""

import sys
from typing import cast

from amzsync.domain.image_url import MAX_URL_LENGTH, PLAIN_AMAZON_URL, ImageUrl, Malformed, read_image_url

__all__ = ["MALFORMED", "PLAIN", "Addresses"]

_UNJUDGED, PLAIN, _OTHER, MALFORMED = range(4)
"""What is known of an address: nothing yet, Amazon's common form, another usable one, none that is usable."""

_CACHE_BYTES = 32 << 20
_CACHE_ENTRY_BYTES = 400


class Addresses:
    """`numbers` by address, and by number the `kinds` of all and the `reasons` of the malformed ones."""

    def __init__(self, known: dict[str, int], *, allow_private: bool) -> None:
        self.numbers = known
        self.known = len(known)
        self.kinds = bytearray(self.known + 1)
        self.reasons: dict[int, Malformed] = {}
        self.all_plain = True
        self._allow_private = allow_private
        self._cache: dict[str, ImageUrl | Malformed] = {}
        self._cache_bytes_left = _CACHE_BYTES

    def take(self, urls: tuple[str, ...]) -> list[int]:
        """The numbers of these addresses; new ones are read."""
        # `cast`, because a number is missing only where None is found in the next line.
        found = cast("list[int]", list(map(self.numbers.get, urls)))
        if None not in found and not (self.known and 0 in map(self.kinds.__getitem__, found)):
            return found
        numbers, kinds, is_plain = self.numbers, self.kinds, PLAIN_AMAZON_URL.fullmatch
        taken = []
        for url in urls:
            number = numbers.get(url)
            if number is None and is_plain(url):
                number = numbers[url] = len(kinds)
                kinds.append(PLAIN)
            elif number is None or not kinds[number]:
                number = self._classify(url)
            taken.append(number)
        return taken

    def _classify(self, url: str) -> int:
        if PLAIN_AMAZON_URL.fullmatch(url):
            kind = PLAIN
        else:
            found = self.read(url)
            kind = MALFORMED if isinstance(found, Malformed) else _OTHER
            self.all_plain = False
            if isinstance(found, Malformed):
                url = _storable(url)
                self.reasons[self.numbers.get(url) or len(self.numbers) + 1] = found
        number = self.numbers.setdefault(url, len(self.numbers) + 1)
        if number == len(self.kinds):
            self.kinds.append(kind)
        else:
            self.kinds[number] = kind
        return number

    def read(self, url: str) -> ImageUrl | Malformed:
        """What this address is; kept, so long as there are not too many."""
        found = self._cache.get(url)
        if found is None:
            found = read_image_url(url, allow_private=self._allow_private)
            size = sys.getsizeof(url) + _CACHE_ENTRY_BYTES
            if size <= self._cache_bytes_left:
                self._cache_bytes_left -= size
                self._cache[url] = found
        return found

    def read_taken(self, url: str) -> ImageUrl | Malformed:
        """What was found of an address of this plan: one that is malformed may be kept in another form."""
        return self.reasons.get(self.numbers[url]) or self.read(url)


def _storable(url: str) -> str:
    """A malformed address as it can be kept: bounded, without halves of characters or NULs."""
    return url[:MAX_URL_LENGTH].encode("utf-8", "backslashreplace").decode().replace("\0", "\\0")
