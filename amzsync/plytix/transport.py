"""The only outgoing HTTP: one call, one attempt, one value. It never sleeps, retries or follows redirects.

Each thread has its own session, so that connections are kept open and never shared.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Generic, TypeVar
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from amzsync.errors import NotSentError, PlytixError, TokenError
from amzsync.plytix.address import checked_address, is_loopback
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer
from amzsync.plytix.client import get_token
from amzsync.plytix.deadline import DeadlineAdapter
from amzsync.plytix.network import (
    NETWORK_ERRORS,
    Timeouts,
    error_without_answer,
)
from amzsync.plytix.observations import Observed, Observer
from amzsync.plytix.parsing import fits_a_header, garbage
from amzsync.plytix.redaction import Redactor
from amzsync.plytix.refusals import error_for
from amzsync.plytix.wire import Call, Reply, Request, RequestKind

__all__ = ["Timed", "Transport"]

T = TypeVar("T")

CHUNK_BYTES = 65_536

_HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "amzsync"}


@dataclass(frozen=True, slots=True)
class Timed(Generic[T]):
    """An outcome and its two moments on the transport's clock; `sent_at` is just before the sending."""

    value_or_error: T | PlytixError
    sent_at: float
    answered_at: float


@dataclass(frozen=True, slots=True)
class _Received:
    """A reply; `broken` says why its body is not there."""

    reply: Reply
    broken: Exception | None = None


class Transport:
    """Sends calls to one account. Safe to share between threads; `close()` when they are done."""

    def __init__(
        self,
        api_url: str,
        auth_url: str,
        *,
        timeouts: Timeouts | None = None,
        max_body_bytes: int = 32 * 1024 * 1024,
        session_factory: Callable[[], requests.Session] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises ConfigError for an address that cannot be used."""
        self._api_url = checked_address(api_url, "PLYTIX_API_URL")
        self._auth_url = checked_address(auth_url, "PLYTIX_AUTH_URL")
        self._timeouts = timeouts or Timeouts()
        self._max_body_bytes = max_body_bytes
        self._clock = clock
        self._session_factory = session_factory or self._new_session
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[requests.Session] = []
        self._observer = Observer()
        self._redactor = Redactor()

    @property
    def observed(self) -> Observed:
        """What the answers so far show besides what was asked."""
        observed = self._observer.observed
        # A token that came with an announcement was not known when that was kept.
        return replace(observed, deprecations=frozenset(map(self._redactor.text, observed.deprecations)))

    def send_timed(
        self, call: Call[T], token: Secret, on_sent: Callable[[float], None] | None = None
    ) -> Timed[T]:
        """Make one attempt; a PlytixError is a value too. `on_sent` is told when the last byte has left."""
        self._redactor.add(token)
        return self._timed(call, _Bearer(token), on_sent)

    def fetch_token_timed(self, credentials: Credentials) -> Timed[TokenAnswer]:
        """Make one attempt; credentials that are not accepted are a StopError."""
        self._redactor.add(credentials.api_key, credentials.api_password)
        timed = self._timed(get_token(credentials), _Anonymous())
        if isinstance(timed.value_or_error, TokenAnswer):
            self._redactor.add(timed.value_or_error.token)
        return timed

    def close(self) -> None:
        with self._lock:
            sessions, self._sessions = self._sessions, []
            self._local = threading.local()
        for session in sessions:
            session.close()

    def _timed(
        self,
        call: Call[T],
        auth: AuthBase,
        on_sent: Callable[[float], None] | None = None,
    ) -> Timed[T]:
        request = call.request
        address = self._address(request)
        session = self._session()
        sent_at = self._clock()
        try:
            prepared = _prepared(session, request, address, auth)
            sent_at = self._clock()
            received = self._exchange(session, prepared, call.may_leave, on_sent)
            self._observer.answered(received.reply, self._clock() - sent_at)
        except (NotSentError, TokenError) as error:
            outcome: T | PlytixError = error.with_traceback(None)
        except NETWORK_ERRORS as error:
            # A new error, unchained: the one caught holds the request with its headers.
            outcome = error_without_answer(request, address, error, self._timeouts)
        else:
            outcome = self._outcome(call, received, address)
        if isinstance(outcome, PlytixError):
            self._redactor.error(outcome)
        return Timed(_placed(outcome, request), sent_at, self._clock())

    def _exchange(
        self,
        session: requests.Session,
        prepared: requests.PreparedRequest,
        may_leave: Callable[[], bool] | None,
        on_sent: Callable[[float], None] | None,
    ) -> _Received:
        url = prepared.url or ""
        settings = session.merge_environment_settings(url, {}, stream=True, verify=True, cert=None)
        # A server on this machine is never reached through a proxy.
        proxies = {} if is_loopback(urlsplit(url).hostname or "") else settings["proxies"]
        # The adapter, not the session: a session would read a redirect's body whole, to follow it.
        adapter = session.get_adapter(url)
        if isinstance(adapter, DeadlineAdapter):
            adapter.may_leave = may_leave
            adapter.on_sent = on_sent
        response = adapter.send(
            prepared,
            stream=True,
            timeout=(self._timeouts.connect_s, self._timeouts.read_s),
            verify=settings["verify"] or True,
            cert=settings["cert"],
            proxies=proxies,
        )
        with closing(response):
            reply = Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()})
            try:
                body = self._body(response)
            except NETWORK_ERRORS as error:
                return _Received(reply, broken=error)
        if reply.status < 200:
            # The final answer is still to come: on a kept connection it would be taken for the next one's.
            session.close()
        return _Received(replace(reply, body=body))

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_body_bytes:
                raise _TooLargeError
        return bytes(body)

    def _outcome(self, call: Call[T], received: _Received, address: str) -> T | PlytixError:
        reply = received.reply
        self._observer.announced(self._redactor.text(reply.headers.get("x-plytix-deprecation", "")))
        if reply.status not in call.accept:
            # The status says enough, also where the body broke off.
            return error_for(call.request, self._redactor.refusal(reply))
        if isinstance(received.broken, _TooLargeError):
            return garbage("larger than any answer should be")
        if received.broken is not None:
            return error_without_answer(call.request, address, received.broken, self._timeouts)
        try:
            return call.parse(self._readable(call.request, reply))
        except PlytixError as error:
            # The frames below hold the answer, which can hold a token.
            return error.with_traceback(None)

    def _readable(self, request: Request, reply: Reply) -> Reply:
        if reply.status >= 300:
            return self._redactor.refusal(reply)
        # Nothing of a token's answer is kept but the token, which may hold the key in its claims.
        return reply if request.kind is RequestKind.TOKEN else self._redactor.facts(reply)

    def _address(self, request: Request) -> str:
        if request.kind is RequestKind.TOKEN:
            return self._auth_url
        return f"{self._api_url}/{request.path.strip('/')}"

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._session_factory()
            self._local.session = session
            with self._lock:
                self._sessions.append(session)
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        for scheme in ("https://", "http://"):
            session.mount(scheme, DeadlineAdapter(self._timeouts.deadline_s, self._clock))
        return session


class _TooLargeError(ValueError):
    """A body past `max_body_bytes`."""


class _Anonymous(AuthBase):
    """No Authorization at all. Given explicitly, because requests else takes one from a netrc file."""

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        return r


class _Bearer(AuthBase):
    """The access token; an auth object, because a netrc file overrides a plain header."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self._token.reveal()
        if not fits_a_header(token):
            # http.client would refuse it in an error that quotes it.
            raise TokenError("The access token holds what no header can carry.")
        r.headers["Authorization"] = f"Bearer {token}"
        return r


def _prepared(
    session: requests.Session, request: Request, address: str, auth: AuthBase
) -> requests.PreparedRequest:
    if request.file:
        # The library writes the form, and its type with the boundary that it chose.
        headers = {name: value for name, value in _HEADERS.items() if name != "Content-Type"}
        form = {"file": (request.file.name, request.file.content, request.file.content_type)}
        return session.prepare_request(
            requests.Request(request.method, address, headers=headers, files=form, auth=auth)
        )
    return session.prepare_request(
        requests.Request(request.method, address, headers=_HEADERS, data=request.encoded(), auth=auth)
    )


def _placed(outcome: T | PlytixError, request: Request) -> T | PlytixError:
    """Add method and path to an error from a parser, which does not know them."""
    if isinstance(outcome, PlytixError) and not outcome.method:
        outcome.method, outcome.path = request.method, request.path
    return outcome
