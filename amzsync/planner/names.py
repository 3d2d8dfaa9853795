"""Asset names that tell two pictures apart, also where their addresses name the same image id."""

import itertools

from amzsync.domain.image_url import PLAIN_AMAZON_URL, ImageUrl, read_image_url

__all__ = ["PLAIN_ID_AT", "Names"]

_PLAIN_START = "https://m.media-amazon.com/images/I/"
PLAIN_ID_AT = len(_PLAIN_START)


class Names:
    """Which picture already gives its bare name to another address."""

    def __init__(self, urls: dict[str, int], known: int) -> None:
        self._urls = urls
        self._known = known
        self._taken: dict[str, str] | None = None

    def is_known(self, name: str) -> bool:
        """True where an address in another form gave this picture's name away before."""
        return bool(self._known) and name in self._owners()

    def is_taken(self, image: ImageUrl, url: str) -> bool:
        if not image.is_amazon:
            return False
        name = f"{image.image_id}{image.extension}"
        plain = f"{_PLAIN_START}{name}"
        return self._owners().setdefault(name, plain if plain in self._urls else url) != url

    def _owners(self) -> dict[str, str]:
        if self._taken is None:
            self._taken = {}
            for url in itertools.islice(self._urls, self._known):
                if not PLAIN_AMAZON_URL.fullmatch(url):
                    judged = read_image_url(url, allow_private=True)
                    if isinstance(judged, ImageUrl) and judged.is_amazon:
                        self._taken.setdefault(f"{judged.image_id}{judged.extension}", url)
        return self._taken
