import json
import socket

import pytest
from sandbox.conftest import Api, FakeClock

from amzsync.sandbox.server import MAX_BODY_BYTES


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/filters/products", 404),
        ("GET", "/attributes", 404),
        ("GET", "/products", 405),
        ("PUT", "/assets", 405),
        ("GET", "/products/search", 405),
        ("POST", "/filters/product", 405),
        ("DELETE", "/assets", 405),
        ("PATCH", "/products/1/assets", 405),
    ],
)
def test_paths_and_methods_that_do_not_exist_are_refused(
    api: Api, method: str, path: str, status: int
) -> None:
    answer = api(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["msg"]


def test_a_405_names_the_methods_that_are_allowed(api: Api) -> None:
    assert api("PUT", "/assets/1").headers["Allow"] == "GET, PATCH, DELETE"


def test_a_path_outside_the_api_is_404_even_without_a_token(api: Api) -> None:
    root = api.sandbox.url.removesuffix("/api/v1")
    assert api.session.get(f"{root}/api/v2/products/1", timeout=10).status_code == 404
    assert api.session.get(f"{root}/", timeout=10).status_code == 404


def test_a_trailing_slash_redirects_to_the_path_without_it(api: Api) -> None:
    answer = api("GET", "/filters/product/", allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"{api.sandbox.url}/filters/product"


@pytest.mark.parametrize("body", [b"", b"{", b"[1,", b"\xff\xfe", b'{"url": "\\ud800"}', b"[" * 100_000])
def test_a_body_that_is_no_json_gets_400(api: Api, body: bytes) -> None:
    answer = api("POST", "/assets", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["msg"]


@pytest.mark.parametrize("body", ["text", ["list"], 7, None])
@pytest.mark.parametrize("path", ["/assets", "/assets/search", "/products", "/products/search"])
def test_json_that_is_no_object_gets_422(api: Api, path: str, body: object) -> None:
    answer = api("POST", path, data=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422


def test_a_body_of_another_content_type_gets_400(api: Api) -> None:
    assert api("POST", "/assets", data={"url": "https://a.example/1.jpg"}).status_code == 400


def test_a_body_past_the_bound_gets_413(api: Api) -> None:
    body = b" " * (MAX_BODY_BYTES + 1)
    answer = api("POST", "/assets", data=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_many_requests_share_one_connection(api: Api) -> None:
    port = int(api.sandbox.url.split(":")[2].split("/")[0])
    head = f"Host: localhost\r\nAuthorization: Bearer {api.token}"
    request = f"GET /api/v1/filters/product HTTP/1.1\r\n{head}\r\n\r\n"
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        connection.makefile("rb") as answers,
    ):
        for _ in range(3):
            connection.sendall(request.encode())
            assert answers.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = dict(iter(lambda: answers.readline().strip().split(b": ", 1), [b""]))
            answers.read(int(headers[b"Content-Length"]))


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"POST /api/v1/assets HTTP/1.1\r\nContent-Length: -4\r\n\r\n", 400),
        (b"POST /api/v1/assets HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /api/v1/assets HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
        (b"POST /api/v1/assets HTTP/1.1\r\nno colon\r\nContent-Length: 2\r\n\r\n{}", 400),
        (b"GET / HTTP/9.9\r\n\r\n", 505),
        (b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000, 431),
    ],
)
def test_broken_http_is_answered_and_the_connection_closed(api: Api, raw: bytes, status: int) -> None:
    port = int(api.sandbox.url.split(":")[2].split("/")[0])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
        connection.makefile("rb") as answers,
    ):
        connection.sendall(raw)
        head, _, body = answers.read().partition(b"\r\n\r\n")
        assert head.split()[1] == str(status).encode()
        assert json.loads(body)["error"]["msg"]
        assert b"\r\nConnection: close" in head


def test_nothing_is_printed_of_what_is_asked(api: Api, capfd: pytest.CaptureFixture[str]) -> None:
    api("GET", "/nowhere")
    raw_status(api, b"nonsense\r\n\r\n")
    with socket.create_connection(api.sandbox._running_server.address, timeout=10) as connection:
        connection.sendall(b"POST /api/v1/assets HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
    api.sandbox.stop()
    assert capfd.readouterr() == ("", "")


def test_it_listens_on_loopback_alone(api: Api) -> None:
    assert api.sandbox.url.startswith("http://127.0.0.1:")
    assert api.sandbox._running_server.address[0] == "127.0.0.1"


def test_history_and_counts_tell_what_was_asked(api: Api, product: str, clock: FakeClock) -> None:
    before = api.sandbox.total
    api("GET", f"/products/{product}")
    api("GET", "/products/none")
    api("GET", "/nowhere")
    last = api.sandbox.history[-3:]
    assert [(e.method, e.status, e.kind) for e in last] == [
        ("GET", 200, "GET /products/{id}"),
        ("GET", 404, "GET /products/{id}"),
        ("GET", 404, "GET ?"),
    ]
    assert last[0].path == f"/api/v1/products/{product}"
    assert last[0].arrived_at == clock.now
    assert api.sandbox.counts["GET /products/{id}"] == 2
    assert api.sandbox.total == before + 3


def raw_status(api: Api, request: bytes) -> int:
    """The status of the answer to these bytes."""
    port = int(api.sandbox.url.removesuffix("/api/v1").rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:1:2", "", "169.254.169.254", "[::2]"]
)
def test_only_names_of_loopback_are_answered(api: Api, host: str) -> None:
    for path in ("/filters/product", "/filters/product/", "/nowhere"):
        answer = api("GET", path, headers={"Host": host}, allow_redirects=False)
        assert answer.status_code in (400, 421)
        assert "evil" not in str(answer.headers)
    assert api("GET", "/filters/product", headers={"Host": "LOCALHOST:80"}).status_code == 200
    assert api("GET", "/filters/product", headers={"Host": "[::1]"}).status_code == 200


def test_a_token_too_is_only_for_names_of_loopback(api: Api) -> None:
    answer = api.session.post(
        api.sandbox.auth_url,
        json={"api_key": "sandbox-key", "api_password": "sandbox-password"},
        headers={"Host": "evil.example"},
        timeout=10,
    )
    assert answer.status_code in (400, 421)


def test_a_length_of_thousands_of_digits_is_refused(api: Api) -> None:
    head = b"POST /api/v1/assets HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
    assert raw_status(api, head + b"9" * 5000 + b"\r\n\r\n") in (400, 413)
    assert api("GET", "/filters/product").status_code == 200


def test_nothing_is_kept_of_what_no_route_is_known_for(api: Api) -> None:
    api("GET", "/nowhere-in-particular")
    api("MADEUP", "/filters/product")
    api("GET", f"/products/{'x' * 5000}")
    assert not any(
        "particular" in str(one) or "MADEUP" in str(one) or len(one.path) > 300 for one in api.sandbox.history
    )
    assert not any("particular" in kind or "MADEUP" in kind for kind in api.sandbox.counts)


@pytest.mark.parametrize("where", ["page", "page_size"])
@pytest.mark.parametrize("value", [10**30, 2**63, 2**31, -(10**30)])
@pytest.mark.parametrize("what", ["products", "assets", "attributes/product"])
def test_a_page_that_no_server_counts_to_is_422(api: Api, what: str, where: str, value: int) -> None:
    body = {"filters": [], "pagination": {where: value}}
    api.refusal("POST", f"/{what}/search", body, status=422)
