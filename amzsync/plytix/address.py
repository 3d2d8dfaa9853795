"""The addresses of an account: secrets travel to them, so https only, but for this machine's own."""

import ipaddress
from urllib.parse import SplitResult, urlsplit

from amzsync.errors import ConfigError

__all__ = ["checked_address", "is_loopback"]

_LIKE = "It looks like https://host/path."


def checked_address(address: str, setting: str) -> str:
    """`address` without a trailing slash; raises ConfigError, which names `setting` and never a secret."""
    parts = _split(address.strip())
    host = parts.hostname if parts else None
    if parts is None or host is None or parts.scheme not in {"http", "https"}:
        raise ConfigError(f"{setting} must be a web address.", _LIKE)
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ConfigError(f"{setting} must be an address without a user, a query or a fragment.", _LIKE)
    if parts.scheme == "http" and not is_loopback(host):
        raise ConfigError(
            f"{setting} must be an https address: http would send secrets unencrypted to {host}.", _LIKE
        )
    return address.strip().rstrip("/")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(address: str) -> SplitResult | None:
    """None where there is no sound host or port."""
    if not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        if parts.port == 0:
            return None
        (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts
