"""Who comes in: credentials, tokens, and the account's request limits."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from amzsync.sandbox.limits import RetryAfterForm, SlidingWindows
from amzsync.sandbox.store import Store
from amzsync.sandbox.wire import Json, Refusal, Reply, Request, data


@dataclass(frozen=True, slots=True)
class Credentials:
    """The account's API key and password, how long a token of theirs lives, and what it says of the account.

    `claims` is None where the token is no JWT.
    """

    api_key: str
    api_password: str
    token_life_s: float
    claims: Mapping[str, Json] | None = None

    def __repr__(self) -> str:
        return "Credentials(...)"


class Gate:
    """Tokens and counted arrivals, both kept in the store: a restart forgets neither."""

    def __init__(
        self,
        store: Store,
        credentials: Credentials,
        limits: Sequence[tuple[int, float]],
        retry_after: RetryAfterForm,
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._credentials = credentials
        self._retry_after = retry_after
        self._clock = clock
        self._lock = threading.Lock()
        longest_s = max((window_s for _, window_s in limits), default=0.0)
        self._windows = SlidingWindows(limits, store.arrivals(since=clock() - longest_s))
        self._is_limited = bool(limits)

    def check_credentials(self, request: Request) -> None:
        """A Refusal (401) for anything but the account's own."""
        body = request.json()
        known = self._credentials
        if not (
            isinstance(body, dict)
            and _same(body.get("api_key"), known.api_key)
            and _same(body.get("api_password"), known.api_password)
        ):
            raise _unauthorized("Bad api_key or api_password: Credentials not valid")

    def issue_token(self) -> Reply:
        now, life_s = self._clock(), self._credentials.token_life_s
        claims = self._credentials.claims
        token = secrets.token_urlsafe(24) if claims is None else _jwt(claims, now, life_s)
        self._store.add_token(token, now + life_s)
        return data({"access_token": token})

    def check_token(self, request: Request) -> None:
        """A Refusal (401) where the token is missing, unknown, or has aged."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Missing Authorization Header")
        expires_at = self._store.token_expiry(token)
        if expires_at is None or expires_at <= self._clock():
            raise _unauthorized("The token is not valid, or has expired")

    def count(self) -> None:
        """Count an arrival against every limit; a Refusal (429) where one has no room."""
        if not self._is_limited:
            return
        with self._lock:
            now = self._clock()
            wait_s = self._windows.admit(now)
            if wait_s is None:
                self._store.add_arrival(now)
                return
        told: Json = int(wait_s) if wait_s == int(wait_s) else wait_s
        in_header = self._retry_after in (RetryAfterForm.HEADER, RetryAfterForm.BOTH)
        in_body = self._retry_after in (RetryAfterForm.BODY, RetryAfterForm.BOTH)
        raise Refusal(
            429,
            "Too many requests",
            headers={"Retry-After": str(told)} if in_header else {},
            extra={"retry_after": told} if in_body else {},
        )


def account_claims(api_key: str, limits: Sequence[tuple[int, float]]) -> Mapping[str, Json]:
    """What a token says of its account, as the real one does: an id and the limits."""
    told: list[Json] = [{"limit": count, "window": window_s} for count, window_s in limits]
    claims: dict[str, Json] = {"account_id": hashlib.sha256(api_key.encode()).hexdigest()[:24]}
    return {**claims, "limits": told} if told else claims


def _jwt(claims: Mapping[str, Json], now: float, life_s: float) -> str:
    """Signed with nothing that anybody keeps: the sandbox knows its tokens by heart."""
    header: Json = {"alg": "HS256", "typ": "JWT"}
    times: dict[str, Json] = {"iat": int(now), "exp": int(now + life_s), "jti": secrets.token_hex(8)}
    signed = f"{_part(json.dumps(header).encode())}.{_part(json.dumps({**times, **claims}).encode())}"
    return f"{signed}.{_part(secrets.token_bytes(32))}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _same(given: Json, known: str) -> bool:
    return isinstance(given, str) and hmac.compare_digest(given.encode(), known.encode())


def _unauthorized(msg: str) -> Refusal:
    return Refusal(401, msg, (("http_status_code", 401),))
