"""HTTP/1.1 by hand: requests off a socket, answers onto it, and the envelope both share.

The standard library's handler parses headers as mail, which costs more than the work behind most
requests here; this module reads only what the API needs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, BinaryIO, Protocol

MAX_BODY_BYTES = 8 * 1024 * 1024
_MAX_DRAINED_BYTES = 64 * 1024 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_MAX_LENGTH_DIGITS = 15
_CHUNK_BYTES = 256 * 1024

Json = Any
"""Whatever `json.loads` gives: it is checked where it is used."""

ErrorFields = tuple[tuple[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; header names are lower case, `query` stands apart from the path."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    keep_alive: bool = True
    query: str = ""

    def json(self) -> Json:
        """The body as JSON; a Refusal (400) where it is none or says that it is something else."""
        content_type = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type != "application/json":
            raise Refusal(400, "The content type must be application/json")
        try:
            body = json.loads(self.body)
            # Half a surrogate pair is JSON, but no text that could be kept.
            json.dumps(body, ensure_ascii=False).encode()
        except (ValueError, RecursionError):
            raise Refusal(400, "The body is not valid JSON") from None
        return body


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer before it is bytes; `payload` None means an empty body."""

    status: int
    payload: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 -- it is an answer, and reads as one where it is raised
    """An error answer (plytix-api, Envelope and errors), raised from anywhere below the routes."""

    def __init__(
        self,
        status: int,
        msg: str,
        fields: ErrorFields = (),
        *,
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(msg)
        error: dict[str, Json] = {"msg": msg}
        if fields:
            error["errors"] = [{"field": name, "msg": value} for name, value in fields]
        self.reply = Reply(status, {"error": error | dict(extra or {})}, headers or {})


def data(*rows: Json, status: int = 200) -> Reply:
    """The success envelope: one row is a list of one."""
    return Reply(status, {"data": list(rows)})


class BadHttpError(Exception):
    """Bytes that cannot be answered on this connection beyond `reply`."""

    def __init__(self, status: int, msg: str) -> None:
        super().__init__(msg)
        self.reply = Refusal(status, msg).reply


class Duplex(Protocol):
    """What reading a request needs of a connection."""

    @property
    def incoming(self) -> BinaryIO: ...

    def send(self, payload: bytes) -> None: ...


def read_request(connection: Duplex) -> Request | None:
    """The next request, None at the end of the connection; BadHttpError where it cannot be read."""
    start = connection.incoming.readline(_MAX_HEAD_BYTES)
    if not start.strip():
        return None
    try:
        method, target, version = start.decode("latin-1").split()
    except ValueError:
        raise BadHttpError(400, "Bad request line") from None
    headers = _read_headers(connection.incoming)
    if "transfer-encoding" in headers:
        raise BadHttpError(411, "Send a Content-Length")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit() and len(length) <= _MAX_LENGTH_DIGITS):
        raise BadHttpError(400, "Bad Content-Length")
    if headers.get("expect", "").lower() == "100-continue":
        connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = _read_body(connection.incoming, int(length))
    if body is None:
        return None
    keep_alive = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    path, _, query = target.partition("?")
    return Request(method, path, headers, body, keep_alive, query)


def _read_headers(incoming: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    left = _MAX_HEAD_BYTES
    while True:
        line = incoming.readline(left)
        left -= len(line)
        if left <= 0:
            raise BadHttpError(431, "Too many headers")
        if line in (b"\r\n", b"\n", b""):
            return headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()


def _read_body(incoming: BinaryIO, length: int) -> bytes | None:
    """The body, None where the connection ended within it; a too large one is read away, then refused."""
    if length <= MAX_BODY_BYTES:
        body = incoming.read(length) if length else b""
        return body if len(body) == length else None
    # An answer sent while the client is still writing would be lost in the reset that follows.
    left = min(length, _MAX_DRAINED_BYTES)
    while left > 0:
        chunk = incoming.read(min(left, _CHUNK_BYTES))
        if not chunk:
            return None
        left -= len(chunk)
    raise BadHttpError(413, f"The body is larger than {MAX_BODY_BYTES} bytes")


def encode_body(payload: Json) -> bytes:
    return b"" if payload is None else json.dumps(payload, separators=(",", ":")).encode()


def encode_head(reply: Reply, body_length: int, *, keep_alive: bool) -> bytes:
    """The status line and the headers, for a body of that many bytes."""
    lines = [f"HTTP/1.1 {reply.status} {_reason(reply.status)}"]
    if reply.status != 204:
        lines.append(f"Content-Length: {body_length}")
    if body_length and not any(name.lower() == "content-type" for name in reply.headers):
        lines.append("Content-Type: application/json")
    lines.extend(f"{name}: {value}" for name, value in reply.headers.items())
    lines.append(f"Connection: {'keep-alive' if keep_alive else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
