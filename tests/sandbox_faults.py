"""A sandbox that is slow or wrong on purpose: latency for all requests, faults for chosen ones.

    with Sandbox(limits=()) as sandbox:
        sandbox.faults.add(Fault("POST", "/assets", Answer(503), times=2))

A fault names its requests by method and path (a regular expression for the whole path below the API
root; the token path is `/auth/api/get-token`). The first fault that is due fires, only that one.
"""

import json
import random
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from amzsync.sandbox import Delivery, Json, Reply, Request, SandboxSettings, embedded

RESET = Delivery(0)


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer with these bytes instead of doing the work."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DropBeforeWork:
    """Reset the connection; nothing is done."""


@dataclass(frozen=True, slots=True)
class DropAfterWork:
    """Do the work, then reset the connection without an answer."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """Do the work, announce the whole body, send only its first bytes, and close."""

    keep_bytes: int = 10


@dataclass(frozen=True, slots=True)
class Delay:
    """Wait, before the work or after it, then answer as always."""

    seconds: float
    after_work: bool = False


@dataclass(frozen=True, slots=True)
class Drip:
    """Do the work, then send the body a few bytes at a time."""

    chunk_bytes: int = 1
    pause_s: float = 0.01


@dataclass(frozen=True, slots=True)
class Transform:
    """Do the work, then change the JSON of the answer, or add headers to it."""

    change: Callable[[Json], Json] = lambda payload: payload
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunBefore:
    """Call this (what a person does in the meantime), then do the work."""

    call: Callable[[], object]


Action = Answer | DropBeforeWork | DropAfterWork | Truncate | Delay | Drip | Transform | RunBefore


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with which requests; the first `after` of them are spared, `times` None means always.

    `body` is asked with the JSON of the request (None where it has none).
    """

    method: str
    path: str
    action: Action
    times: int | None = 1
    after: int = 0
    body: Callable[[Json], bool] | None = None

    def matches(self, method: str, path: str, body: Json) -> bool:
        return (
            method == self.method
            and re.fullmatch(self.path, path) is not None
            and (self.body is None or self.body(body))
        )


@dataclass(frozen=True, slots=True)
class Fired:
    """One fault that has happened, to which request."""

    fault: Fault
    method: str
    path: str


class Faults:
    """The faults of one sandbox, in order; they can be added to while it runs."""

    def __init__(self, *faults: Fault) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._seen: list[int] = []
        self._fired: list[Fired] = []
        self.add(*faults)

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._faults += faults
            self._seen += [0] * len(faults)

    def clear(self) -> None:
        """Forget all faults, but not which have fired."""
        with self._lock:
            self._faults, self._seen = [], []

    @property
    def fired(self) -> tuple[Fired, ...]:
        with self._lock:
            return tuple(self._fired)

    def due(self, method: str, path: str, body: Callable[[], Json]) -> Action | None:
        """The action for this request; `body` is called only where there are faults at all."""
        if not self._faults:
            return None
        payload = body()
        with self._lock:
            for place, fault in enumerate(self._faults):
                last = None if fault.times is None else fault.after + fault.times
                if last is not None and self._seen[place] >= last:
                    continue
                if fault.matches(method, path, payload):
                    self._seen[place] += 1
                    if self._seen[place] > fault.after:
                        self._fired.append(Fired(fault, method, path))
                        return fault.action
        return None


class Latency:
    """Random waiting before the work; ranges are `(shortest, longest)` in seconds."""

    def __init__(
        self,
        upload_s: tuple[float, float] = (0.0, 0.0),
        other_s: tuple[float, float] = (0.0, 0.0),
        seed: int | None = None,
    ) -> None:
        self._upload_s = upload_s
        self._other_s = other_s
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def draw(self, *, is_upload: bool) -> float:
        with self._lock:
            return self._random.uniform(*(self._upload_s if is_upload else self._other_s))


class Sandbox(embedded.Sandbox):
    """The sandbox of the tests, slow or wrong on demand; `options` are those of `SandboxSettings`."""

    def __init__(
        self,
        path: Path | None = None,
        *,
        faults: Faults | None = None,
        latency: Latency | None = None,
        **options: Any,
    ) -> None:
        self.faults = faults or Faults()
        self.latency = latency or Latency()
        self._stopping = threading.Event()
        self.pause: Callable[[float], object] = self._stopping.wait
        super().__init__(SandboxSettings(path=path, intercept=self._intercept, **options))

    def start(self) -> Self:
        self._stopping.clear()
        return super().start()

    def stop(self) -> None:
        """Whatever waits goes on at once."""
        self._stopping.set()
        super().stop()

    def _intercept(self, request: Request, path: str, work: Callable[[], Reply]) -> Delivery:
        action = self.faults.due(request.method, path, lambda: _json_or_none(request))
        match action:
            case Answer(status, body, headers):
                return Delivery(status, headers, body)
            case DropBeforeWork():
                return RESET
            case RunBefore(call):
                call()
            case Delay(seconds, after_work=False):
                self.pause(seconds)
        latency_s = self.latency.draw(is_upload=(request.method, path) == ("POST", "/assets"))
        if latency_s > 0:
            self.pause(latency_s)
        return self._after(action, work())

    def _after(self, action: Action | None, reply: Reply) -> Delivery:
        whole = Delivery.of(reply)
        match action:
            case DropAfterWork():
                return RESET
            case Delay(seconds, after_work=True):
                self.pause(seconds)
            case Transform(change, headers):
                changed = change(reply.payload)
                return Delivery.of(replace(reply, payload=changed, headers={**reply.headers, **headers}))
            case Truncate(keep_bytes):
                return replace(whole, chunks=[whole.body[:keep_bytes]])
            case Drip():
                return replace(whole, chunks=self._slowly(whole.body, action))
        return whole

    def _slowly(self, body: bytes, drip: Drip) -> Iterator[bytes]:
        for start in range(0, len(body), drip.chunk_bytes):
            self.pause(drip.pause_s)
            yield body[start : start + drip.chunk_bytes]


def _json_or_none(request: Request) -> Json:
    try:
        return json.loads(request.body)
    except ValueError:
        return None
