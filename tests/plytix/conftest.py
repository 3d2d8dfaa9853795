"""A server that answers as it is told, byte for byte, and remembers what it was asked."""

import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import pytest
from attempts import RaisingTransport


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> object:
        return json.loads(self.body)


class WireServer:
    """One prepared answer per request, in order; `HANG_UP` closes the connection instead."""

    HANG_UP = b""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self._answers: SimpleQueue[Iterable[bytes]] = SimpleQueue()
        self._stop = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._start(self._accept)

    def answer(self, status: int, body: object = None, headers: Mapping[str, str] | None = None) -> None:
        """Prepare an answer; `body` is bytes as they are, or anything else as JSON, None for nothing."""
        payload = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(payload)}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.answer_bytes(["\r\n".join(lines).encode() + b"\r\n\r\n" + payload])

    def answer_bytes(self, pieces: Iterable[bytes]) -> None:
        self._answers.put(pieces)

    def drip(self, start: bytes, drop: bytes) -> None:
        """After `start`, send `drop` every few milliseconds, for ever."""

        def pieces() -> Iterator[bytes]:
            yield start
            while not self._stop.wait(0.02):
                yield drop

        self._answers.put(pieces())

    def stay_silent(self, after: bytes = b"") -> None:
        def pieces() -> Iterator[bytes]:
            if after:
                yield after
            self._stop.wait()
            yield self.HANG_UP

        self._answers.put(pieces())

    def wait_for_hang_up(self) -> None:
        """Return when the first connection is closed at this end."""
        self._threads[1].join(5)
        assert not self._threads[1].is_alive()

    def close(self) -> None:
        self._stop.set()
        for sock in [*self._open, self._listener]:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._stop.is_set():
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError), connection, connection.makefile("rb") as reader:
            while line := reader.readline():
                method, path, _ = line.decode().split(" ")
                headers = dict(iter(lambda: _header(reader.readline()), ("", "")))
                body = reader.read(int(headers.get("content-length", "0")))
                self.asked.append(Asked(method, path, headers, body))
                for piece in self._answers.get():
                    if piece == self.HANG_UP:
                        return
                    connection.sendall(piece)


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode().strip().partition(":")
    return name.lower(), value.strip()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "NETRC"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()


@pytest.fixture
def connect(server: WireServer) -> Iterator[Callable[..., RaisingTransport]]:
    """Make a transport to the server, with whatever options a test needs."""
    made: list[RaisingTransport] = []

    def connect(
        api_url: str = f"{server.url}/api/v1", auth_url: str = f"{server.url}/auth", **options: Any
    ) -> RaisingTransport:
        made.append(RaisingTransport(api_url, auth_url, **options))
        return made[-1]

    yield connect
    for transport in made:
        transport.close()


@pytest.fixture
def transport(connect: Callable[..., RaisingTransport]) -> RaisingTransport:
    return connect()
