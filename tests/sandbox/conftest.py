"""A running sandbox, and a client that is as plain as can be."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from sandbox_faults import Sandbox

PICTURE = "https://m.media-amazon.com/images/I/61wixnPXtlL.jpg"


@dataclass
class FakeClock:
    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Api:
    """Sends what it is told and shows what comes back; it never repeats and never waits."""

    sandbox: Sandbox
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def get_token(self, key: str = "sandbox-key", password: str = "sandbox-password") -> requests.Response:
        answer = self.session.post(
            self.sandbox.auth_url, json={"api_key": key, "api_password": password}, timeout=10
        )
        if answer.status_code == 200:
            self.token = answer.json()["data"][0]["access_token"]
        return answer

    def __call__(self, method: str, path: str, json: Any = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | more.pop("headers", {})
        return self.session.request(
            method, self.sandbox.url + path, json=json, headers=headers, timeout=10, **more
        )

    def data(self, method: str, path: str, json: Any = None, *, status: int = 200) -> Any:
        """The `data` of an answer that must have this status."""
        answer = self(method, path, json)
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    def refusal(self, method: str, path: str, json: Any = None, *, status: int) -> dict[str, Any]:
        """The `error` of an answer that must have this status."""
        answer = self(method, path, json)
        assert answer.status_code == status, answer.text
        error: dict[str, Any] = answer.json()["error"]
        assert error["msg"]
        return error

    def search(self, what: str, filters: Any, *attributes: str, **pagination: Any) -> Any:
        body: dict[str, Any] = {"filters": filters, "pagination": pagination}
        if attributes:
            body["attributes"] = list(attributes)
        return self.data("POST", f"/{what}/search", body)

    def upload(self, url: str = PICTURE, filename: str | None = None) -> str:
        body = {"url": url} if filename is None else {"url": url, "filename": filename}
        asset_id: str = self.data("POST", "/assets", body, status=201)[0]["id"]
        return asset_id

    def gallery(self, product_id: str) -> list[str]:
        product = self.data("GET", f"/products/{product_id}")[0]
        return [shown["id"] for shown in product["attributes"].get("amazon_images", [])]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def api_of() -> Iterator[Callable[..., Api]]:
    """Start a sandbox with these options; a client with a fresh token."""
    with ExitStack() as stack:

        def start(**options: Any) -> Api:
            sandbox = stack.enter_context(Sandbox(**{"limits": ()} | options))
            api = Api(sandbox)
            stack.callback(api.session.close)
            api.get_token()
            return api

        yield start


@pytest.fixture
def api(api_of: Callable[..., Api], clock: FakeClock) -> Api:
    """A sandbox without limits that holds the products A, B and C."""
    api = api_of(clock=clock)
    api.sandbox.seed(["A", "B", "C"])
    return api


@pytest.fixture
def product(api: Api) -> str:
    """The id of product A."""
    return api.sandbox.product_id("A")
