import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from attempts import RaisingTransport
from plytix.conftest import WireServer

from amzsync.errors import PlytixError, RateLimitedError, RejectedError, RetriableError, StopError, TokenError
from amzsync.plytix import client
from amzsync.plytix.auth import Credentials, Secret
from amzsync.plytix.wire import PlytixAsset, UploadedFile

TOKEN = Secret("t0ken")
CALL = client.read_asset("a1")
ASSET = {"data": [{"id": "a1", "filename": "a.jpg"}]}
CREDENTIALS = Credentials(Secret("key"), Secret("password"))


def test_a_call_is_sent_as_plytix_wants_it(server: WireServer, transport: RaisingTransport) -> None:
    server.answer(201, ASSET)
    transport.send(client.upload_asset("https://h/ü.jpg", "a.jpg"), TOKEN)
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("POST", "/api/v1/assets")
    assert asked.json == {"url": "https://h/ü.jpg", "filename": "a.jpg"}
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert asked.headers["content-type"] == asked.headers["accept"] == "application/json"


def test_a_file_is_sent_as_a_form(server: WireServer, transport: RaisingTransport) -> None:
    server.answer(202, ASSET)
    file = UploadedFile("amazon_01_MAIN_a+b.jpg", "image/jpeg", b"\xff\xd8\xff\0bytes")
    transport.send(client.replace_content("a 1", file), TOKEN)
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("PUT", "/api/v1/assets/a%201/content")
    assert asked.headers["authorization"] == "Bearer t0ken"
    assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="amazon_01_MAIN_a+b.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' in asked.body
    assert asked.body.count(file.content) == 1


def test_a_token_is_fetched_from_the_auth_address_without_any_token(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, {"data": [{"access_token": "t1", "expires_in": 600}]})
    answer = transport.fetch_token(CREDENTIALS)
    assert (answer.token.reveal(), answer.expires_in_s) == ("t1", 600.0)
    asked = server.asked[0]
    assert (asked.method, asked.path) == ("POST", "/auth")
    assert asked.json == {"api_key": "key", "api_password": "password"}
    assert "authorization" not in asked.headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, TokenError),
        (403, StopError),
        (422, RejectedError),
        (429, RateLimitedError),
        (503, RetriableError),
    ],
)
def test_one_answer_is_one_attempt_whatever_its_status(
    server: WireServer, transport: RaisingTransport, status: int, error: type[PlytixError]
) -> None:
    server.answer(status, {"error": {"msg": "no"}}, {"Retry-After": "3"})
    with pytest.raises(error) as failed:
        transport.send(CALL, TOKEN)
    assert (failed.value.status, failed.value.method, failed.value.path) == (status, "GET", "/assets/a1")
    assert len(server.asked) == 1


def test_an_outcome_carries_the_moment_of_its_sending_and_of_its_answer(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    ticks = count(100)
    server.answer(200, ASSET)
    server.answer(500)
    transport = connect(clock=lambda: float(next(ticks)))
    good, bad = transport.send_timed(CALL, TOKEN), transport.send_timed(CALL, TOKEN)
    assert good.value_or_error == PlytixAsset("a1", "a.jpg")
    assert isinstance(bad.value_or_error, RetriableError)
    assert 100 <= good.sent_at < good.answered_at < bad.sent_at < bad.answered_at


def test_the_moment_of_leaving_is_told_before_the_answer_comes(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    ticks = count(100)
    server.answer(200, ASSET)
    told: list[float] = []
    transport = connect(clock=lambda: float(next(ticks)))
    answered = transport.send_timed(CALL, TOKEN, told.append)
    assert len(told) == 1
    assert answered.sent_at < told[0] < answered.answered_at


# Connections


def test_a_connection_is_used_again_after_answers_of_every_kind(
    server: WireServer, transport: RaisingTransport
) -> None:
    for status, body in [
        (200, ASSET),
        (404, {"error": {}}),
        (200, b"garbage"),
        (500, b"<html>"),
        (200, ASSET),
    ]:
        server.answer(status, body)
        transport.send_timed(CALL, TOKEN)
    assert len(server.asked) == 5
    assert server.connections == 1


def test_each_thread_has_a_connection_of_its_own(server: WireServer, transport: RaisingTransport) -> None:
    barrier = threading.Barrier(3)

    def work() -> PlytixAsset:
        barrier.wait(5)
        transport.send(CALL, TOKEN)
        barrier.wait(5)
        return transport.send(CALL, TOKEN)

    for _ in range(6):
        server.answer(200, ASSET)
    with ThreadPoolExecutor(3) as pool:
        answers = [future.result() for future in [pool.submit(work) for _ in range(3)]]
    assert answers == [PlytixAsset("a1", "a.jpg")] * 3
    assert server.connections == 3


def test_a_kept_connection_that_has_gone_stale_is_a_reset_like_any(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, ASSET)
    server.answer_bytes([server.HANG_UP])
    server.answer(200, ASSET)
    transport.send(CALL, TOKEN)
    with pytest.raises(RetriableError, match="closed the connection"):
        transport.send(CALL, TOKEN)
    assert transport.send(CALL, TOKEN).id == "a1"


def test_a_closed_transport_leaves_no_connection_open(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, ASSET)
    transport.send(CALL, TOKEN)
    transport.close()
    server.wait_for_hang_up()


# Sizes


def test_a_compressed_answer_is_unpacked(server: WireServer, transport: RaisingTransport) -> None:
    server.answer(200, gzip.compress(json.dumps(ASSET).encode()), {"Content-Encoding": "gzip"})
    assert transport.send(CALL, TOKEN).filename == "a.jpg"


def test_an_answer_larger_than_allowed_is_not_read_to_its_end(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    def endless() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b" " * 65536

    server.answer_bytes(endless())
    with pytest.raises(RetriableError, match="larger than any answer"):
        connect(max_body_bytes=1_000_000).send(CALL, TOKEN)


def test_a_small_answer_that_unpacks_to_a_large_one_is_too_large(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    server.answer(200, gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"})
    with pytest.raises(RetriableError, match="larger than any answer"):
        connect(max_body_bytes=1_000_000).send(CALL, TOKEN)


def test_an_answer_of_exactly_the_allowed_size_is_read(
    server: WireServer, connect: Callable[..., RaisingTransport]
) -> None:
    body = json.dumps(ASSET).encode()
    server.answer(200, body)
    server.answer(200, body + b" ")
    transport = connect(max_body_bytes=len(body))
    assert transport.send(CALL, TOKEN).id == "a1"
    with pytest.raises(RetriableError, match="larger"):
        transport.send(CALL, TOKEN)


# Announcements


def test_an_announced_ending_is_kept_once_cut_and_bounded(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(200, ASSET, {"X-Plytix-Deprecation": "v1 ends"})
    server.answer(500, None, {"X-Plytix-Deprecation": "v1 ends"})
    for number in range(30):
        server.answer(200, ASSET, {"X-Plytix-Deprecation": f"{number} " + "x" * 1000})
    for _ in range(32):
        transport.send_timed(CALL, TOKEN)
    assert "v1 ends" in transport.observed.deprecations
    assert len(transport.observed.deprecations) == 20
    assert max(map(len, transport.observed.deprecations)) == 300
