from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.errors import (
    FieldError,
    PlytixError,
    RateLimitedError,
    RejectedError,
    RetriableError,
    StopError,
    TokenError,
)
from amzsync.plytix.refusals import error_for, readable
from amzsync.plytix.wire import Reply, Request, RequestKind

CALL = Request(RequestKind.PRODUCT_READ, "GET", "/products/p1")
TOKEN_CALL = Request(RequestKind.TOKEN, "POST", "")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _error(reply: Reply, request: Request = CALL) -> PlytixError:
    return error_for(request, reply, now=lambda: NOW)


@pytest.mark.parametrize(
    ("status", "on_a_call", "on_the_token_call"),
    [
        pytest.param(202, RetriableError, RetriableError, id="202 where nothing was accepted"),
        pytest.param(299, RetriableError, RetriableError, id="299 of nobody"),
        pytest.param(300, StopError, StopError, id="300 several choices"),
        pytest.param(301, StopError, StopError, id="301 moved"),
        pytest.param(304, StopError, StopError, id="304 not modified"),
        pytest.param(308, StopError, StopError, id="308 moved for good"),
        pytest.param(399, StopError, StopError, id="399 of nobody"),
        pytest.param(400, RejectedError, StopError, id="400 bad JSON"),
        pytest.param(401, TokenError, StopError, id="401 token"),
        pytest.param(403, StopError, StopError, id="403 role"),
        pytest.param(404, RejectedError, StopError, id="404 unknown"),
        pytest.param(405, RejectedError, StopError, id="405 method"),
        pytest.param(408, RetriableError, RetriableError, id="408 request timeout"),
        pytest.param(409, RejectedError, StopError, id="409 conflict where it is no answer"),
        pytest.param(422, RejectedError, StopError, id="422 semantic"),
        pytest.param(425, RetriableError, RetriableError, id="425 too early"),
        pytest.param(428, RejectedError, StopError, id="428 sorted search too large"),
        pytest.param(429, RateLimitedError, RateLimitedError, id="429 limit"),
        pytest.param(499, RejectedError, StopError, id="499 of a proxy"),
        pytest.param(500, RetriableError, RetriableError, id="500"),
        pytest.param(502, RetriableError, RetriableError, id="502 gateway"),
        pytest.param(503, RetriableError, RetriableError, id="503 unavailable"),
        pytest.param(504, RetriableError, RetriableError, id="504 gateway timeout"),
        pytest.param(520, RetriableError, RetriableError, id="520 of a content network"),
        pytest.param(999, RetriableError, RetriableError, id="999 of nobody"),
    ],
)
def test_a_status_has_one_error_class_that_says_what_to_do_next(
    status: int, on_a_call: type[PlytixError], on_the_token_call: type[PlytixError]
) -> None:
    assert type(_error(Reply(status))) is on_a_call
    assert type(_error(Reply(status), TOKEN_CALL)) is on_the_token_call


@pytest.mark.parametrize(
    ("request_", "status", "hint"),
    [
        pytest.param(TOKEN_CALL, 401, "PLYTIX_API_KEY and PLYTIX_API_PASSWORD", id="credentials"),
        pytest.param(TOKEN_CALL, 404, "PLYTIX_AUTH_URL", id="auth address"),
        pytest.param(TOKEN_CALL, 302, "PLYTIX_AUTH_URL", id="auth redirect"),
        pytest.param(CALL, 302, "PLYTIX_API_URL", id="API redirect"),
        pytest.param(CALL, 403, "role", id="role"),
    ],
)
def test_what_stops_everything_names_the_next_step(request_: Request, status: int, hint: str) -> None:
    assert hint in _error(Reply(status), request_).next_step


@pytest.mark.parametrize(("status", "is_redirect"), [(299, False), (300, True), (399, True), (400, False)])
def test_a_redirect_is_told_as_one(status: int, *, is_redirect: bool) -> None:
    message = _error(Reply(status, {"location": "https://other.example/api"})).message
    assert ("a redirect to other.example" in message) is is_redirect


def test_an_error_says_where_it_happened_and_what_the_server_said() -> None:
    body = (
        b'{"error":{"msg":"Not valid","errors":[{"field":"thumbnail","msg":{"_schema":["Invalid input."]}}]}}'
    )
    error = _error(Reply(422, body=body))
    assert (error.method, error.path, error.status) == ("GET", "/products/p1", 422)
    assert error.fields == (FieldError("thumbnail", '{"_schema": ["Invalid input."]}'),)
    assert str(error) == 'Plytix answered 422: Not valid (thumbnail: {"_schema": ["Invalid input."]}).'


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(b'{"error":"no such thing"}', ": no such thing.", id="error is a text"),
        pytest.param(b'{"message":"no such thing."}', ": no such thing.", id="message at the top"),
        pytest.param(b'{"error":{"errors":[{"field":"sku","msg":"bad"}]}}', ": sku: bad.", id="fields alone"),
        pytest.param(b'{"error":null}', ".", id="nothing said"),
        pytest.param(b"", ".", id="no body"),
        pytest.param(b"upstream connect error", ": upstream connect error.", id="plain text of a proxy"),
        pytest.param(b"\x00\x01\xff", ".", id="bytes"),
        pytest.param(b"<html><body>secret</body>", ": the server answered HTML.", id="HTML"),
        pytest.param(b"\n <!DOCTYPE html>", ": the server answered HTML.", id="HTML after a blank line"),
    ],
)
def test_whatever_form_the_body_has_the_message_is_one_plain_sentence(body: bytes, said: str) -> None:
    assert str(_error(Reply(500, body=body))) == f"Plytix answered 500{said}"


def test_a_message_is_bounded_and_free_of_control_characters() -> None:
    body = (
        b'{"error":{"msg":"\\u001b[31m' + b"x" * 9000 + b'\\n\\u202e","errors":' + b"[" * 9 + b"]" * 9 + b"}}"
    )
    message = _error(Reply(422, body=body)).message
    assert message.isprintable()
    assert len(message) <= 540


def test_a_flood_of_fields_is_cut() -> None:
    body = b'{"error":{"errors":[' + b",".join([b'{"field":"f","msg":"m"}'] * 1000) + b"]}}"
    assert len(_error(Reply(422, body=body)).fields) == 20


_HOURLY = b'{"error":{"msg":"limit","retry_after":1800}}'


@pytest.mark.parametrize(
    ("headers", "body", "wait_s"),
    [
        pytest.param({"retry-after": "7"}, b"", 7.0, id="header in seconds"),
        pytest.param({"retry-after": "2.75"}, b"", 2.75, id="header with a fraction"),
        pytest.param({"retry-after": "0"}, b"", 0.0, id="no wait is a wait of nothing"),
        pytest.param({}, _HOURLY, 1800.0, id="body inside error"),
        pytest.param({}, b'{"retry_after":12.5}', 12.5, id="body at the top"),
        pytest.param({}, b'{"error":{"retry_after":"9"}}', 9.0, id="body as text"),
        pytest.param({"retry-after": "7"}, _HOURLY, 1800.0, id="the longer: the body"),
        pytest.param({"retry-after": "2400"}, _HOURLY, 2400.0, id="the longer: the header"),
        pytest.param({"retry-after": "soon"}, _HOURLY, 1800.0, id="an unusable header leaves the body"),
        pytest.param(
            {"retry-after": "7"}, b'{"retry_after":-1}', 7.0, id="an unusable body leaves the header"
        ),
        pytest.param({"retry-after": "Fri, 02 Jan 2026 03:05:05 GMT"}, b"", 60.0, id="HTTP date"),
        pytest.param(
            {"retry-after": "Fri, 02 Jan 2026 03:05:05 -0000"}, b"", 60.0, id="HTTP date without a zone"
        ),
        pytest.param({"retry-after": "Fri, 02 Jan 2026 04:05:05 +0100"}, b"", 60.0, id="in another zone"),
        pytest.param(
            {"retry-after": "Fri, 02 Jan 2026 03:05:05 GMT", "date": "Fri, 02 Jan 2026 03:04:35 GMT"},
            b"",
            30.0,
            id="HTTP date against the server's clock",
        ),
        pytest.param({"retry-after": "Fri, 02 Jan 2026 03:04:00 GMT"}, b"", None, id="HTTP date gone by"),
        pytest.param({"retry-after": "Fri, 99 Jan 2026 03:04:00 GMT"}, b"", None, id="HTTP date of no day"),
        pytest.param({}, b"", None, id="nothing told"),
        pytest.param({"retry-after": "-5"}, b"", None, id="negative"),
        pytest.param({"retry-after": "nan"}, b"", None, id="not a number"),
        pytest.param({"retry-after": "inf"}, b"", None, id="for ever"),
        pytest.param({"retry-after": "86401"}, b"", None, id="more than a day"),
        pytest.param({"retry-after": "86400"}, b"", 86400.0, id="a day"),
        pytest.param({}, b'{"retry_after":true}', None, id="true is no number"),
        pytest.param({}, b'{"retry_after":1e999}', None, id="a number past all numbers"),
        pytest.param({}, b'{"retry_after":' + b"9" * 400 + b"}", None, id="an integer past all floats"),
    ],
)
def test_a_429_is_waited_out_as_told(headers: dict[str, str], body: bytes, wait_s: float | None) -> None:
    error = _error(Reply(429, headers, body))
    assert isinstance(error, RateLimitedError)
    assert error.retry_after_s == wait_s


_TEXT = st.text(st.characters(max_codepoint=255), max_size=40)
_HEADERS = st.dictionaries(st.sampled_from(["retry-after", "location", "date", "content-type"]), _TEXT)


@given(st.integers(100, 999), _HEADERS, st.binary(max_size=300))
def test_no_answer_whatever_can_break_the_mapping(status: int, headers: dict[str, str], body: bytes) -> None:
    error = _error(Reply(status, headers, body))
    assert error.message.isprintable()
    assert len(error.message) < 600
    if isinstance(error, RateLimitedError):
        assert error.retry_after_s is None or 0 <= error.retry_after_s <= 86_400


@pytest.mark.parametrize(("blanks", "shown"), [(39, "x"), (40, "")])
def test_a_message_is_looked_for_in_the_beginning_of_what_was_said(blanks: int, shown: str) -> None:
    assert readable("\n" * blanks + "x", 10) == shown
