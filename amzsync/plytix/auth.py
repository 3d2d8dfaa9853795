"""Secrets that do not print, and the one access token that all workers share."""

import hmac
import math
from dataclasses import dataclass

from amzsync.limits.api import TOKEN_LIFE_S, TOKEN_MARGIN_S

__all__ = ["Credentials", "Secret", "TokenAnswer", "TokenCache"]

_LAST_USE_S = 5.0  # a token that cannot be renewed yet is used until shortly before its end


class Secret:
    """A text that no repr, str, format or log record shows; only `reveal()` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (secret.reveal().encode("utf-8", "surrogatepass") for secret in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __reduce__(self) -> str:
        # Pickled bytes would carry the text to wherever they are kept.
        raise TypeError("A Secret cannot be pickled.")


@dataclass(frozen=True, slots=True)
class Credentials:
    api_key: Secret
    api_password: Secret


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """`expires_in_s` is None where the answer does not contain it."""

    token: Secret
    expires_in_s: float | None = None


class TokenCache:
    """The current token and its end. Pure: `now` is monotonic seconds, given by the caller."""

    def __init__(self) -> None:
        self._token: Secret | None = None
        self._stale_at = -math.inf
        self._last_use_at = -math.inf

    def current(self, now: float) -> Secret | None:
        """The token, or None when there is none or it is about to end."""
        return self._token if now < self._stale_at else None

    def store(self, answer: TokenAnswer, now: float) -> None:
        life_s = TOKEN_LIFE_S if answer.expires_in_s is None else answer.expires_in_s
        # Half a very short life stays usable: else every request would ask for a token first.
        self._token = answer.token
        self._stale_at = now + life_s - min(TOKEN_MARGIN_S, life_s / 2)
        self._last_use_at = now + life_s - min(_LAST_USE_S, life_s / 2)

    def keep_to_its_end(self) -> None:
        """Use the token as long as it may be used: the next one cannot be requested yet."""
        self._stale_at = max(self._stale_at, self._last_use_at)

    def reject(self, token: Secret) -> None:
        """Drop `token` if it is still the current one: late 401s to an older token change nothing."""
        if self._token == token:
            self._token = None
            self._stale_at = self._last_use_at = -math.inf
