"""A scheduler driven by hand: no engine, no network, and a clock that moves when a test says so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.outgoing import Outgoing
from amzsync.executor.engine.slots import Slots
from amzsync.executor.scheduler.scheduler import OptionalScripts, Scheduler
from amzsync.executor.scheduler.script import Find, OnRefusal, Script, Send
from amzsync.ledger.request_log import RequestLog
from amzsync.limits.windows import Limit
from amzsync.plytix.wire import Call, Request, RequestKind


class _NoRequestLog:
    """Nobody else has sent anything, and nothing is kept."""

    def since(self, _seen: int) -> tuple[()]:
        return ()

    def observed(self) -> tuple[()]:
        return ()

    def add(self, _kind: str) -> int:
        return 0

    def pause_s(self) -> float:
        return 0.0


@dataclass
class Clock:
    """Seconds that stand still until they are moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


def call(kind: RequestKind, **body: object) -> Call[Any]:
    return Call(Request(kind, "POST", "/", body), frozenset({200}), lambda reply: reply)


@dataclass(eq=False)
class Names:
    """A search for names; its answers are given as (values by name, whether the page is full)."""

    on_refusal: OnRefusal = OnRefusal.STOP
    form: int = 0

    def call(self, keys: Sequence[str], page: int) -> Call[Any]:
        return call(RequestKind.PRODUCT_SEARCH, keys=tuple(keys), page=page)

    def read(self, page: Any) -> tuple[Mapping[str, Any], bool]:
        values, is_full = page
        return values, is_full

    def refused(self, _status: int | None, _form: int, /) -> OnRefusal:
        return self.on_refusal


@dataclass
class Said:
    """What scripts said on their way, in order."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, line: str) -> None:
        self.lines.append(line)


class SchedulerDriver:
    """What a scheduler wants to send, and the answers that a test gives it."""

    def __init__(
        self,
        scripts: Iterable[Script[Any]],
        limits: Sequence[Limit] = (),
        optional: OptionalScripts | None = None,
    ) -> None:
        self.clock = Clock()
        self.clocks = Clocks(self.clock, self.clock, lambda: 0.0, lambda: 0.5)
        self.slots = Slots(limits, cast(RequestLog, _NoRequestLog()), self.clock)
        self.scheduler = Scheduler(iter(scripts), self.clocks, self.slots, optional)

    def next(self) -> Outgoing | None:
        """The next request, as if it left now."""
        outgoing = self.scheduler.next_request()
        if outgoing:
            outgoing.left_at = self.clocks.now()
        return outgoing

    def must_send(self) -> Outgoing:
        outgoing = self.next()
        assert outgoing, "nothing to send"
        return outgoing

    def all_now(self) -> list[Outgoing]:
        """Everything that can be sent without an answer."""
        return list(iter(self.next, None))

    def answer(self, outgoing: Outgoing, outcome: object, attempts: int = 1) -> None:
        self.scheduler.receive(outgoing, outcome, attempts)

    def answer_search(self, outgoing: Outgoing, *missing: str) -> None:
        """Every name exists but these; its value is the name in capitals."""
        found = {key: key.upper() for key in keys_of(outgoing) if key not in missing}
        self.answer(outgoing, (found, False))

    @property
    def results(self) -> list[Any]:
        return self.scheduler.results


def body_of(outgoing: Outgoing) -> Mapping[str, Any]:
    assert outgoing.call.request.body is not None
    return outgoing.call.request.body


def keys_of(outgoing: Outgoing) -> tuple[str, ...]:
    keys: tuple[str, ...] = body_of(outgoing)["keys"]
    return keys


def look_up(name: str, query: Names, *, fresh: bool = False) -> Script[str]:
    found = yield Find(query, (name,), fresh=fresh)
    value: str = found.values.get(name, f"no {name}")
    return value


def send(kind: RequestKind, **body: object) -> Script[Any]:
    sent = yield Send(call(kind, **body))
    return sent.value
