"""Access: credentials, tokens, and the account's request limits."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Mapping

from amzsync.sandbox.limits import RetryAfterForm, SlidingWindows
from amzsync.sandbox.messages import Json, Refusal, Reply, Request, data
from amzsync.sandbox.settings import SandboxSettings
from amzsync.sandbox.token_store import TokenStore


class AccessControl:
    """Tokens and counted requests, both kept in the store: a restart forgets neither."""

    def __init__(self, store: TokenStore, settings: SandboxSettings) -> None:
        self._store = store
        self._settings = settings
        self._lock = threading.Lock()
        longest_s = max((window_s for _, window_s in settings.limits), default=0.0)
        self._windows = SlidingWindows(
            settings.limits, store.request_times(since=settings.clock() - longest_s)
        )

    def check_credentials(self, request: Request) -> None:
        """A Refusal (401) for anything but the account's own."""
        body = request.json()
        known = self._settings
        if not (
            isinstance(body, dict)
            and _same(body.get("api_key"), known.api_key)
            and _same(body.get("api_password"), known.api_password)
        ):
            raise _unauthorized("Bad api_key or api_password: Credentials not valid")

    def issue_token(self) -> Reply:
        settings, now = self._settings, self._settings.clock()
        if settings.opaque_tokens:
            token = secrets.token_urlsafe(24)
        else:
            claims = _account_claims(settings) if settings.claims is None else settings.claims
            token = _jwt(claims, now, settings.token_life_s)
        self._store.add_token(token, now + settings.token_life_s)
        return data({"access_token": token})

    def check_token(self, request: Request) -> None:
        """A Refusal (401) where the token is missing, unknown, or has expired."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise _unauthorized("Missing Authorization Header")
        expires_at = self._store.token_expiry(token)
        if expires_at is None or expires_at <= self._settings.clock():
            raise _unauthorized("The token is not valid, or has expired")

    def count_request(self) -> None:
        """Count an arrival against every limit; a Refusal (429) where one has no room."""
        if not self._settings.limits:
            return
        with self._lock:
            now = self._settings.clock()
            wait_s = self._windows.admit(now)
            if wait_s is None:
                self._store.add_request_time(now)
                return
        told: Json = int(wait_s) if wait_s == int(wait_s) else wait_s
        in_header = self._settings.retry_after in (RetryAfterForm.HEADER, RetryAfterForm.BOTH)
        in_body = self._settings.retry_after in (RetryAfterForm.BODY, RetryAfterForm.BOTH)
        raise Refusal(
            429,
            "Too many requests",
            headers={"Retry-After": str(told)} if in_header else {},
            extra={"retry_after": told} if in_body else {},
        )


def _account_claims(settings: SandboxSettings) -> Mapping[str, Json]:
    """What a token says of its account, as the real one does: an id and the limits."""
    told: list[Json] = [{"limit": count, "window": window_s} for count, window_s in settings.limits]
    claims: dict[str, Json] = {"account_id": hashlib.sha256(settings.api_key.encode()).hexdigest()[:24]}
    return {**claims, "limits": told} if told else claims


def _jwt(claims: Mapping[str, Json], now: float, life_s: float) -> str:
    """The signature is random: nobody checks it, the sandbox stores its tokens."""
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
