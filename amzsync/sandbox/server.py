"""Sockets and threads: one thread per connection, each answering one request after the other."""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

from amzsync.errors import SandboxError
from amzsync.sandbox.service import Delivery
from amzsync.sandbox.wire import BadHttpError, Request, encode_body, encode_head, read_request

HOST = "127.0.0.1"
_BACKLOG = 512
_JOIN_S = 5.0


class Server:
    """Listens on loopback alone, from its making until `stop`."""

    def __init__(
        self, port: int, exchange: Callable[[Request], Delivery], pause: Callable[[float], object]
    ) -> None:
        """Port 0 takes a free one; a SandboxError where the port is taken."""
        self._exchange = exchange
        self._pause = pause
        self._lock = threading.Lock()
        self._connections: dict[_Connection, threading.Thread] = {}
        self._is_stopping = False
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept, name="sandbox", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        """Close every connection and wait for its thread; work already begun is finished."""
        with self._lock:
            self._is_stopping = True
        # A blocked accept does not notice that its socket is closed; a visitor wakes it.
        with socket.socket() as visitor:
            visitor.settimeout(1.0)
            visitor.connect_ex((HOST, self.port))
        self._acceptor.join(_JOIN_S)
        self._listener.close()
        with self._lock:
            live = dict(self._connections)
        for connection in live:
            connection.shut()
        for thread in live.values():
            thread.join(_JOIN_S)

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:  # Out of file descriptors for a moment, or a visitor who left at once.
                time.sleep(0.01)
                continue
            with self._lock:
                if self._is_stopping:
                    accepted.close()
                    return
                connection = _Connection(accepted)
                thread = threading.Thread(
                    target=self._converse, args=(connection,), name="sandbox connection", daemon=True
                )
                self._connections[connection] = thread
            thread.start()

    def _converse(self, connection: "_Connection") -> None:
        try:
            while self._answer_one(connection):
                pass
        except OSError:
            pass  # The client has gone, or the sandbox is stopping: nobody is left to tell.
        finally:
            with self._lock:
                del self._connections[connection]
            connection.close()

    def _answer_one(self, connection: "_Connection") -> bool:
        """Whether the connection stays open for another request."""
        try:
            request = read_request(connection)
        except BadHttpError as bad:
            body = encode_body(bad.reply.payload)
            connection.send(encode_head(bad.reply, len(body), keep_alive=False) + body)
            return False
        if request is None:
            return False
        return self._deliver(connection, self._exchange(request), request)

    def _deliver(self, connection: "_Connection", delivery: Delivery, request: Request) -> bool:
        if delivery.is_dropped:
            connection.reset()
            return False
        body = delivery.body
        head = encode_head(delivery.reply, len(body), keep_alive=request.keep_alive)
        if request.method == "HEAD":
            connection.send(head)
        elif delivery.keep_bytes is not None:
            connection.send(head + body[: delivery.keep_bytes])
            return False
        elif delivery.drip is not None:
            connection.send(head)
            for start in range(0, len(body), delivery.drip.chunk_bytes):
                self._pause(delivery.drip.pause_s)
                connection.send(body[start : start + delivery.drip.chunk_bytes])
        else:
            connection.send(head + body)
        return request.keep_alive


class _Connection:
    def __init__(self, accepted: socket.socket) -> None:
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = accepted
        self.incoming: BinaryIO = accepted.makefile("rb")
        self.send = accepted.sendall

    def shut(self) -> None:
        with suppress(OSError):  # The other side may have closed it already.
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        self.incoming.close()
        self._socket.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        # A port whose last connections still fade away can be taken again at once.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        listener.close()
        raise SandboxError(
            f"The sandbox cannot listen on port {port} of {HOST}: {error}.",
            "Name another port, or 0 for any.",
        ) from error
    return listener
