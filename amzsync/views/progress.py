"""How far a run is, while it runs: bars on a terminal, a plain line now and then elsewhere, or nothing."""

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from amzsync.domain.timestamp import local_text
from amzsync.executor.events import Listener, Notice, Progress, Traffic, Waiting
from amzsync.views.console import count_text, duration_text, foreign, own, plain, plural, window_text

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.table import Table

__all__ = ["Display", "LineDisplay", "LiveDisplay", "QuietDisplay", "make_display"]

LINE_EVERY_S = 30.0
# Shorter waits are the even pace itself, not something to tell.
WORTH_TELLING_S = 2.0
_BAR_WIDTH = 20
_REASONS = {
    "quota": "the account's rate limit is used up",
    "refused": "Plytix asked for a pause (HTTP 429)",
}


class Display(Listener, Protocol):
    """A listener to be used in a `with` block around the run."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def make_display(
    console: "Console", *, quiet: bool, monotonic: Callable[[], float], now: Callable[[], datetime]
) -> Display:
    """The display that fits the console; `now` gives local time."""
    if quiet:
        return QuietDisplay(console)
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console, now=now)
    return LineDisplay(console, monotonic=monotonic, now=now)


class _WithBlock:
    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


class QuietDisplay(_WithBlock):
    """Tells warnings only."""

    def __init__(self, console: "Console") -> None:
        self._console = console

    def progress(self, progress: Progress) -> None: ...

    def notice(self, notice: Notice) -> None:
        if notice.is_warning:
            self._console.print(foreign(notice.message, "yellow", limit=1000), soft_wrap=True)


class LineDisplay(_WithBlock):
    """A line each half minute, one at the start of each wait and of retries, and every notice: for logs."""

    def __init__(
        self, console: "Console", *, monotonic: Callable[[], float], now: Callable[[], datetime]
    ) -> None:
        self._console = console
        self._monotonic = monotonic
        self._wait = _Wait(now)
        self._told_at = monotonic()
        self._retrying_since: float | None = None
        self._retries_are_told = False

    def progress(self, progress: Progress) -> None:
        if self._wait.is_new(progress.traffic.waiting):
            self._say(self._wait.text)
        at = self._monotonic()
        if self._retries_are_new(progress, at):
            self._say(_retry_text(progress.traffic))
        if at - self._told_at >= LINE_EVERY_S:
            self._told_at = at
            parts = [*_work_parts(progress), *_request_parts(progress), *_end_parts(progress)]
            self._say(
                " · ".join([*parts, _retry_text(progress.traffic)] if progress.traffic.retrying else parts)
            )

    def _retries_are_new(self, progress: Progress, at: float) -> bool:
        """Once for each time that something is retried, unless it passes at once."""
        if not progress.traffic.retrying:
            self._retrying_since, self._retries_are_told = None, False
            return False
        if self._retrying_since is None:
            self._retrying_since = at
        is_new = not self._retries_are_told and at - self._retrying_since >= WORTH_TELLING_S
        self._retries_are_told = self._retries_are_told or is_new
        return is_new

    def notice(self, notice: Notice) -> None:
        self._say(plain(notice.message, limit=1000))

    def _say(self, line: str) -> None:
        self._console.print(own(line), soft_wrap=True)


class LiveDisplay:
    """Bars that are drawn a few times a second, whatever the number of events. Gone when the run ends."""

    def __init__(self, console: "Console", *, now: Callable[[], datetime]) -> None:
        self._console = console
        self._wait = _Wait(now)
        self._latest: Progress | None = None
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.live import Live

        self._live = Live(
            console=self._console,
            get_renderable=self.picture,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,  # what is printed there is read by programs
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def progress(self, progress: Progress) -> None:
        self._wait.is_new(progress.traffic.waiting)
        self._latest = progress

    def notice(self, notice: Notice) -> None:
        self._console.print(foreign(notice.message, "yellow", limit=1000), soft_wrap=True)

    def picture(self) -> "Group":
        """What is drawn now. Called from the drawing thread."""
        from rich.console import Group

        progress = self._latest
        if progress is None:
            return Group(own("starting"))
        lines = [own(" · ".join(_request_parts(progress))), own(" · ".join(_end_parts(progress)))]
        if self._wait.text:
            lines.append(own(self._wait.text, "yellow"))
        if progress.traffic.retrying:
            lines.append(own(_retry_text(progress.traffic), "yellow"))
        return Group(_bars(progress), *(line for line in lines if line.plain))


class _Wait:
    """The wait that is on, told once: its end is kept from its start, or it would flicker by a second."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._until: datetime | None = None
        self.text = ""

    def is_new(self, waiting: Waiting | None) -> bool:
        if waiting is None or waiting.seconds < WORTH_TELLING_S:
            if waiting is None or (self._until is not None and self._now() >= self._until):
                self._until, self.text = None, ""
            return False
        now = self._now()
        until = now + timedelta(seconds=waiting.seconds)
        if self._until is not None and abs(until - self._until) < timedelta(seconds=WORTH_TELLING_S):
            return False
        self._until = until
        is_today = until.date() == now.date()
        at = until.timetz().isoformat("seconds") if is_today else local_text(until, until.tzinfo)
        self.text = f"waiting until {at}: {_REASONS.get(waiting.reason) or plain(waiting.reason)}"
        return True


def _bars(progress: Progress) -> "Table":
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    made = Table.grid(padding=(0, 1, 0, 0))
    for label, done, total in _bar_values(progress):
        made.add_row(
            own(label),
            ProgressBar(total=total, completed=done, width=_BAR_WIDTH),
            own(f"{count_text(done)}/{count_text(total)}"),
        )
    return made


def _bar_values(progress: Progress) -> Iterator[tuple[str, int, int]]:
    if progress.assets_total:
        yield "images", progress.assets_done, progress.assets_total
    if progress.products_total:
        yield "products", progress.products_done, progress.products_total


def _work_parts(progress: Progress) -> list[str]:
    return [f"{label} {count_text(done)}/{count_text(total)}" for label, done, total in _bar_values(progress)]


def _request_parts(progress: Progress) -> list[str]:
    parts = [plural(progress.traffic.requests, "request")]
    if math.isfinite(progress.traffic.rate_per_s):
        parts.append(f"{progress.traffic.rate_per_s:.1f}/s")
    parts += [
        f"{count_text(use.used)}/{count_text(use.limit.allowed)} in {window_text(use.limit)}"
        for use in progress.quota
    ]
    return parts


def _end_parts(progress: Progress) -> list[str]:
    parts = []
    if progress.failures:
        parts.append(f"{count_text(progress.failures)} failed")
    if progress.traffic.in_flight:
        parts.append(f"{count_text(progress.traffic.in_flight)} in progress")
    if progress.left_s is not None and math.isfinite(progress.left_s):
        parts.append(f"about {duration_text(progress.left_s)} left")
    return parts


def _retry_text(traffic: Traffic) -> str:
    why = f", {plain(traffic.last_failure, limit=200).rstrip('.')}" if traffic.last_failure else ""
    return f"retrying {plural(traffic.retrying, 'request')}{why}"
