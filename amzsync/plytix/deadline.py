"""A total deadline for an answer: it also ends an answer that comes a byte at a time.

A socket's timeout starts anew with each byte that comes. So the reader below shortens it, before each
read, to what is left until the deadline. That covers the status line, the headers and the body alike.
"""

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter

from amzsync.errors import NotSentError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager
    from urllib3.connection import HTTPConnection

__all__ = ["DeadlineAdapter", "DeadlineError", "DeadlineReader"]


class DeadlineError(TimeoutError):
    """The answer was not complete when its time was over."""


class DeadlineAdapter(HTTPAdapter):
    """One attempt per request, and at most `deadline_s` from the sent request to the answer's end.

    `may_leave` is asked before a request is written to its open connection: on a no, nothing is sent.
    `on_sent` is told the moment when a request's last byte has left. An adapter serves one thread.
    """

    may_leave: Callable[[], bool] | None = None
    on_sent: Callable[[float], None] | None = None

    def __init__(self, deadline_s: float, clock: Callable[[], float]) -> None:
        self._deadline_s = deadline_s
        self._clock = clock
        super().__init__(pool_connections=2, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> "ProxyManager":
        is_known = args and args[0] in self.proxy_manager
        manager: ProxyManager = super().proxy_manager_for(*args, **kwargs)
        if not is_known:
            self._watch(manager)
        return manager

    def _watch(self, manager: "PoolManager") -> None:
        def open_response(sock: socket.socket, *args: Any, **kwargs: Any) -> HTTPResponse:
            # A connection asks for its answer when the request has been written.
            if self.on_sent is not None:
                self.on_sent(self._clock())
            response = HTTPResponse(sock, *args, **kwargs)
            if isinstance(response.fp, io.BufferedReader):
                reader = DeadlineReader(response.fp.detach(), sock, self._clock, self._deadline_s)
                response.fp = io.BufferedReader(reader)
            return response

        def check() -> None:
            if self.may_leave is not None and not self.may_leave():
                raise NotSentError("What the request rests on was too old when it could leave.")

        manager.pool_classes_by_scheme = {
            scheme: _pool_class(pool_class, open_response, check)
            for scheme, pool_class in manager.pool_classes_by_scheme.items()
        }


def _pool_class(
    pool_class: "type[HTTPConnectionPool]",
    open_response: Callable[..., HTTPResponse],
    check: Callable[[], None],
) -> type:
    base: Any = pool_class.ConnectionCls

    def send(connection: "HTTPConnection", data: bytes) -> None:
        if connection.sock is None:
            connection.connect()
        check()
        base.send(connection, data)

    connection_class = type(
        base.__name__,
        (base,),
        {"response_class": staticmethod(open_response), "send": send},
    )
    return type(pool_class.__name__, (pool_class,), {"ConnectionCls": connection_class})


class DeadlineReader(io.RawIOBase):
    """The raw stream of an answer, which raises DeadlineError once its time is over."""

    def __init__(
        self, raw: io.RawIOBase, sock: socket.socket, clock: Callable[[], float], deadline_s: float
    ) -> None:
        self._raw = raw
        self._sock = sock
        self._clock = clock
        self._ends_at = clock() + deadline_s
        self._read_timeout_s = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._raw.fileno()

    def readinto(self, buffer: "WriteableBuffer", /) -> int | None:
        left_s = self._ends_at - self._clock()
        if left_s <= 0:
            raise DeadlineError
        timeout_s = self._read_timeout_s
        self._sock.settimeout(left_s if timeout_s is None else min(timeout_s, left_s))
        try:
            read: int | None = self._raw.readinto(buffer)
        except TimeoutError:
            if self._clock() >= self._ends_at:
                raise DeadlineError from None
            raise
        return read

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()
