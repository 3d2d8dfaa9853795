"""From a request to its answer: host, redirect, token, limits, the work, and the log of it all."""

import re
from collections.abc import Callable
from contextlib import ExitStack

from amzsync.sandbox.access import AccessControl
from amzsync.sandbox.account import Account
from amzsync.sandbox.messages import Delivery, Intercept, Refusal, Reply, Request
from amzsync.sandbox.request_log import Exchange, RequestLog
from amzsync.sandbox.routes import API_ROOT, TOKEN_PATH, Route, find

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MAX_PATH_CHARACTERS = 200
_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


class Service:
    """Answers requests, from many threads at once."""

    def __init__(
        self, account: Account, access: AccessControl, log: RequestLog, intercept: Intercept | None
    ) -> None:
        self._account = account
        self._access = access
        self._log = log
        self._intercept = intercept or _undisturbed

    def exchange(self, request: Request) -> Delivery:
        arrived_at = self._account.clock()
        below = request.path.removeprefix(API_ROOT) if request.path.startswith(f"{API_ROOT}/") else ""
        route = find(below) if below else None
        try:
            delivery = self._answer(request, below, route)
        except Refusal as refusal:
            delivery = Delivery.of(refusal.reply)
        shape = route.shape if route else TOKEN_PATH if request.path == TOKEN_PATH else "?"
        # Of a request without a route only its arrival is kept: its path may be anything.
        method = request.method if request.method in _METHODS else "?"
        path = "?" if shape == "?" else request.path[:_MAX_PATH_CHARACTERS]
        self._log.add(Exchange(arrived_at, method, path, delivery.status, f"{method} {shape}"))
        return delivery

    def _answer(self, request: Request, below: str, route: Route | None) -> Delivery:
        _check_host(request)
        if request.path.endswith("/") and request.path.rstrip("/"):
            host = request.headers.get("host", "127.0.0.1")
            return Delivery(301, {"Location": f"http://{host}{request.path.rstrip('/')}"})
        if request.path == TOKEN_PATH:
            if request.method != "POST":
                raise Refusal(405, "The method is not allowed", headers={"Allow": "POST"})
            self._access.check_credentials(request)
            self._access.count_request()
            return self._perform(request, TOKEN_PATH, self._access.issue_token)
        if not below:
            raise Refusal(404, "The path was not found")
        self._access.check_token(request)
        self._access.count_request()
        product_id = route.written_product(request.method) if route else None
        return self._perform(request, below, lambda: self._work(request, route), product_id)

    def _work(self, request: Request, route: Route | None) -> Reply:
        if route is None:
            raise Refusal(404, "The path was not found")
        return route.handler(request.method)(self._account, route.ids, request)

    def _perform(
        self, request: Request, path: str, handle: Callable[[], Reply], product_id: str | None = None
    ) -> Delivery:
        with ExitStack() as write:
            write.enter_context(self._log.writing(product_id))

            def work() -> Reply:
                with write:  # The write ends with its work, whatever the hook does afterwards.
                    return _attempt(handle)

            return self._intercept(request, path, work)


def _undisturbed(_request: Request, _path: str, work: Callable[[], Reply]) -> Delivery:
    return Delivery.of(work())


def _check_host(request: Request) -> None:
    """Refuse other names: a page in a browser reaches loopback under one of its own (DNS rebinding)."""
    host = request.headers.get("host")
    if host is None:
        raise Refusal(400, "The Host header is missing")
    if not _LOOPBACK.fullmatch(host):
        raise Refusal(421, "The sandbox answers only to localhost and 127.0.0.1")


def _attempt(handle: Callable[[], Reply]) -> Reply:
    try:
        return handle()
    except Refusal as refusal:
        return refusal.reply
    except Exception as error:  # noqa: BLE001 -- a server that meets its own bug says 500
        return Refusal(500, f"Internal server error: {type(error).__name__}").reply
