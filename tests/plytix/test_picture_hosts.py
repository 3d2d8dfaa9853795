"""The hosts of images are asked within bounds: https only, never inside, few bytes, a few seconds."""

import shutil
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from plytix.conftest import WireServer

from amzsync.domain.marks import Marks
from amzsync.domain.picture import Picture, PictureKind
from amzsync.plytix import pictures
from amzsync.plytix.network import Timeouts
from amzsync.plytix.pictures import PictureAnswer, PictureHost

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 640, 480)


def own_host(**more: Any) -> PictureHost:
    """One that may ask this machine."""
    return PictureHost(allow_private=True, **more)


def resolving_to(*addresses: str) -> Any:
    """A resolver under whose owner's control a name is."""

    def resolve(_host: str, port: int, **_more: object) -> Sequence[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return resolve


def test_kind_and_size_are_told_from_the_first_bytes_without_any_credentials(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.answer(206, PNG, {"Content-Type": "image/png"})
    url = f"{server.url}/images/I/a+b.png?x=1"
    answer = own_host().ask(url)
    assert answer == PictureAnswer(url, 206, "", "image/png", Picture(PictureKind.PNG, 640, 480))
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("GET", "/images/I/a+b.png?x=1")
    assert asked.headers["range"] == "bytes=0-65535"
    assert not {"authorization", "cookie", "proxy-authorization"} & asked.headers.keys()


def test_of_a_large_answer_only_the_first_bytes_are_read(server: WireServer) -> None:
    sent = []

    def pieces() -> Any:
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + PNG
        for _ in range(1000):
            sent.append(1)
            yield b"\0" * 100_000

    server.answer_bytes(pieces())
    answer = own_host().ask(server.url)
    assert answer.picture == Picture(PictureKind.PNG, 640, 480)
    server.wait_for_hang_up()
    assert len(sent) < 1000


@pytest.mark.parametrize(("status", "body"), [(404, b"gone"), (403, PNG), (200, b"<html>"), (500, b"")])
def test_what_is_no_picture_is_told_by_its_status(status: int, body: bytes, server: WireServer) -> None:
    server.answer(status, body, {"Content-Type": "text/html; charset=utf-8" + "x" * 500})
    answer = own_host().ask(server.url)
    assert (answer.status, answer.picture, len(answer.content_type)) == (status, None, 80)


def test_a_redirect_is_followed_a_few_times(server: WireServer) -> None:
    server.answer(302, None, {"Location": "/second"})
    server.answer(301, None, {"Location": f"{server.url}/third"})
    server.answer(200, PNG)
    url = f"{server.url}/first"
    answer = own_host().ask(url)
    assert (answer.url, answer.status) == (url, 200)
    assert [asked.path for asked in server.asked] == ["/first", "/second", "/third"]
    for _ in range(4):
        server.answer(302, None, {"Location": "/again"})
    assert "without end" in own_host().ask(server.url).reason


@pytest.mark.parametrize("host", ["127.0.0.1", "10.1.2.3", "169.254.169.254", "100.64.0.1", "::1"])
def test_a_name_that_leads_inside_is_not_asked(host: str, server: WireServer) -> None:
    for resolve in (resolving_to(host), resolving_to("93.184.216.34", host)):
        answer = PictureHost(resolve=resolve).ask(f"https://pictures.example:{server.port}/a.jpg")
        assert answer.reason == "It leads into a private network."
    assert not server.connections


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/a.jpg",
        "https://[::1]/a.jpg",
        "https://0x7f.1/a.jpg",
        "https://2130706433/a.jpg",
        "https://intranet/a.jpg",
    ],
)
def test_an_address_inside_is_not_even_resolved(url: str) -> None:
    def fail(*_: object, **__: object) -> Sequence[Any]:
        raise AssertionError

    assert PictureHost(resolve=fail).ask(url).reason == "It leads into a private network."


def test_a_redirect_leads_neither_inside_nor_out_of_https(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = own_host()
    for location, reason in (
        ("http://m.media-amazon.com/a.jpg", "Only https addresses are asked."),
        ("file:///etc/passwd", "Its address is not one that is asked."),
        ("https://me:secret@m.media-amazon.com/", "Its address is not one that is asked."),
    ):
        server.answer(302, None, {"Location": location})
        assert host.ask(server.url).reason == reason
    strict = PictureHost()
    for ask in (strict.ask, strict.headers, strict.fetch):
        answers = iter([pictures._Redirect("https://169.254.169.254/latest")])
        exchange = PictureHost()._exchange

        def first_redirects(*order: Any) -> Any:
            return next(answers, None) or exchange(*order)  # noqa: B023 - it is called at once

        monkeypatch.setattr(strict, "_exchange", first_redirects)
        assert ask("https://m.media-amazon.com/a.jpg").reason == "It leads into a private network."


@pytest.mark.parametrize(
    "url",
    ["http://m.media-amazon.com/a.jpg", "ftp://m.media-amazon.com/a.jpg", f"http://{'a' * 70}.example/"],
)
def test_only_https_is_asked(url: str) -> None:
    assert PictureHost(resolve=resolving_to("93.184.216.34")).ask(url).status is None


@pytest.mark.parametrize(
    "url", ["", "https://", "https://x.example/a\r\nX: y", "https://x.example/ä", "https://[:"]
)
def test_an_address_that_is_none_is_an_answer_not_an_error(url: str) -> None:
    answer = PictureHost(resolve=resolving_to("93.184.216.34")).ask(url)
    assert answer.status is None
    assert answer.reason


@pytest.mark.parametrize("start", [b"H", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_host_that_drips_meets_the_deadline(start: bytes, server: WireServer) -> None:
    server.drip(start, b"x")
    answer = own_host(timeouts=Timeouts(2.0, 30.0, 0.3)).ask(server.url)
    assert "did not complete its answer within 0.3 seconds" in answer.reason


def test_a_host_that_says_nothing_or_no_http_is_told(server: WireServer) -> None:
    host = own_host(timeouts=Timeouts(2.0, 0.2, 5.0))
    server.stay_silent()
    assert "did not answer within 0.2 seconds" in host.ask(server.url).reason
    server.answer_bytes([b"hello\r\n\r\n", WireServer.HANG_UP])
    assert host.ask(server.url).reason
    assert "refused the connection" in own_host().ask("http://127.0.0.1:1/").reason
    server.answer(200, PNG)
    assert host.ask(server.url.replace("http:", "https:")).status is None


@pytest.mark.skipif(shutil.which("openssl") is None, reason="it makes the certificate")
def test_over_tls_the_certificate_must_be_of_the_hosts_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    asked = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
        " -subj /CN=pictures.example -addext subjectAltName=DNS:pictures.example"
    )
    words = [*asked.split(), "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(words, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    body = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(PNG), PNG)

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            connection, _address = listener.accept()
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65_536)
                secure.sendall(body)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        host = own_host(resolve=resolving_to("127.0.0.1"))
        assert host.ask(f"https://pictures.example:{port}/a.png").picture == Picture(
            PictureKind.PNG, 640, 480
        )
        assert (
            "certificate of others.example is not accepted"
            in host.ask(f"https://others.example:{port}/").reason
        )
        thread.join(10)


def test_headers_are_asked_without_the_picture_and_kept_within_bounds(server: WireServer) -> None:
    told = {"ETag": 'W/"abc"', "Last-Modified": "Mon, 30 Nov 2026 08:00:00 GMT", "Content-Type": "image/jpeg"}
    server.answer_bytes([_head(200, told | {"Content-Length": "1234"})])
    answer = own_host().headers(f"{server.url}/a.jpg")
    assert (answer.status, answer.content) == (200, b"")
    assert answer.marks == Marks('"abc"', "Mon, 30 Nov 2026 08:00:00 GMT", 1234)
    assert server.asked[0].method == "HEAD"
    server.answer_bytes([_head(429, {"Retry-After": "99999", "ETag": "x" * 5000})])
    refused = own_host().headers(f"{server.url}/a.jpg")
    assert (refused.status, refused.retry_after_s, refused.marks.etag) == (429, 60.0, "x" * 200)


def test_a_picture_is_fetched_whole_up_to_a_bound(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "_MOST_BYTES", len(PNG))
    server.answer(200, PNG, {"ETag": '"1"'})
    fetched = own_host().fetch(f"{server.url}/a.png")
    assert (fetched.content, fetched.marks.etag) == (PNG, '"1"')
    assert "range" not in server.asked[0].headers
    server.answer(200, PNG + b"x")
    larger = own_host().fetch(f"{server.url}/a.png")
    assert (larger.status, larger.content, larger.reason[:13]) == (None, b"", "It is larger ")


def test_what_was_not_tried_is_told_apart_from_what_did_not_answer(server: WireServer) -> None:
    assert not PictureHost().headers(f"{server.url}/a.jpg").was_asked
    server.answer_bytes([server.HANG_UP])
    silent = own_host().headers(f"{server.url}/a.jpg")
    assert (silent.status, silent.was_asked) == (None, True)
    assert silent.reason


def test_the_first_mark_that_both_tell_decides() -> None:
    known = Marks('"1"', "monday", 10)
    assert not known.differ(Marks('"1"', "tuesday", 11))
    assert known.differ(Marks('"2"', "monday", 10))
    assert known.differ(Marks(None, "tuesday", 10))
    assert not known.differ(Marks(None, "monday", 11))
    assert known.differ(Marks(None, None, 11))
    assert not known.differ(Marks())


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"
