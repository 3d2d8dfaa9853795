"""What an image URL says: whether it can be a picture at all, and which picture and size it names.

Amazon's form is `https://m.media-amazon.com/images/I/<image id>[.<size modifiers>].jpg`
(plytix-api, Amazon side).
"""

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from amzsync.domain.host import is_internal, plain_host

__all__ = ["AMAZON_HOSTS", "PLAIN_AMAZON_URL", "ImageUrl", "Malformed", "read_image_url", "small_address"]

MAX_URL_LENGTH = 2048

PLAIN_AMAZON_URL = re.compile(r"https://m\.media-amazon\.com/images/I/[A-Za-z0-9+_-]{1,60}\.jpg")
"""The common form, without modifiers: here equal addresses are equal pictures, and the reverse."""

AMAZON_HOSTS = ("media-amazon.com", "ssl-images-amazon.com", "images-amazon.com")
"""The hosts of Amazon's pictures; those below them are, too."""

_AMAZON_HOST = re.compile(rf"(?:[a-z0-9-]+\.)*(?:{'|'.join(map(re.escape, AMAZON_HOSTS))})\.?")
_AMAZON_PATH = re.compile(r"/images/[A-Z]/([^/.]+)((?:\.[^/]*)?)(\.[A-Za-z0-9]{1,5})")
_SIZED_PATH = re.compile(r"(/images/[A-Z]/[^/.]+(?:\.[^/._][^/.]*)*?)(?:\._[^/]*)?(\.[A-Za-z0-9]{1,5})")
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,5}\Z")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9+_-]+")
_NUMBER = re.compile(r"\d{1,9}")
_NAME_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Malformed:
    """Why an address cannot be a picture."""

    reason: str


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """A usable image address.

    `image_id` is safe in a file name; `is_amazon` tells that equal ids mean the same picture;
    `size` is 0 where the address names none (the full picture), else the largest number it names.
    """

    image_id: str
    extension: str
    is_amazon: bool
    has_modifiers: bool
    size: int


def read_image_url(url: str, *, allow_private: bool = False) -> ImageUrl | Malformed:
    """Read one address. With `allow_private`, hosts inside a private network are accepted."""
    parts = _split(url)
    if isinstance(parts, Malformed):
        return parts
    host = plain_host(parts)
    if host is None:
        return Malformed("the URL's host is neither a name nor an address")
    if not allow_private and is_internal(host):
        return Malformed("the URL points into a private network; --allow-private-urls accepts it")
    amazon = _AMAZON_PATH.fullmatch(parts.path) if _AMAZON_HOST.fullmatch(host) else None
    if amazon:
        raw_id, modifiers, extension = amazon.groups()
        numbers = [int(number) for number in _NUMBER.findall(modifiers)]
        return ImageUrl(
            _amazon_id(unquote(raw_id)), extension.lower(), True, bool(modifiers), max(numbers, default=0)
        )
    return _foreign_image(url, parts.path)


def small_address(url: str, pixels: int) -> str | None:
    """Where Amazon has the picture with at most so many pixels a side, over https.

    None where the address is none of Amazon's pictures.
    """
    if PLAIN_AMAZON_URL.fullmatch(url):
        stem, _, ending = url.rpartition(".")
        return f"{stem}._SL{pixels}_.{ending}"
    if isinstance(read_image_url(url), Malformed):
        return None
    parts = urlsplit(url)
    host = plain_host(parts)
    if host is None or parts.port is not None or not _AMAZON_HOST.fullmatch(host):
        return None
    base = f"https://{host.rstrip('.')}"
    sized = _SIZED_PATH.fullmatch(parts.path)
    if sized:
        return f"{base}{sized[1]}._SL{pixels}_{sized[2]}"
    return base + parts.path + (f"?{parts.query}" if parts.query else "")


def _split(url: str) -> SplitResult | Malformed:
    if not url:
        return Malformed("the URL is empty")
    if len(url) > MAX_URL_LENGTH:
        return Malformed(f"the URL is longer than {MAX_URL_LENGTH} characters")
    if _FORBIDDEN.search(url):
        return Malformed("the URL contains a space or a control character")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        return Malformed(f"the URL is malformed ({_words(error)})")
    if parts.scheme.lower() not in ("http", "https"):
        return Malformed("the URL is not http or https")
    if not parts.hostname or not parts.hostname.strip("."):
        return Malformed("the URL has no host")
    if parts.username is not None or parts.password is not None:
        return Malformed("the URL carries credentials")
    if port == 0:
        return Malformed("the URL is malformed (port 0)")
    return parts


def _words(error: ValueError) -> str:
    return str(error)[:80].encode("ascii", "replace").decode()


def _amazon_id(image_id: str) -> str:
    safe = _UNSAFE_IN_NAME.sub("-", image_id)[:_NAME_LENGTH]
    # Two ids must stay two when they lose what a file name cannot hold.
    return safe if safe == image_id else f"{safe}-{_digest(image_id)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=4).hexdigest()


def _foreign_image(url: str, path: str) -> ImageUrl:
    # Another shop's file names repeat (…/1/main.jpg, …/2/main.jpg): only the whole address tells pictures
    # apart.
    name = unquote(path.rpartition("/")[2])
    found = _EXTENSION.search(name)
    extension = found.group().lower() if found else ""
    stem = name[: -len(extension)] if extension else name
    return ImageUrl(f"{_safe(stem)}-{_digest(url)}", extension, False, False, 0)


def _safe(text: str) -> str:
    return _UNSAFE_IN_NAME.sub("-", text)[:_NAME_LENGTH].strip("-") or "image"
