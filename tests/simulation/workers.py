"""What sends a run's requests in the simulation: no thread, no socket; all the rest is the product's own."""

import itertools
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import requests
from simulation.judge import BrokenPromiseError, Judge
from simulation.plytix import API_URL, AUTH_URL, GALLERY, Flight, Plytix
from simulation.world import World

from amzsync.errors import NotSentError, PlytixError
from amzsync.executor.engine.workers import Answered
from amzsync.executor.run import Server
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer
from amzsync.plytix.client import get_token
from amzsync.plytix.network import error_without_answer
from amzsync.plytix.observations import Observed
from amzsync.plytix.transport import Transport, _placed, _Received
from amzsync.plytix.wire import Call, Reply, RequestKind

_READ_TIMEOUT_S = 60.0
_MOST_LOOKS = 2000
_TICK_S = 1e-6
_SLOW_S = 1.0
_NUMBERS = itertools.count(1)


class SimulatedWorkers:
    """The `Workers` of one process, which can die."""

    def __init__(self, world: World, plytix: Plytix, judge: Judge, server: Server, process: int) -> None:
        self._world, self._plytix, self._judge = world, plytix, judge
        self._credentials = server.credentials
        self._transport = Transport(server.api_url, server.auth_url)
        self._process = process
        self._arrived: deque[Answered] = deque()
        self._is_woken = False
        self.is_dead = False
        self.token_call = get_token(server.credentials)
        self.in_flight = 0
        self._looked_at = 0.0
        self._looks = 0

    @property
    def observed(self) -> Observed:
        return self._transport.observed

    def submit(
        self, tag: object, call: Call[Any], token: Secret | None, on_sent: Callable[[float], None]
    ) -> None:
        if self.is_dead:
            return
        self.in_flight += 1
        random = self._world.random
        draw = random.random()
        connect_s = (
            0.001 if draw < 0.9 else random.uniform(0.01, 0.4) if draw < 0.98 else random.uniform(0.4, 5.0)
        )
        flight = self._flight(call, token)
        flight.answered = lambda *answer: self._answer(tag, call, token, *answer)
        self._judge.submitted(flight)
        if flight.kind == "product_write" and connect_s > _SLOW_S:
            self._plytix.connects_slowly(flight.product or "", connect_s)
        self._world.after(connect_s, self._leave, tag, call, token, on_sent, flight, is_ours=True)

    def _flight(self, call: Call[Any], token: Secret | None) -> Flight:
        request = call.request
        is_token = request.kind is RequestKind.TOKEN
        path, _, query = (
            "/auth/api/get-token" if is_token else f"/api/v1/{request.path.strip('/')}"
        ).partition("?")
        parts = path.split("/")
        body = request.encoded() or b""
        flight = Flight(
            next(_NUMBERS),
            str(request.kind),
            request.method,
            path,
            query,
            body,
            None if token is None or is_token else token.reveal(),
            self._process,
            self._world.now,
            self._world.monotonic(),
            product=parts[4] if path.startswith("/api/v1/products/") and parts[4] != "search" else None,
        )
        if flight.product is not None:
            flight.facts["assets"] = _linked_by(flight.kind, body)
            flight.facts["thumbnail"] = b'"thumbnail"' in body
        if flight.kind == "asset_upload":
            flight.url = json.loads(body)["url"]
        return flight

    def _leave(
        self,
        tag: object,
        call: Call[Any],
        token: Secret | None,
        on_sent: Callable[[float], None],
        flight: Flight,
    ) -> None:
        if self.is_dead:
            return
        world = self._world
        if call.may_leave is not None and not call.may_leave():
            error = NotSentError("What the request rests on was too old when it could leave.")
            world.log("not sent", flight.kind, flight.path)
            self._judge.not_sent(flight)
            self._put(tag, token, _placed(error, call.request), flight.sent_at)
            return
        flight.left_at = world.now
        is_token = flight.kind == str(RequestKind.TOKEN)
        path, body = flight.path, flight.body
        world.log("leaves", flight.kind, flight.method, path, body[:200] if not is_token else "")
        self._judge.left(world.now, flight)
        on_sent(world.monotonic())
        draw = world.random.random()
        way_s = world.random.uniform(0.005, 0.1) if draw < 0.97 else world.random.uniform(0.1, 1.0)
        world.after(way_s, self._plytix.arrive, flight)
        world.after(_READ_TIMEOUT_S, self._time_out, flight, is_ours=True)

    def _time_out(self, flight: Flight) -> None:
        if not flight.was_answered:
            flight.answered(flight, 0, {}, b"", requests.exceptions.ReadTimeout())

    def _answer(
        self,
        tag: object,
        call: Call[Any],
        token: Secret | None,
        flight: Flight,
        status: int,
        headers: dict[str, str],
        body: bytes,
        broken: Exception | None,
    ) -> None:
        if flight.was_answered or self.is_dead:
            flight.was_answered = True
            return
        flight.was_answered = True
        flight.status = status
        request = call.request
        address = AUTH_URL if request.kind is RequestKind.TOKEN else f"{API_URL}/{request.path.strip('/')}"
        if status == 0:
            outcome: Any = error_without_answer(
                request, address, broken or OSError(), self._transport._timeouts
            )
        else:
            lowered = {name.lower(): value for name, value in headers.items()}
            outcome = self._transport._outcome(call, _Received(Reply(status, lowered, body)), address)
        if isinstance(outcome, PlytixError):
            self._transport._redactor.error(outcome)
        elif isinstance(outcome, TokenAnswer):
            self._transport._redactor.add(outcome.token)
        flight.facts["is_success"] = not isinstance(outcome, PlytixError)
        self._put(tag, token, _placed(outcome, request), flight.sent_at, flight)

    def _put(
        self, tag: object, token: Secret | None, outcome: Any, sent_at: float, flight: Flight | None = None
    ) -> None:
        """To the program, at once or when the machine wakes."""
        self._world.after(0.0, self._deliver, tag, token, outcome, sent_at, flight, is_ours=True)

    def _deliver(
        self, tag: object, token: Secret | None, outcome: Any, sent_at: float, flight: Flight | None
    ) -> None:
        if self.is_dead:
            return
        if flight is not None:
            shown = f"{type(outcome).__name__}: {outcome}" if isinstance(outcome, PlytixError) else outcome
            self._world.log("answered", flight.kind, flight.status, shown)
            self._judge.answered(self._world.now, flight)
        self.in_flight -= 1
        self._arrived.append(Answered(tag, token, outcome, sent_at, self._world.monotonic()))

    def answers(self, timeout_s: float) -> list[Answered]:
        world = self._world
        self._judge.taken_in()
        self._looks = self._looks + 1 if world.now == self._looked_at else 0
        self._looked_at = world.now
        if self._looks > _MOST_LOOKS:
            raise BrokenPromiseError(
                f"the program looked {self._looks} times without waiting: it would never end"
            )
        self._wait(timeout_s)
        self._is_woken = False
        found = list(self._arrived)
        self._arrived.clear()
        return found

    def _wait(self, timeout_s: float) -> None:
        """Until something has come, or the time is over."""
        world = self._world
        # A real clock goes on while the program looks at it.
        deadline = world.monotonic() + (max(timeout_s, _TICK_S) if timeout_s > 0 else 0.0)
        while not (self._arrived or self._is_woken):
            left_s = deadline - world.monotonic()
            if left_s < 0 or (not world.step(world.now + left_s) and not self._arrived):
                break
        # What comes in the same moment is taken together.
        while world.step(world.now):
            pass

    def wake(self) -> None:
        self._is_woken = True

    def close(self) -> None:
        self._transport.close()
        self.is_dead = True


def _linked_by(kind: str, body: bytes) -> list[str]:
    """The assets that a write puts into the gallery."""
    if kind == "link":
        asked = json.loads(body)
        return [asked["id"]] if asked["attribute_label"] == GALLERY else []
    attributes = json.loads(body).get("attributes", {}) if kind == "product_write" else {}
    return [one["id"] for one in attributes.get(GALLERY, ())]


SERVER = Server(API_URL, AUTH_URL, Credentials(Secret("sandbox-key"), Secret("sandbox-password")))
