"""From a request to what is delivered: redirect, gate, fault, latency, work, fault again, journal."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from amzsync.sandbox.account import Account
from amzsync.sandbox.faults import (
    Action,
    Answer,
    Delay,
    Drip,
    DropAfterWork,
    DropBeforeWork,
    Faults,
    Latency,
    RunBefore,
    Transform,
    Truncate,
)
from amzsync.sandbox.gate import Gate
from amzsync.sandbox.journal import Journal
from amzsync.sandbox.routes import API_ROOT, TOKEN_PATH, Route, find
from amzsync.sandbox.state import Exchange
from amzsync.sandbox.wire import Json, Refusal, Reply, Request, encode_body

_DROPPED = Reply(0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_MOST_PATH_CHARS = 200
_LOOPBACK = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer as it goes out; status 0 is a reset instead."""

    reply: Reply
    body: bytes = b""
    keep_bytes: int | None = None
    drip: Drip | None = None

    @property
    def is_dropped(self) -> bool:
        return self.reply.status == 0


class Service:
    """Answers requests, from many threads at once; `pause` sleeps some seconds or until the stop."""

    def __init__(
        self,
        account: Account,
        gate: Gate,
        journal: Journal,
        *,
        faults: Faults,
        latency: Latency,
        pause: Callable[[float], object],
    ) -> None:
        self._account = account
        self._gate = gate
        self._journal = journal
        self._faults = faults
        self._latency = latency
        self._pause = pause

    def exchange(self, request: Request) -> Delivery:
        arrived_at = self._account.clock()
        below = request.path.removeprefix(API_ROOT) if request.path.startswith(f"{API_ROOT}/") else ""
        route = find(below) if below else None
        try:
            delivery = self._answer(request, below, route)
        except Refusal as refusal:
            delivery = _delivery(refusal.reply)
        shape = route.shape if route else TOKEN_PATH if request.path == TOKEN_PATH else "?"
        # Of a request that is for nothing here nothing is kept but that it came.
        method = request.method if request.method in _METHODS else "?"
        path = "?" if shape == "?" else request.path[:_MOST_PATH_CHARS]
        self._journal.note(Exchange(arrived_at, method, path, delivery.reply.status, f"{method} {shape}"))
        return delivery

    def _answer(self, request: Request, below: str, route: Route | None) -> Delivery:
        _check_host(request)
        if request.path.endswith("/") and request.path.rstrip("/"):
            host = request.headers.get("host", "127.0.0.1")
            return _delivery(Reply(301, None, {"Location": f"http://{host}{request.path.rstrip('/')}"}))
        if request.path == TOKEN_PATH:
            if request.method != "POST":
                raise Refusal(405, "The method is not allowed", headers={"Allow": "POST"})
            self._gate.check_credentials(request)
            self._gate.count()
            return self._perform(request, TOKEN_PATH, self._gate.issue_token)
        if not below:
            raise Refusal(404, "The path was not found")
        self._gate.check_token(request)
        self._gate.count()
        product_id = route.written_product(request.method) if route else None
        return self._perform(request, below, lambda: self._work(request, route), product_id)

    def _work(self, request: Request, route: Route | None) -> Reply:
        if route is None:
            raise Refusal(404, "The path was not found")
        return route.handler(request.method)(self._account, route.ids, request)

    def _perform(
        self, request: Request, path: str, work: Callable[[], Reply], product_id: str | None = None
    ) -> Delivery:
        action = self._faults.due(request.method, path, lambda: _json_or_none(request))
        match action:
            case Answer(status, body, headers):
                return Delivery(Reply(status, None, headers), body)
            case DropBeforeWork():
                return Delivery(_DROPPED)
        with self._journal.writing(product_id):
            self._before(action)
            delay_s = self._latency.draw(is_upload=(request.method, path) == ("POST", "/assets"))
            if delay_s > 0:
                self._pause(delay_s)
            reply = _attempt(work)
        return self._after(action, reply)

    def _before(self, action: Action | None) -> None:
        match action:
            case RunBefore(call):
                call()
            case Delay(seconds, after_work=False):
                self._pause(seconds)

    def _after(self, action: Action | None, reply: Reply) -> Delivery:
        match action:
            case DropAfterWork():
                return Delivery(_DROPPED)
            case Delay(seconds, after_work=True):
                self._pause(seconds)
            case Transform(change, headers):
                changed = replace(reply, payload=change(reply.payload), headers={**reply.headers, **headers})
                return _delivery(changed)
            case Truncate(keep_bytes):
                return replace(_delivery(reply), keep_bytes=keep_bytes)
            case Drip():
                return replace(_delivery(reply), drip=action)
        return _delivery(reply)


def _check_host(request: Request) -> None:
    """A page in a browser reaches loopback under a name of its own (DNS rebinding): that is not for us."""
    host = request.headers.get("host")
    if host is None:
        raise Refusal(400, "The Host header is missing")
    if not _LOOPBACK.fullmatch(host):
        raise Refusal(421, "The sandbox answers only to localhost and 127.0.0.1")


def _delivery(reply: Reply) -> Delivery:
    return Delivery(reply, encode_body(reply.payload))


def _attempt(work: Callable[[], Reply]) -> Reply:
    try:
        return work()
    except Refusal as refusal:
        return refusal.reply
    except Exception as error:  # noqa: BLE001 -- a server that meets its own bug says 500
        return Refusal(500, f"Internal server error: {type(error).__name__}").reply


def _json_or_none(request: Request) -> Json:
    try:
        return json.loads(request.body)
    except ValueError:
        return None
