from collections.abc import Callable

import pytest
from attempts import RaisingTransport
from plytix.conftest import WireServer

from amzsync.errors import ConfigError, StopError
from amzsync.plytix import client
from amzsync.plytix.auth import Secret
from amzsync.plytix.transport import Transport

HTTPS = "https://auth.plytix.com/auth/api/get-token"
TOKEN = Secret("t0ken")


@pytest.mark.parametrize(
    "address",
    [
        "https://pim.plytix.com/api/v1",
        "http://127.0.0.1:8080/api/v1",
        "http://127.8.9.1",
        "http://[::1]:8080",
        "http://localhost:1/",
    ],
)
def test_https_anywhere_and_plain_http_on_this_machine_are_accepted(address: str) -> None:
    Transport(address, HTTPS).close()


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("http://pim.plytix.com/api/v1", id="plain http"),
        pytest.param("http://127.0.0.1.example.com", id="a name that looks like loopback"),
        pytest.param("http://localhost.example.com", id="a name that starts like localhost"),
        pytest.param("http://10.0.0.1", id="the local network"),
        pytest.param("ftp://pim.plytix.com", id="another scheme"),
        pytest.param("pim.plytix.com/api/v1", id="no scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https:///api/v1", id="a path alone"),
        pytest.param("https://pim.plytix.com:port", id="a port that is no number"),
        pytest.param("https://[::1", id="a broken IPv6 address"),
        pytest.param("https://" + "a" * 64 + ".com", id="a host label too long"),
        pytest.param("https://pim..plytix.com", id="an empty host label"),
        pytest.param("https://user:hunter2@pim.plytix.com", id="a user and a password"),
        pytest.param("https://pim.plytix.com/api?key=hunter2", id="a query"),
        pytest.param("https://pim.plytix.com/api#hunter2", id="a fragment"),
        pytest.param("", id="nothing"),
    ],
)
def test_any_other_address_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(ConfigError, match="PLYTIX_API_URL") as refused:
        Transport(address, HTTPS)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(ConfigError, match="PLYTIX_AUTH_URL"):
        Transport(HTTPS, address)


@pytest.mark.parametrize("slashes", ["", "/", "//"])
def test_a_path_has_no_double_and_no_trailing_slash(
    server: WireServer, connect: Callable[..., RaisingTransport], slashes: str
) -> None:
    server.answer(200, {"data": [{"id": "a1"}]})
    connect(f"{server.url}/api/v1{slashes}").send(client.read_asset("a1"), TOKEN)
    assert server.asked[0].path == "/api/v1/assets/a1"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed_and_says_which_setting_to_change(
    server: WireServer, connect: Callable[..., RaisingTransport], status: int
) -> None:
    server.answer(status, b"moved", {"Location": "https://elsewhere.example/api/v1/"})
    with pytest.raises(StopError, match=r"elsewhere\.example") as stop:
        connect().send(client.read_asset("a1"), TOKEN)
    assert "PLYTIX_API_URL" in stop.value.next_step
    assert len(server.asked) == 1


def test_a_redirect_to_nonsense_is_told_as_a_redirect_too(
    server: WireServer, transport: RaisingTransport
) -> None:
    server.answer(302, b"", {"Location": "http://[broken"})
    with pytest.raises(StopError, match="302"):
        transport.send(client.read_asset("a1"), TOKEN)


def test_a_proxy_of_the_environment_is_used_for_the_internet(
    server: WireServer, connect: Callable[..., RaisingTransport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:hunter2@127.0.0.1:{server.port}")
    server.answer(503)
    outcome = connect("https://pim.plytix.example/api").send_timed(client.read_asset("a1"), TOKEN)
    assert (server.asked[0].method, server.asked[0].path) == ("CONNECT", "pim.plytix.example:443")
    assert "proxy" in str(outcome.value_or_error)
    assert "hunter2" not in str(outcome.value_or_error)


def test_what_runs_on_this_machine_is_never_asked_for_through_a_proxy(
    server: WireServer, transport: RaisingTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server.answer(200, {"data": [{"id": "a1"}]})
    assert transport.send(client.read_asset("a1"), TOKEN).id == "a1"
