import base64
import html
import json
import logging
import pickle
import traceback
from collections.abc import Callable
from operator import mod
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import pytest
from attempts import RaisingTransport
from plytix.conftest import WireServer

from amzsync.errors import PlytixError, RetriableError, TokenError
from amzsync.plytix import client
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer
from amzsync.plytix.wire import CreatedAsset

KEY, PASSWORD, TOKEN = "key-hunter1", 'pass"word-hunter2', "eyJ.hunter3"
CREDENTIALS = Credentials(Secret(KEY), Secret(PASSWORD))


def _assert_hidden(text: str) -> None:
    for secret in ("hunter1", "hunter2", "hunter3"):
        assert secret not in text


@pytest.mark.parametrize(
    "shown",
    [repr, str, "{}".format, "{0!r:>40}".format, lambda value: mod("%s", value)],
    ids=["repr", "str", "format", "aligned format", "percent"],
)
@pytest.mark.parametrize(
    "holder",
    [CREDENTIALS.api_key, CREDENTIALS, TokenAnswer(Secret(TOKEN)), client.get_token(CREDENTIALS)],
    ids=["Secret", "Credentials", "TokenAnswer", "Call"],
)
def test_no_way_of_showing_a_value_shows_the_secret_in_it(
    shown: Callable[[object], str], holder: object
) -> None:
    _assert_hidden(shown(holder))


def test_a_secret_cannot_slip_into_json_or_a_pickle() -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": Secret(KEY)})
    with pytest.raises(TypeError):
        pickle.dumps(Secret(KEY))


def test_secrets_are_compared_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert not Secret("")


def test_no_log_record_holds_a_secret_even_where_urllib3_logs_everything(
    server: WireServer, transport: RaisingTransport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("urllib3").setLevel(logging.DEBUG)
    server.answer(200, {"data": [{"access_token": TOKEN}]})
    server.answer(200, {"data": [{"id": "a1"}]})
    server.answer(500, TOKEN.encode())
    token = transport.fetch_token(CREDENTIALS).token
    transport.send(client.read_asset("a1"), token)
    transport.send_timed(client.read_asset("a1"), token)
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    _assert_hidden(caplog.text)
    _assert_hidden(repr([vars(record) for record in caplog.records]))


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 429, 500])
def test_a_server_that_quotes_the_secrets_does_not_get_them_into_the_error(
    server: WireServer, transport: RaisingTransport, status: int
) -> None:
    quoted = {"error": {"msg": f"bad {KEY} {PASSWORD}", "errors": [{"field": KEY, "msg": [PASSWORD]}]}}
    server.answer(status, quoted)
    outcome: object = transport.fetch_token_timed(CREDENTIALS).value_or_error
    _assert_hidden(str(outcome) + repr(vars(outcome)))

    server.answer(status, {"error": {"msg": f"bad {TOKEN}", "errors": [{"field": "x", "msg": TOKEN}]}})
    outcome = transport.send_timed(client.link_asset("p1", "a1", "g"), Secret(TOKEN)).value_or_error
    _assert_hidden(str(outcome) + repr(vars(outcome)))


def _escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def _all_percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "as JSON": lambda text: json.dumps(text)[1:-1],
    "in JSON's code points": _escaped,
    "percent-encoded": lambda text: quote(text, safe=""),
    "percent-encoded as a form": quote_plus,
    "percent-encoded in every character": _all_percent,
    "percent-encoded twice": lambda text: quote(quote(text, safe=""), safe=""),
    "as HTML": html.escape,
    "as HTML's code points": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "as base64": lambda text: base64.b64encode(text.encode()).decode(),
    "within base64": lambda text: base64.b64encode(f"user:{text}!?".encode()).decode(),
    "as base64 for addresses": lambda text: base64.urlsafe_b64encode(f"~~~{text}???".encode()).decode(),
}
ODD = "pä/ss\"w+rd<&'hunter2"


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", [KEY, PASSWORD, TOKEN, ODD])
def test_no_text_from_outside_holds_a_secret_in_any_common_encoding(
    server: WireServer, transport: RaisingTransport, encoding: str, secret: str
) -> None:
    hidden = ENCODINGS[encoding](secret)
    credentials = Credentials(Secret(KEY), Secret(ODD if secret == ODD else PASSWORD))
    server.answer(200, {"data": [{"access_token": TOKEN}]})
    for status in (401, 422, 502):
        # Bytes as they are, so that the JSON itself may hold the escapes.
        server.answer(status, f'{{"error": {{"msg": "bad {hidden} ."}}}}'.encode())
        server.answer(status, f"bad {hidden} .".encode())
    server.answer(302, b"", {"Location": f"https://{quote(hidden, safe='%')}.example/{quote(hidden)}"})
    header = hidden.encode("ascii", "xmlcharrefreplace").decode()
    server.answer(200, {"data": [{"access_token": TOKEN}]}, {"X-Plytix-Deprecation": header})
    transport.fetch_token(credentials)
    said = [str(transport.fetch_token_timed(credentials).value_or_error) for _ in range(7)]
    transport.fetch_token(credentials)
    assert transport.observed.deprecations
    for text in [*said, *transport.observed.deprecations]:
        _assert_hidden(text)
        for shown in (text, unquote(unquote(text)), unquote_plus(text), html.unescape(text)):
            assert secret not in shown
            assert hidden not in shown


def test_what_an_answer_says_of_an_asset_holds_no_password_and_no_older_token(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, {"data": [{"access_token": TOKEN}]})
    server.answer(200, {"data": [{"access_token": "eyJ.second"}]})
    server.answer(201, {"data": [{"id": "a1", "filename": f"{TOKEN}.jpg"}]})
    server.answer(201, f'{{"data": [{{"id": "a1", "filename": "{_escaped(KEY)}.jpg"}}]}}'.encode())
    server.answer(409, {"error": {"msg": f"{TOKEN}", "errors": [{"field": TOKEN, "msg": TOKEN}]}})
    for _ in range(2):
        token = transport.fetch_token(CREDENTIALS).token
    for _ in range(2):
        created = transport.send(client.upload_asset("https://x.example/a.jpg", "a.jpg"), token)
        assert isinstance(created, CreatedAsset)
        assert created.filename == "***.jpg"
    _assert_hidden(repr(transport.send_timed(client.link_asset("p1", "a1", "g"), token).value_or_error))


@pytest.mark.parametrize("answer", ["hang up", "garbage", "unauthorised"])
def test_no_traceback_shows_the_token(server: WireServer, transport: RaisingTransport, answer: str) -> None:
    match answer:
        case "hang up":
            server.answer_bytes([server.HANG_UP])
        case "garbage":
            server.answer(200, b"?")
        case _:
            server.answer(401, {"error": {"msg": "expired"}})
    with pytest.raises(PlytixError) as failed:
        transport.send(client.read_asset("a1"), Secret(TOKEN))
    shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
    _assert_hidden("".join(shown.format()))
    assert failed.value.__context__ is None


_UNSENDABLE = ["two\nlines", "snow☃man", " hunter3", "hunter3\r\nX: y", ""]


@pytest.mark.parametrize("token", [Secret(text) for text in _UNSENDABLE], ids=map(ascii, _UNSENDABLE))
def test_a_token_that_no_header_can_carry_is_refused_without_being_quoted(
    server: WireServer, transport: RaisingTransport, token: Secret
) -> None:
    with pytest.raises(TokenError) as refused:
        transport.send(client.read_asset("a1"), token)
    shown = traceback.TracebackException.from_exception(refused.value, capture_locals=True)
    _assert_hidden("".join(shown.format()))
    assert server.asked == []


def test_a_token_in_an_answer_that_is_no_token_answer_stays_hidden(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, {"data": [{"access_token": f"{TOKEN}\n"}]})
    server.answer(200, f'{{"data": [{{"access_token": "{TOKEN}"'.encode())
    for _ in range(2):
        with pytest.raises(RetriableError) as failed:
            transport.fetch_token(CREDENTIALS)
        shown = traceback.TracebackException.from_exception(failed.value, capture_locals=True)
        _assert_hidden("".join(shown.format()))
        assert failed.value.__context__ is None


def test_a_netrc_file_neither_replaces_the_token_nor_joins_the_credentials(
    server: WireServer, transport: RaisingTransport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.answer(200, {"data": [{"id": "a1"}]})
    server.answer(200, {"data": [{"access_token": TOKEN}]})
    transport.send(client.read_asset("a1"), Secret(TOKEN))
    transport.fetch_token(CREDENTIALS)
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in server.asked[1].headers
