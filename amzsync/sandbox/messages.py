"""Requests and answers as values, and the JSON envelope of the answers (plytix-api, Envelope and errors)."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any, Protocol, Self

Json = Any
"""Whatever `json.loads` gives: it is checked where it is used."""

ErrorFields = tuple[tuple[str, Json], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived; `headers` do not mind the case of a name."""

    method: str
    path: str
    query: str
    headers: "Message[str, str]"
    body: bytes

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


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer as it is sent, or with status 0 a reset connection.

    `chunks` are sent in place of the body, whose length is announced all the same.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    chunks: Iterable[bytes] | None = None

    @classmethod
    def of(cls, reply: Reply) -> Self:
        body = b"" if reply.payload is None else json.dumps(reply.payload, separators=(",", ":")).encode()
        return cls(reply.status, reply.headers, body)

    @property
    def is_reset(self) -> bool:
        return self.status == 0


class Intercept(Protocol):
    """A hook around the work of each admitted request, with which tests delay, break or replace answers."""

    def __call__(self, request: Request, path: str, work: Callable[[], Reply]) -> Delivery:
        """What to send; `path` is that below the API root, and `work` may be called once."""
        ...


class Refusal(Exception):  # noqa: N818 -- it is an answer, and reads as one where it is raised
    """An error answer, raised from anywhere below the routes."""

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
