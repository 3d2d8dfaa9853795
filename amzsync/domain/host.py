"""The host of an image address, read in every way in which a fetcher may read it."""

import ipaddress
import itertools
import re
import stringprep
from collections.abc import Sequence
from urllib.parse import SplitResult

__all__ = ["is_internal", "plain_host"]

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"[a-z0-9_.-]+")
_AUTHORITY = re.compile(r"(?:[^\[\]:%]+|\[[0-9A-Fa-f:.]+(?:%[\w.~-]+)?\])(?::\d*)?", re.ASCII)
_INVISIBLE = re.compile("[\u115f\u1160\u17b4\u17b5\u3164\uffa0]")
"""Letters without a shape: newer rules for host names drop them, older ones keep them."""

_DECIMAL = re.compile(r"\d{1,20}", re.ASCII)
_OCTAL = re.compile(r"0[0-7]{1,20}")
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{0,20}")

_INTERNAL_SUFFIXES = (
    *(".localhost", ".local", ".localdomain", ".internal", ".home.arpa"),
    *(".home", ".lan", ".corp", ".intranet", ".private", ".svc"),
)
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
# Addresses of protocols (a cloud answers in 192.0.0.0/24), of the old 6to4 relays, and of a service that
# every machine in Azure reaches: not every version of the standard library takes all of them for private.
_RESERVED_V4 = tuple(map(ipaddress.IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32")))
_RESERVED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))


def plain_host(parts: SplitResult) -> str | None:
    """The host as a fetcher may take it: other scripts' digits and dots are digits and dots to it.

    None where it is no name or address, or one that fetchers read in different ways.
    """
    host = parts.hostname or ""
    if not _AUTHORITY.fullmatch(parts.netloc):
        return None
    if parts.netloc.startswith("["):
        return host if _ip_address(host.partition("%")[0]) else None
    # A code point that the rules of host names do not know is a digit to one fetcher and nothing to another.
    if not host.isascii() and (any(map(stringprep.in_table_a1, host)) or _INVISIBLE.search(host)):
        return None
    try:
        plain = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    return plain if _NAME.fullmatch(plain) else None


def is_internal(host: str) -> bool:
    """Whether a plain host stands inside a private network, in any way to read it."""
    name = host.rstrip(".")
    if name == "localhost" or name.endswith(_INTERNAL_SUFFIXES):
        return True
    address = None if "%" in name else _ip_address(name)
    if address is not None:
        return not _is_public(address)
    if ":" in name or "." not in name:
        # A bare number is an address to resolvers; other names without a dot belong to the own network.
        readings = [(number,) for number in _numbers(name)]
        return not readings or not all(map(_leads_outside, readings))
    parts = [_numbers(part) for part in name.split(".")]
    if len(parts) > 4 or not all(parts):
        return False
    return not all(map(_leads_outside, itertools.product(*parts)))


def _ip_address(text: str) -> _Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None:
            return address in _GLOBAL_UNICAST and not any(address in one for one in _RESERVED_V6)
        address = inner
    is_special = address.is_multicast or address.is_reserved or any(address in one for one in _RESERVED_V4)
    return address.is_global and not is_special


def _numbers(part: str) -> set[int]:
    """What a part of a host can be read as: resolvers disagree on leading zeros."""
    found = set()
    if _DECIMAL.fullmatch(part):
        found.add(int(part))
    if _OCTAL.fullmatch(part):
        found.add(int(part, 8))
    if _HEXADECIMAL.fullmatch(part):
        found.add(int(part[2:] or "0", 16))
    return found


def _leads_outside(numbers: Sequence[int]) -> bool:
    """Whether up to four numbers are a public address: the last one fills what the others leave."""
    *firsts, value = numbers
    if value >= 256 ** (4 - len(firsts)) or any(number > 255 for number in firsts):
        return False
    for index, number in enumerate(firsts):
        value += number << (8 * (3 - index))
    return _is_public(ipaddress.IPv4Address(value))
