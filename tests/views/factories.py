"""Factories of views: with tidy values, or with hostile text in every field that comes from outside."""

import io
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from amzsync.domain.changes import Change, FailedImage
from amzsync.executor.events import QuotaUse
from amzsync.ledger.changes import ChangeTotals, Named, Unused
from amzsync.ledger.queries import ByProduct, Outstanding, ProductRow, RowTotals, Totals
from amzsync.ledger.rows import Counts, Failure, FailureGroup, Outcome, Run, State, Table
from amzsync.limits.forecast import Forecast
from amzsync.limits.windows import PRESETS
from amzsync.planner import PlanCounts
from amzsync.views.console import make_console
from amzsync.views.limits import LimitsOrigin
from amzsync.views.next_steps import NextStep
from amzsync.views.plan import AccountView, Cost, Kept, PlanView
from amzsync.views.report import Metadata, Report
from amzsync.views.shortfalls import Shortfalls
from amzsync.views.status import StatusView
from amzsync.views.summary import Summary

COUNTS = PlanCounts(
    total_products=1216,
    products_with_images=1210,
    parents=16,
    repeated_products=1,
    total_image_refs=10_108,
    unique_images=4_012,
    shared_images=31,
    superseded_images=7,
    repeated_images=2,
    malformed_images=3,
)
TOTALS = Totals(
    uploaded=5,
    present=7,
    open_assets=4_000,
    links=ByProduct(RowTotals(20, 8_980), RowTotals(3, 97)),
    thumbnails=ByProduct(RowTotals(4, 1_186), RowTotals(1, 14)),
    links_existing=11,
    products_not_found=("GONE-1", "GONE-2"),
    products_left_alone=6,
)
METADATA = Metadata(("a.json", "b.json"), datetime(2025, 12, 23, 6, 0, 47, 181_940, tzinfo=UTC), False, True)
TABLES = (
    Counts(Table.URLS, {State.DONE: 12, State.FAILED: 3}),
    Counts(Table.ASSETS, {State.DONE: 12, State.IN_FLIGHT: 1, State.PENDING: 4_000}),
    Counts(Table.LINKS, {State.DONE: 23, State.PENDING: 9_077, State.SKIPPED: 40, State.OBSOLETE: 2}),
    Counts(Table.THUMBNAILS, {}),
)
HOSTILE = (
    "[red]markup[/red]",
    "esc\x1b[31m\x1b]0;title\x07",
    "rlo\u202egpj.exe\u2066\u2069",
    "two\nlines\r\x0b\x0c\x85",
    '=HYPERLINK("https://evil.example","x")',
    "<script>alert(1)</script>",
    "zero\u200bwidth\ufeff\u2028\u2029\u3164",
    "half\ud800character",
    ":smile: [link=https://evil.example]x[/link] [/]",
    "W" * 5_000,
    "漢字" * 200,
)


def failure(sku: str = "SKU-1", url: str = "https://x.example/1.jpg", message: str = "no image") -> Failure:
    return Failure(Table.ASSETS, url, sku, 422, message, 2)


def product(sku: str, reason: str | None = None) -> ProductRow:
    return ProductRow(sku, True, 9, 1, 5, 1, 2, 4, State.PENDING, reason)


def run(**changes: Any) -> Run:
    base = Run(
        id=3,
        command="apply",
        options='{"workers": 4}',
        pid=77,
        started_at="2025-12-23T06:00:47Z",
        ended_at="2025-12-23T08:05:47Z",
        outcome=Outcome.FAILURES,
        message=None,
        counters='{"requests": 9}',
        mappings=(("a.json", "ab" * 32),),
    )
    return replace(base, **changes)


def plan_view(text: str | None = None, **changes: Any) -> PlanView:
    """A plan; with `text`, everything foreign in it reads so."""
    base = PlanView(
        counts=COUNTS,
        totals=replace(TOTALS, products_not_found=(text,) * 12) if text else TOTALS,
        cost=Cost(Outstanding(1_200, 4_000), Forecast(5_300, 3_720.0), PRESETS["paid"], LimitsOrigin.DEFAULT),
        tables=TABLES,
        changes=tuple(change(text or f"SKU-{n}", text) for n in range(30)),
        change_totals=ChangeTotals(
            1_200,
            9,
            without_images=Named(12, (text or "EMPTY-1", "EMPTY-2")),
            gone=Named(1, (text or "GONE-9",)),
            unused=Unused(14, 16, 20, ((text or "SKU-3", text or "https://x.example/I/old.jpg"),)),
        ),
        failures=groups(text) if text else (malformed(), *groups()),
        metadata=replace(METADATA, sources=(text,)) if text else METADATA,
        account=AccountView(text or "production at https://pim.example"),
        gallery=text or "amazon_images",
        refreshed=False,
        kept=Kept.YES,
    )
    return replace(base, **changes)


def change(sku: str, text: str | None = None) -> Change:
    failed = FailedImage(text or "https://x.example/2.jpg", text or "no image", 422)
    missing = tuple(text or f"https://x.example/{n}.jpg" for n in range(4))
    return Change(sku, True, None, missing, False, missing[0], (), (failed,))


def malformed() -> FailureGroup:
    found = Failure(Table.URLS, "htp:/x", "SKU-9", None, "no web address", 0)
    return FailureGroup("no web address", None, 1, (found,))


def groups(text: str | None = None) -> tuple[FailureGroup, ...]:
    if text:
        return (FailureGroup(text, 422, 3, (failure(text, text, text),)), FailureGroup(text, None, 1, ()))
    return (
        FailureGroup("The image cannot be fetched", 422, 1_003, tuple(failure(f"SKU-{n}") for n in range(7))),
        FailureGroup("has no host", None, 1, (replace(failure("SKU-9"), status=None, attempts=0),)),
    )


def status_view(text: str | None = None, **changes: Any) -> StatusView:
    base = StatusView(
        ledger=Path(text or "amzsync.db"),
        account=text or "production at https://pim.example",
        counts=TABLES,
        runs=(run(command=text, message=text, mappings=((text, "ab"),), started_at=text), run())
        if text
        else (run(), run(id=2, ended_at=None, outcome=None)),
        shortfalls=Shortfalls(1_004, groups(text)),
        quota=tuple(QuotaUse(limit, used) for limit, used in zip(PRESETS["paid"], (38, 1_204), strict=True)),
        limits_origin=LimitsOrigin.DEFAULT,
        now=datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC),
        forecast=Forecast(5_300, 3_720.0),
        next_steps=(NextStep(text or "amzsync resume"),),
    )
    return replace(base, **changes)


def report(text: str | None = None, **changes: Any) -> Report:
    base = Report(
        counts=COUNTS,
        totals=replace(TOTALS, products_not_found=(text,) * 7) if text else TOTALS,
        metadata=replace(METADATA, sources=(text,)) if text else METADATA,
        requests=155,
        seconds=31.25,
        requests_by_kind={"upload": 100},
    )
    return replace(base, **changes)


def summary(text: str | None = None, **changes: Any) -> Summary:
    base = Summary(
        report=report(text),
        outcome=Outcome.FAILURES,
        shortfalls=Shortfalls(1_004, groups(text), (text,) * 7 if text else TOTALS.products_not_found),
        next_steps=(NextStep(text or "amzsync status"),),
        left=Forecast(10, 3.0),
    )
    return replace(base, **changes)


@dataclass
class FakeClock:
    """Monotonic seconds and local time, moved together by hand."""

    seconds: float = 100.0
    start: datetime = field(default_factory=lambda: datetime(2025, 12, 23, 14, 32, tzinfo=UTC))

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - 100.0)


def plain_console(width: int = 80, environ: dict[str, str] | None = None) -> tuple[Console, io.StringIO]:
    """A console that is no terminal, and what it has printed."""
    stream = io.StringIO()
    return make_console(stream, environ=environ or {}, width=width), stream
