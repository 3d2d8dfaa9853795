"""HTTP on loopback with the server of the standard library: one thread per connection, kept alive.

Werkzeug was tried and is not used. Its server closes each connection after one answer, and having answered
reads away whatever arrives in the next 10 ms; importing its router takes 120 ms, that of `http.server` 4 ms.
"""

import http.server
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.errors import MissingHeaderBodySeparatorDefect
from http import HTTPStatus
from typing import Any

from amzsync.errors import SandboxError
from amzsync.sandbox.messages import Delivery, Refusal, Request

HOST = "127.0.0.1"
MAX_BODY_BYTES = 8 * 1024 * 1024
_MAX_DISCARDED_BYTES = 64 * 1024 * 1024
_MAX_LENGTH_DIGITS = 15
_CHUNK_BYTES = 256 * 1024
_JOIN_S = 5.0

Exchange = Callable[[Request], Delivery]


class Server:
    """Listens on loopback alone, from its creation until `stop`."""

    def __init__(self, port: int, exchange: Exchange) -> None:
        """Port 0 takes a free one; a SandboxError where the port is taken."""
        try:
            self._tcp = _TcpServer(port, exchange)
        except (OSError, OverflowError) as error:
            raise SandboxError(
                f"The sandbox cannot listen on port {port} of {HOST}: {error}.",
                "Name another port, or 0 for any.",
            ) from error
        self.address: tuple[str, int] = self._tcp.socket.getsockname()
        self._acceptor = threading.Thread(target=self._tcp.accept_all, name="sandbox", daemon=True)
        self._acceptor.start()

    @property
    def port(self) -> int:
        return self.address[1]

    def stop(self) -> None:
        """Close every connection and wait for its thread; work already begun is finished."""
        self._tcp.close_connections()
        # A blocked accept does not notice that it should end; a connection wakes it.
        with socket.socket() as waking:
            waking.settimeout(1.0)
            waking.connect_ex(self.address)
        self._acceptor.join(_JOIN_S)
        self._tcp.server_close()


class _TcpServer(socketserver.ThreadingTCPServer):
    # A port whose last connections still wait for their end can be taken again at once.
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 512

    def __init__(self, port: int, exchange: Exchange) -> None:
        self.exchange = exchange
        self._is_stopping = False
        self._lock = threading.Lock()
        self._connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((HOST, port), _Handler)

    def accept_all(self) -> None:
        while not self._is_stopping:
            self.handle_request()

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:  # Out of file descriptors for a moment: asking again at once would not help.
            time.sleep(0.01)
            raise

    def add_connection(self, connection: socket.socket) -> None:
        with self._lock:
            if self._is_stopping:
                connection.shutdown(socket.SHUT_RDWR)
            else:
                self._connections[connection] = threading.current_thread()
                threading.current_thread().name = "sandbox connection"

    def remove_connection(self, connection: socket.socket) -> None:
        with self._lock:
            self._connections.pop(connection, None)

    def close_connections(self) -> None:
        """Also those that come later; wait for the threads of all."""
        with self._lock:
            self._is_stopping = True
            live = dict(self._connections)
        for connection in live:
            with suppress(OSError):  # The other side may have closed it already.
                connection.shutdown(socket.SHUT_RDWR)
        for thread in live.values():
            thread.join(_JOIN_S)


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _TcpServer
    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # What names no version is answered with a status line too.
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Every method is answered alike: `do_GET` and its like are what the server looks for."""
        if name.startswith("do_"):
            return self._answer
        raise AttributeError(name)

    def handle(self) -> None:
        with suppress(OSError):  # The client has gone, or the sandbox is stopping: nobody is left to tell.
            self.server.add_connection(self.connection)
            super().handle()

    def finish(self) -> None:
        self.server.remove_connection(self.connection)
        with suppress(OSError):  # What was still to be sent to a client that has gone.
            super().finish()

    def handle_expect_100(self) -> bool:
        is_continued = super().handle_expect_100()
        self.wfile.flush()
        return is_continued

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        msg = message or HTTPStatus(code).phrase
        self._refuse(Refusal(code, f"{msg}: {explain}" if explain else msg))

    def _answer(self) -> None:
        try:
            request = self._read_request()
        except Refusal as refusal:
            self._refuse(refusal)
            return
        if request is not None:
            self._deliver(self.server.exchange(request))

    def _read_request(self) -> Request | None:
        """The request with its body, None where the connection ended within it; a Refusal for a bad one."""
        lengths = self.headers.get_all("Content-Length", ["0"])
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects):
            raise Refusal(400, "Bad headers")
        if "Transfer-Encoding" in self.headers:
            raise Refusal(411, "Send a Content-Length")
        length = lengths[0]
        if len(lengths) > 1 or not (
            length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS
        ):
            raise Refusal(400, "Bad Content-Length")
        if int(length) > MAX_BODY_BYTES:
            self._discard(int(length))
            raise Refusal(413, f"The body is larger than {MAX_BODY_BYTES} bytes")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            return None
        path, _, query = self.path.partition("?")
        return Request(self.command, path, query, self.headers, body)

    def _discard(self, length: int) -> None:
        """Read the body away: an answer to a client that still sends would be lost in the reset after it."""
        left = min(length, _MAX_DISCARDED_BYTES)
        while left > 0 and (chunk := self.rfile.read(min(left, _CHUNK_BYTES))):
            left -= len(chunk)

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what is no proper request; where the next one would start is not known."""
        self.close_connection = True
        self._deliver(Delivery.of(refusal.reply))
        self.wfile.flush()

    def _deliver(self, delivery: Delivery) -> None:
        if delivery.is_reset:
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        self._send_head(delivery)
        if self.command == "HEAD":
            return
        if delivery.chunks is None:
            self.wfile.write(delivery.body)
            return
        left = len(delivery.body)
        for chunk in delivery.chunks:
            self.wfile.write(chunk)
            self.wfile.flush()
            left -= len(chunk)
        if left:
            self.close_connection = True

    def _send_head(self, delivery: Delivery) -> None:
        status, headers = delivery.status, delivery.headers
        self.send_response_only(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(delivery.body)))
        if delivery.body and not any(name.lower() == "content-type" for name in headers):
            self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        if not any(name.lower() == "date" for name in headers):
            self.send_header("Date", self.date_time_string())
        self.send_header("Connection", "close" if self.close_connection else "keep-alive")
        self.end_headers()
