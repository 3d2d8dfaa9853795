"""Pictures from the hosts that serve them: the beginning, the headers, or all of it.

Plytix is never asked for one: its traffic is paid for.

An address comes from a mapping, so it may lead anywhere. It is resolved once and the connection goes to that
very address, which must not be inside a private network; so must that of each redirect. What is read is
bounded, in bytes and in seconds. No credentials and no cookies are sent. A proxy is not used: it would
resolve the name by itself.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from amzsync.domain.host import is_internal, plain_host
from amzsync.domain.marks import NO_MARKS, Marks
from amzsync.domain.picture import Picture, read_picture
from amzsync.plytix.address import is_loopback
from amzsync.plytix.deadline import DeadlineReader
from amzsync.plytix.network import Timeouts, sentence_without_answer

__all__ = ["FileAnswer", "PictureAnswer", "PictureHost"]

T = TypeVar("T")

_TIMEOUTS = Timeouts(connect_s=5.0, read_s=5.0, deadline_s=10.0)
_FIRST_BYTES = 65_536
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_TYPE = 80
_HEADERS = {
    "User-Agent": "amzsync",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}
_BEGINNING = {"Range": f"bytes=0-{_FIRST_BYTES - 1}"}
_LONGEST_MARK = 200
_MOST_BYTES = 40 * 1024 * 1024
_LONGEST_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """What stands at an address. `status` is None where no answer came, and `reason` says why.

    `picture` is None where the bytes are those of no picture that is known; `content_type` as it is told.
    """

    url: str
    status: int | None = None
    reason: str = ""
    content_type: str = ""
    picture: Picture | None = None


@dataclass(frozen=True, slots=True)
class FileAnswer:
    """The headers of a file, and its bytes where they were asked for.

    `status` is None where no answer came, and `reason` says why; `was_asked`: it was tried. `retry_after_s`
    is what a host that refuses has told.
    """

    status: int | None = None
    reason: str = ""
    was_asked: bool = True
    content_type: str = ""
    marks: Marks = NO_MARKS
    content: bytes = b""
    retry_after_s: float | None = None


class _NotAskedError(Exception):
    """The address is one that is not asked."""


class _NoAnswerError(Exception):
    """No answer came that could be read."""


@dataclass(frozen=True, slots=True)
class _Redirect:
    to: str


class PictureHost:
    """Asks one address at a time; may be shared by threads. `resolve` is the system's `getaddrinfo`."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeouts: Timeouts = _TIMEOUTS,
        resolve: Callable[..., Sequence[Any]] = socket.getaddrinfo,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allow_private = allow_private
        self._timeouts = timeouts
        self._resolve = resolve
        self._clock = clock
        self._context: ssl.SSLContext | None = None

    def ask(self, url: str) -> PictureAnswer:
        """What stands there; that nothing could be asked is an answer, too."""

        def read(response: HTTPResponse) -> PictureAnswer:
            kind = _content_type(response)
            if response.status not in (200, 206):
                return PictureAnswer(url, response.status, content_type=kind)
            start = response.read(_FIRST_BYTES)
            return PictureAnswer(url, response.status, content_type=kind, picture=read_picture(start))

        try:
            return self._follow(url, "GET", _BEGINNING, read)
        except _NotAskedError as error:
            return PictureAnswer(url, reason=str(error))
        except _NoAnswerError as error:
            return PictureAnswer(url, reason=str(error))

    def headers(self, url: str) -> FileAnswer:
        """What the host tells of the picture without sending it."""
        return self._file(url, "HEAD")

    def fetch(self, url: str) -> FileAnswer:
        """The whole picture, of at most 40 MB."""
        return self._file(url, "GET")

    def _file(self, url: str, method: str) -> FileAnswer:
        try:
            return self._follow(url, method, {}, _file_answer)
        except _NotAskedError as error:
            return FileAnswer(reason=str(error), was_asked=False)
        except _NoAnswerError as error:
            return FileAnswer(reason=str(error))

    def _follow(
        self, url: str, method: str, headers: Mapping[str, str], read: Callable[[HTTPResponse], T]
    ) -> T:
        """What is read at the end of all redirects."""
        ends_at = self._clock() + self._timeouts.deadline_s
        at = url
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                found = self._exchange(at, method, headers, ends_at, read)
                if not isinstance(found, _Redirect):
                    return found
                at = urljoin(at, found.to)
        except (OSError, HTTPException, ValueError) as error:
            raise _NoAnswerError(sentence_without_answer(error, at, self._timeouts)) from None
        raise _NoAnswerError("It leads from one address to the next without end.")

    def _exchange(
        self,
        at: str,
        method: str,
        headers: Mapping[str, str],
        ends_at: float,
        read: Callable[[HTTPResponse], T],
    ) -> T | _Redirect:
        """What is read at one address, or where it leads to."""
        parts, host = self._checked(at)
        with ExitStack() as stack:
            connection = stack.enter_context(closing(HTTPConnection(host, parts.port)))
            connection.sock = stack.enter_context(self._connected(parts, host))
            connection.request(method, _target(parts), headers={"Host": parts.netloc, **_HEADERS, **headers})
            response = stack.enter_context(closing(self._response(connection.sock, method, ends_at)))
            response.begin()
            if response.status in _REDIRECTS and response.headers.get("Location"):
                return _Redirect(str(response.headers["Location"]))
            return read(response)

    def _checked(self, at: str) -> tuple[SplitResult, str]:
        parts = _split(at)
        host = plain_host(parts) if parts else None
        if parts is None or host is None:
            raise _NotAskedError("Its address is not one that is asked.")
        is_own = self._allow_private and is_loopback(host)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_own):
            raise _NotAskedError("Only https addresses are asked.")
        if not self._allow_private and is_internal(host):
            raise _NotAskedError("It leads into a private network.")
        return parts, host

    def _connected(self, parts: SplitResult, host: str) -> socket.socket:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = [str(found[4][0]) for found in self._resolve(host, port, type=socket.SOCK_STREAM)]
        if not addresses:
            raise _NotAskedError("Its host has no address.")
        # All of them: which one a later look at the name gives is up to its owner.
        if not self._allow_private and any(map(is_internal, addresses)):
            raise _NotAskedError("It leads into a private network.")
        connected = socket.create_connection((addresses[0], port), self._timeouts.connect_s)
        connected.settimeout(self._timeouts.read_s)
        if parts.scheme == "http":
            return connected
        try:
            return self._tls().wrap_socket(connected, server_hostname=host)
        except BaseException:
            connected.close()
            raise

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            with requests.Session() as session:
                # As for Plytix itself: the bundle that the environment names, else the one that requests has.
                told = session.merge_environment_settings("https://", {}, None, None, None)["verify"]
            bundle = told if isinstance(told, str) else DEFAULT_CA_BUNDLE_PATH
            is_folder = Path(bundle).is_dir()
            self._context = ssl.create_default_context(
                cafile=None if is_folder else bundle, capath=bundle if is_folder else None
            )
        return self._context

    def _response(self, connected: socket.socket, method: str, ends_at: float) -> HTTPResponse:
        response = HTTPResponse(connected, method=method)
        reader = DeadlineReader(
            response.fp.detach(), connected, self._clock, max(0.0, ends_at - self._clock())
        )
        response.fp = io.BufferedReader(reader)
        return response


def _content_type(response: HTTPResponse) -> str:
    return str(response.headers.get("Content-Type", ""))[:_LONGEST_TYPE]


def _file_answer(response: HTTPResponse) -> FileAnswer:
    """Of a HEAD the content is empty."""
    told = response.headers
    answer = FileAnswer(
        response.status,
        content_type=_content_type(response),
        marks=Marks(
            _mark(told.get("ETag")), _mark(told.get("Last-Modified")), _number(told.get("Content-Length"))
        ),
        retry_after_s=_wait_s(told.get("Retry-After")),
    )
    if response.status != HTTPStatus.OK:
        return answer
    content = response.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        return replace(answer, status=None, reason=f"It is larger than {_MOST_BYTES >> 20} MB.")
    return replace(answer, content=content)


def _mark(text: str | None) -> str | None:
    """A header as it can be kept; that an ETag is weak says nothing of which picture it is."""
    told = (text or "").strip().removeprefix("W/")[:_LONGEST_MARK]
    return told if told and told.isascii() and told.isprintable() else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 15 else None


def _wait_s(text: str | None) -> float | None:
    told = _number((text or "").strip())
    return None if told is None else min(float(told), _LONGEST_WAIT_S)


def _split(at: str) -> SplitResult | None:
    """None where an address could not stand in a request as it is, or names a user."""
    if not at.isascii() or not at.isprintable() or " " in at:
        return None
    try:
        parts = urlsplit(at)
        is_sound = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return None
    return parts if is_sound else None


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
