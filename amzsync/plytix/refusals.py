"""Turns an HTTP status that is no success into the error that says what to do next."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from amzsync.errors import (
    FieldError,
    PlytixError,
    RateLimitedError,
    RejectedError,
    RetriableError,
    StopError,
    TokenError,
)
from amzsync.plytix.parsing import json_object, seconds
from amzsync.plytix.wire import Reply, Request, RequestKind

__all__ = ["error_for", "field_errors", "http_date", "readable"]

MAX_MESSAGE_CHARS = 500
MAX_FIELDS = 20
MAX_RETRY_AFTER_S = 86_400.0  # the longest window is an hour; more than a day is a mistake

_CHECK_CREDENTIALS = "Check PLYTIX_API_KEY and PLYTIX_API_PASSWORD, or the account in the config file."
_CHECK_ROLE = "Give this API key a role in Plytix that may read and write products and assets."


def _utc_now() -> datetime:
    return datetime.now(UTC)


def error_for(request: Request, reply: Reply, *, now: Callable[[], datetime] = _utc_now) -> PlytixError:
    """The error for a status that does not answer `request` (plytix-api, Envelope and errors)."""
    status = reply.status
    if status == 429:
        return RateLimitedError(
            _message(reply),
            retry_after_s=retry_after_s(reply, now),
            method=request.method,
            path=request.path,
        )
    kind, next_step = _kind_and_next_step(request, status)
    message = _redirect_message(reply) if 300 <= status < 400 else _message(reply)
    return kind(
        message,
        method=request.method,
        path=request.path,
        status=status,
        fields=field_errors(reply),
        next_step=next_step,
    )


def _kind_and_next_step(request: Request, status: int) -> tuple[type[PlytixError], str]:
    is_token_call = request.kind is RequestKind.TOKEN
    address = "PLYTIX_AUTH_URL" if is_token_call else "PLYTIX_API_URL"
    kind: type[PlytixError] = RetriableError
    next_step = ""
    if 300 <= status < 400:
        kind, next_step = StopError, f"Set {address} to the address that answers without a redirect."
    elif status in {408, 425} or not 400 <= status < 500:
        pass
    elif is_token_call:
        # That no token can be had is not the fault of any row.
        kind = StopError
        next_step = _CHECK_CREDENTIALS if status in {400, 401, 403, 422} else f"Check {address}."
    elif status == 401:
        kind = TokenError
    elif status == 403:
        kind, next_step = StopError, _CHECK_ROLE
    else:
        kind = RejectedError
    return kind, next_step


def retry_after_s(reply: Reply, now: Callable[[], datetime]) -> float | None:
    """The longer of the waits in header and body, fractions kept; None where neither is usable."""
    answer = _answer(reply)
    error = answer.get("error")
    told = [
        _header_wait_s(reply, now),
        seconds(error.get("retry_after")) if isinstance(error, dict) else None,
        seconds(answer.get("retry_after")),
    ]
    usable = [wait_s for wait_s in told if wait_s is not None and wait_s <= MAX_RETRY_AFTER_S]
    return max(usable, default=None)


def _header_wait_s(reply: Reply, now: Callable[[], datetime]) -> float | None:
    header = reply.headers.get("retry-after", "")
    wait_s = seconds(header)
    ends_at = http_date(header)
    if wait_s is not None or ends_at is None:
        return wait_s
    # The server's own clock, where it tells it, makes the difference right on a machine whose clock is not.
    wait_s = (ends_at - (http_date(reply.headers.get("date", "")) or now())).total_seconds()
    return wait_s if wait_s >= 0 else None


def http_date(text: str) -> datetime | None:
    """The moment that a header names; None where it is no date."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def field_errors(reply: Reply) -> tuple[FieldError, ...]:
    """The `errors` list of an answer, bounded; () where there is none."""
    answer = _answer(reply)
    error = answer.get("error")
    entries = error.get("errors") if isinstance(error, dict) else answer.get("errors")
    if not isinstance(entries, list):
        return ()
    return tuple(
        FieldError(_told(entry.get("field")), _told(entry.get("msg")))
        for entry in entries[:MAX_FIELDS]
        if isinstance(entry, dict)
    )


def readable(text: str, limit: int = MAX_MESSAGE_CHARS) -> str:
    """Foreign text on one line: no control characters, single spaces, at most `limit` characters."""
    # Cut first: a body of megabytes is not walked for the sake of its beginning.
    printable = "".join(char if char.isprintable() else " " for char in text[: limit * 4])
    line = " ".join(printable.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def _message(reply: Reply) -> str:
    said = _said(reply)
    return f"Plytix answered {reply.status}: {said}." if said else f"Plytix answered {reply.status}."


def _said(reply: Reply) -> str:
    answer = _answer(reply)
    if not answer:
        return _summary(reply)
    error = answer.get("error")
    told = error if isinstance(error, dict) else answer if error is None else {"msg": error}
    message = _told(told.get("msg") or told.get("message"))
    fields = "; ".join(": ".join(filter(None, (f.field, f.message))) for f in field_errors(reply))
    return readable(f"{message} ({fields})" if message and fields else message or fields).rstrip(".")


def _summary(reply: Reply) -> str:
    start = reply.body[: MAX_MESSAGE_CHARS * 4].decode("utf-8", "replace").strip()
    if "html" in reply.headers.get("content-type", "").lower() or start.startswith("<"):
        return "the server answered HTML"
    return readable(start).rstrip(".") if start.isprintable() else ""


def _redirect_message(reply: Reply) -> str:
    try:
        host = urlsplit(reply.headers.get("location", "")).hostname
    except ValueError:
        host = None
    to = f" to {readable(host, 100)}" if host else ""
    return f"Plytix answered {reply.status}: a redirect{to}, which is not followed."


def _told(value: object) -> str:
    if value is None:
        return ""
    return readable(value if isinstance(value, str) else json.dumps(value))


def _answer(reply: Reply) -> dict[str, object]:
    try:
        return json_object(reply)
    except RetriableError:
        return {}
