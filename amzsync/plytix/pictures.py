"""The beginning of a picture, from the host that serves it. Plytix is never asked: its traffic is paid for.

An address comes from a mapping, so it may lead anywhere. It is resolved once and the connection goes to that
very address, which must not be inside a private network; so must that of each redirect. Only the first bytes
are read, within a few seconds. No credentials and no cookies are sent. A proxy is not used: it would resolve
the name by itself.
"""

import io
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH

from amzsync.domain.host import is_internal, plain_host
from amzsync.domain.picture import Picture, read_picture
from amzsync.plytix.address import is_loopback
from amzsync.plytix.deadline import DeadlineReader
from amzsync.plytix.network import Timeouts, sentence_without_answer

__all__ = ["PictureAnswer", "PictureHost"]

_TIMEOUTS = Timeouts(connect_s=5.0, read_s=5.0, deadline_s=10.0)
_FIRST_BYTES = 65_536
_MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LONGEST_TYPE = 80
_HEADERS = {
    "User-Agent": "amzsync",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
    "Range": f"bytes=0-{_FIRST_BYTES - 1}",
    "Connection": "close",
}


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


class _NotAskedError(Exception):
    """The address is one that is not asked."""


class PictureHost:
    """Asks one address at a time. `resolve` is the system's `getaddrinfo`."""

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
        ends_at = self._clock() + self._timeouts.deadline_s
        at = url
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                answer, then = self._exchange(url, at, ends_at)
                if then is None:
                    return answer
                at = urljoin(at, then)
        except _NotAskedError as error:
            return PictureAnswer(url, reason=str(error))
        except (OSError, HTTPException, ValueError) as error:
            return PictureAnswer(url, reason=sentence_without_answer(error, at, self._timeouts))
        return PictureAnswer(url, reason="It leads from one address to the next without end.")

    def _exchange(self, url: str, at: str, ends_at: float) -> tuple[PictureAnswer, str | None]:
        """The answer of one address, or where it leads to."""
        parts, host = self._checked(at)
        with ExitStack() as stack:
            connection = stack.enter_context(closing(HTTPConnection(host, parts.port)))
            connection.sock = stack.enter_context(self._connected(parts, host))
            connection.request("GET", _target(parts), headers={"Host": parts.netloc, **_HEADERS})
            response = stack.enter_context(closing(self._response(connection.sock, ends_at)))
            response.begin()
            if response.status in _REDIRECTS and response.headers.get("Location"):
                return PictureAnswer(url), str(response.headers["Location"])
            kind = str(response.headers.get("Content-Type", ""))[:_LONGEST_TYPE]
            if response.status not in (200, 206):
                return PictureAnswer(url, response.status, content_type=kind), None
            start = response.read(_FIRST_BYTES)
        return PictureAnswer(url, response.status, content_type=kind, picture=read_picture(start)), None

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

    def _response(self, connected: socket.socket, ends_at: float) -> HTTPResponse:
        response = HTTPResponse(connected, method="GET")
        reader = DeadlineReader(
            response.fp.detach(), connected, self._clock, max(0.0, ends_at - self._clock())
        )
        response.fp = io.BufferedReader(reader)
        return response


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
