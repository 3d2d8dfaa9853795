"""What an access token says of itself: the claims of a JWT, read without believing them.

The signature is not checked: the token came over TLS from the host it is for, and nothing is allowed because
of a claim. What cannot be read says nothing.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress

from amzsync.plytix.auth import Secret

__all__ = ["token_claims"]

_MAX_TOKEN_CHARS = 16_384
_MAX_DEPTH = 16
_MAX_VALUES = 4_096


def token_claims(token: Secret) -> Mapping[str, object]:
    """The claims as JSON values of bounded size and depth; empty for anything that is no readable JWT."""
    text = token.reveal()
    if len(text) > _MAX_TOKEN_CHARS or not text.isascii():
        return {}
    parts = text.split(".")
    # Three parts are a signed token; an encrypted one has five, and its second is a key.
    if len(parts) != 3:
        return {}
    claims: object = None
    # ValueError: no Base64, no UTF-8, no JSON, or a number of too many digits.
    with suppress(ValueError, RecursionError):
        claims = json.loads(_decoded(parts[1]), parse_constant=_refuse_constant)
    return claims if isinstance(claims, dict) and _is_small(claims) else {}


def _decoded(part: str) -> str:
    raw = part.rstrip("=")
    if len(raw) % 4 == 1:
        raise binascii.Error("no Base64")
    padded = raw + "=" * (-len(raw) % 4)
    return base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True).decode()


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _is_small(claims: dict[str, object]) -> bool:
    layer: list[object] = [claims]
    count = 0
    for _ in range(_MAX_DEPTH):
        layer = [child for value in layer for child in _children(value)]
        count += len(layer)
        if count > _MAX_VALUES:
            return False
        if not layer:
            return True
    return False


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
