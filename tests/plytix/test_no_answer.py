import socket
import ssl
from collections.abc import Callable
from dataclasses import replace

import pytest
import requests
from attempts import RaisingTransport
from plytix.conftest import WireServer
from requests.adapters import BaseAdapter

from amzsync.errors import NotSentError, PlytixError, RateLimitedError, RetriableError, StopError
from amzsync.plytix import client
from amzsync.plytix.auth import Secret
from amzsync.plytix.network import Timeouts

TOKEN = Secret("t0ken")
CALL = client.read_asset("a1")
ASSET = {"data": [{"id": "a1", "filename": "a.jpg"}]}


def test_a_host_that_refuses_is_named_in_one_plain_sentence(connect: Callable[..., RaisingTransport]) -> None:
    with pytest.raises(RetriableError) as failed:
        connect("http://127.0.0.1:1/api").send(CALL, TOKEN)
    assert str(failed.value) == "127.0.0.1:1 refused the connection."
    assert (failed.value.method, failed.value.path, failed.value.status) == ("GET", "/assets/a1", None)


def test_a_silent_server_is_given_up_after_the_read_timeout(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    server.stay_silent()
    with pytest.raises(RetriableError, match=r"did not answer within 0\.2 seconds"):
        connect(timeouts=Timeouts(read_s=0.2)).send(CALL, TOKEN)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        pytest.param(b"H", b"T", id="in the status line"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x", id="in a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" ", id="in the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n", b" ", id="in a body without length"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", id="in small chunks"
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0", id="in the length of a chunk"
        ),
    ],
)
def test_a_server_that_drips_meets_the_deadline_wherever_it_does(
    server: WireServer, connect: Callable[..., RaisingTransport], start: bytes, drop: bytes
) -> None:
    server.drip(start, drop)
    with pytest.raises(RetriableError, match=r"did not complete its answer within 0\.3 seconds"):
        connect(timeouts=Timeouts(read_s=30, deadline_s=0.3)).send(CALL, TOKEN)


@pytest.mark.timeout(20)  # without a deadline it would sit out the ten minutes of the read timeout
def test_a_silence_in_the_middle_meets_the_deadline_too(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    server.stay_silent(after=b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{")
    with pytest.raises(RetriableError, match=r"did not complete its answer within 0\.3 seconds"):
        connect(timeouts=Timeouts(read_s=600, deadline_s=0.3)).send(CALL, TOKEN)


def test_the_deadline_is_counted_anew_for_each_request_on_a_kept_connection(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    now = [0.0]
    transport = connect(timeouts=Timeouts(deadline_s=100), clock=lambda: now[0])
    for _ in range(3):
        server.answer(200, ASSET)
        assert transport.send(CALL, TOKEN).id == "a1"
        now[0] += 90
    assert server.connections == 1


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        pytest.param(b"", "closed the connection without answering", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Le", "unusable", id="half a header"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
            "closed the connection during its answer",
            id="half a body",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
            "closed the connection during its answer",
            id="half a chunk",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "closed the connection during",
            id="a chunk of no length",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nzzz",
            "cannot be unpacked",
            id="gzip that is none",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
            "not HTTP",
            id="two lengths",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: "
            + b", ".join([b"gzip"] * 50)
            + b"\r\nContent-Length: 2\r\n\r\n{}",
            "cannot be unpacked",
            id="packed fifty times",
        ),
        pytest.param(b"SSH-2.0-OpenSSH\r\n", "not HTTP", id="another protocol"),
        pytest.param(b"HTTP/1.1 abc\r\n\r\n", "not HTTP", id="a status that is no number"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
            "not HTTP",
            id="too many headers",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
            "not HTTP",
            id="a header too long",
        ),
    ],
)
def test_an_answer_that_is_none_may_be_asked_again(
    server: WireServer, transport: RaisingTransport, answer: bytes, sentence: str
) -> None:
    server.answer_bytes([answer, server.HANG_UP] if answer else [server.HANG_UP])
    with pytest.raises(RetriableError, match=sentence) as failed:
        transport.send(CALL, TOKEN)
    assert str(failed.value).startswith(("127.0.0.1", "Plytix sent"))
    server.wait_for_hang_up()
    server.answer(200, ASSET)
    assert transport.send(CALL, TOKEN).id == "a1"


def test_a_status_is_believed_even_where_its_body_breaks_off(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer_bytes(
        [b"HTTP/1.1 429 Slow\r\nRetry-After: 1800\r\nContent-Length: 50\r\n\r\n{", server.HANG_UP]
    )
    with pytest.raises(RateLimitedError) as limited:
        transport.send(CALL, TOKEN)
    assert limited.value.retry_after_s == 1800


def test_an_answer_after_an_early_hint_is_never_taken_for_the_next_ones(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer_bytes([b"HTTP/1.1 103 Early Hints\r\n\r\n"])
    server.answer(200, {"data": [{"id": "a2"}]})
    transport.send_timed(CALL, TOKEN)
    transport.send_timed(CALL, TOKEN)
    assert server.connections == 2


def test_a_certificate_bundle_that_is_not_there_stops_the_run(
    connect: Callable[..., RaisingTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(StopError, match="bundle cannot be read") as stop:
        connect("https://127.0.0.1:1/api").send(CALL, TOKEN)
    assert "REQUESTS_CA_BUNDLE" in stop.value.next_step


# Failures that no local server can give


class _FailingAdapter(BaseAdapter):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def send(self, *_request: object, **_options: object) -> requests.Response:
        raise self.error

    def close(self) -> None:
        pass


def _failing_session(error: Exception) -> requests.Session:
    session = requests.Session()
    session.mount("https://", _FailingAdapter(error))
    return session


def _caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        pytest.param(
            requests.exceptions.SSLError(ssl.SSLCertVerificationError("self-signed")),
            StopError,
            "The TLS certificate of pim.example is not accepted.",
            id="certificate",
        ),
        pytest.param(
            requests.exceptions.SSLError(ssl.SSLEOFError("eof")),
            RetriableError,
            "The TLS connection to pim.example failed.",
            id="handshake",
        ),
        pytest.param(
            requests.exceptions.ConnectTimeout("t0ken"),
            RetriableError,
            "pim.example could not be reached within 10 seconds.",
            id="connect timeout",
        ),
        pytest.param(
            requests.exceptions.ConnectionError("Max retries: https://t0ken@pim.example"),
            RetriableError,
            "pim.example could not be reached.",
            id="something else",
        ),
        pytest.param(ValueError("t0ken"), RetriableError, "pim.example could not be reached.", id="odd"),
    ],
)
def test_a_failure_is_told_without_what_the_library_said(
    connect: Callable[..., RaisingTransport], error: Exception, kind: type[PlytixError], sentence: str
) -> None:
    transport = connect("https://pim.example/api", session_factory=lambda: _failing_session(error))
    outcome = transport.send_timed(CALL, TOKEN).value_or_error
    assert type(outcome) is kind
    assert outcome.message == sentence
    assert "t0ken" not in str(outcome)


def test_a_name_that_is_not_found_is_told(connect: Callable[..., RaisingTransport]) -> None:
    error = _caused(
        requests.exceptions.ConnectionError("x"), socket.gaierror(-2, "Name or service not known")
    )
    transport = connect("https://pim.example/api", session_factory=lambda: _failing_session(error))
    with pytest.raises(RetriableError, match=r"The name of pim\.example was not found"):
        transport.send(CALL, TOKEN)


def test_a_server_that_speaks_no_tls_fails_the_connection_and_not_the_run(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    server.answer(200, ASSET)
    with pytest.raises(RetriableError):
        connect(f"https://127.0.0.1:{server.port}/api", timeouts=Timeouts(read_s=2)).send(CALL, TOKEN)


@pytest.mark.parametrize("kept", [False, True], ids=["a new connection", "a kept connection"])
def test_what_has_become_too_old_when_the_connection_is_open_is_not_sent(
    server: WireServer, connect: Callable[..., RaisingTransport], *, kept: bool
) -> None:
    server.answer(200, ASSET)
    transport = connect()
    if kept:
        transport.send(CALL, TOKEN)
        server.answer(200, ASSET)
    before = len(server.asked)
    with pytest.raises(NotSentError):
        transport.send(replace(CALL, may_leave=lambda: False), TOKEN)
    assert len(server.asked) == before
    assert transport.send(replace(CALL, may_leave=lambda: True), TOKEN).id == "a1"
