"""What failures have in common: a server's words without the address that they repeat."""

from urllib.parse import quote, unquote, urlsplit

__all__ = ["cause"]

_GAP = "…"
_SHORTEST_NAME = 8
_SHORTEST_START = 16


def cause(message: str, url: str | None) -> str:
    """The message with its row's own address, or the file name in it, taken out in any spelling."""
    if not url:
        return message
    for spelling in (url, quote(url, safe=""), quote(url), unquote(url), url.replace("/", "\\/")):
        message = message.replace(spelling, _GAP)
    name = urlsplit(url).path.rpartition("/")[2] if "[" not in url else ""
    if len(name) >= _SHORTEST_NAME:
        message = message.replace(name, _GAP).replace(unquote(name), _GAP)
    return _without_start(message, url)


def _without_start(message: str, url: str) -> str:
    """A message is cut at a bound, perhaps in the middle of the address."""
    if not message.endswith(_GAP):
        return message
    at = message.rfind(url[:_SHORTEST_START])
    is_cut = len(url) > _SHORTEST_START and at >= 0 and url.startswith(message[at : -len(_GAP)])
    return message[:at] + _GAP if is_cut else message
