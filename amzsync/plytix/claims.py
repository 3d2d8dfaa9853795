"""What an access token says of itself: the claims of a JWT, read without believing them.

The signature is not checked: the token came over TLS from the host it is for, and nothing is allowed because
of a claim. What cannot be read says nothing.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from amzsync.plytix.auth import Secret
from amzsync.plytix.nesting import children

__all__ = ["AccountClaim", "account_claim", "claim_text", "token_claims"]

_MAX_TOKEN_CHARS = 16_384
_MAX_DEPTH = 16
_MAX_VALUES = 4_096
_MAX_ID_CHARS = 128

# The names are not published. The surest come first; each is read without case, `_` and `-`.
# Left out on purpose: `jti` is the token's own; `sub`, `identity` and whatever tells a user or a key change
# with them in one account; `client_id` names the key's application, and may be the same for all customers.
_ACCOUNT_NAMES = tuple(
    f"{who}{ending}"
    for ending in ("id", "uuid", "uid", "")
    for who in (
        "account",
        "customer",
        "tenant",
        "organization",
        "organisation",
        "org",
        "company",
        "workspace",
    )
)
_ID_NAMES = ("id", "uuid", "uid", "_id")
_HOLDERS = ("user_claims", "claims", "data", "context")


@dataclass(frozen=True, slots=True)
class AccountClaim:
    """What a token says whose it is: the claim's name, with those around it, and its value as text."""

    name: str
    value: str


def account_claim(claims: Mapping[str, object]) -> AccountClaim | None:
    """The id of the account, where a claim tells one; no secret, and the same for all keys of an account."""
    named = _named(claims)
    return next((AccountClaim(*named[name]) for name in _ACCOUNT_NAMES if name in named), None)


def claim_text(claims: Mapping[str, object], name: str) -> str | None:
    """The value of the claim that `account_claim` named so in an earlier token; None where it is missing."""
    return next((value for path, value in _named(claims).values() if path == name), None)


def _named(claims: Mapping[str, object]) -> Mapping[str, tuple[str, str]]:
    """Usable ids by plain name: those at the top, and those one level down in an object for claims."""
    places = [("", claims)]
    for holder in _HOLDERS:
        inner = claims.get(holder)
        if isinstance(inner, dict):
            places.append((f"{holder}.", inner))
    found: dict[str, tuple[str, str]] = {}
    for prefix, place in places:
        for key, value in place.items():
            name = key.rpartition("/")[2].lower().replace("_", "").replace("-", "")
            path, told = f"{prefix}{key}", value
            if isinstance(told, dict):
                path, told = next(
                    ((f"{path}.{id_}", told[id_]) for id_ in _ID_NAMES if id_ in told), (path, None)
                )
            text = _id_text(told)
            if text is not None and len(path) <= _MAX_ID_CHARS and path.isprintable():
                found.setdefault(name, (path, text))
    return found


def _id_text(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**30 else ""
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_ID_CHARS:
        return None
    return value if value.isprintable() and value.strip() else None


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
        layer = [child for value in layer for child in children(value)]
        count += len(layer)
        if count > _MAX_VALUES:
            return False
        if not layer:
            return True
    return False
