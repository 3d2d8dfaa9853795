"""The report page: the galleries of products as people see them, as one HTML file that needs no other.

Everything that stands in it came from a mapping, a server or a ledger. It is shown as text (`plain`), escaped
by Jinja2, and the page's own policy lets a browser run and load nothing but what this module put there.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from amzsync.domain.image_url import AMAZON_HOSTS
from amzsync.domain.timestamp import local_text
from amzsync.ledger.galleries import Gallery, GalleryRow
from amzsync.ledger.rows import Counts, FailureGroup, Run
from amzsync.views.console import plain, plural
from amzsync.views.report_parts import causes, choices, run_rows, shown_states, total_rows
from amzsync.views.report_products import shown_product
from amzsync.views.report_tally import Tally

if TYPE_CHECKING:
    from jinja2 import Template

__all__ = ["Basis", "PageLink", "ReportPage", "render_index", "render_page"]

_LEGEND = (
    "Signs: + image to add, ~ another order or thumbnail, - image no longer wanted, ! failed,"
    " ? not in Plytix. Images come from Amazon in a small size; each leads to the full one."
)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a report rests on: a reading of Plytix, perhaps of a part of the products, or the ledger alone."""

    is_checked: bool
    is_whole: bool = True

    def text(self) -> str:
        if not self.is_checked:
            return "as the ledger knows it"
        return (
            "as Plytix was just read"
            if self.is_whole
            else "as Plytix was just read, and where the check did not come to, as the ledger knows it"
        )


@dataclass(frozen=True, slots=True)
class ReportPage:
    """What is reported. `rows` reads the products anew each time, `gallery` the images of one.

    `writer` is the last run that wrote, of those that can still be undone. Images below `min_size` pixels are
    marked as small.
    """

    ledger: Path
    account: str | None
    made_at: datetime
    basis: Basis
    counts: tuple[Counts, ...]
    runs: tuple[Run, ...]
    failures: tuple[FailureGroup, ...]
    writer: int | None
    rows: Callable[[], Iterator[GalleryRow]]
    gallery: Callable[[GalleryRow], Gallery]
    zone: tzinfo | None = None
    min_size: int = 0


@dataclass(frozen=True, slots=True)
class PageLink:
    """A link to another file of the same report; `href` is escaped as an address."""

    href: str
    text: str
    more: str = ""
    rel: str = ""


def render_page(
    report: ReportPage, rows: Iterable[GalleryRow], tally: Tally, links: tuple[PageLink, ...], first: int = 1
) -> Iterator[str]:
    """The page in chunks: these products, counted in `tally`; they are numbered from `first`."""
    products = (
        shown_product(
            number,
            row,
            report.gallery(row),
            report.writer,
            min_size=report.min_size,
        )
        for number, row in enumerate(rows, first)
    )
    page = _page(report, tally) | {"links": links, "choices": choices(tally, report.writer)}
    yield from _render(page, products)


def render_index(report: ReportPage, tally: Tally, pages: tuple[PageLink, ...]) -> Iterator[str]:
    """The page that leads to the others."""
    yield from _render(_page(report, tally) | {"pages": pages}, ())


def _page(report: ReportPage, tally: Tally) -> dict[str, object]:
    account = f", account {plain(report.account)}" if report.account else ""
    states = shown_states(report.counts)
    return {
        "title": f"Amazon images of {plural(tally.products, 'product')}",
        "origin": f"Ledger {plain(str(report.ledger))}{account}.",
        "lines": (f"Made {local_text(report.made_at, report.zone)}, {report.basis.text()}.",),
        "count": plural(tally.products, "product"),
        "size": tally.products,
        "states": [state.value for state in states],
        "totals": total_rows(report.counts, states),
        "runs": run_rows(report.runs, report.zone),
        "failures": plural(sum(group.count for group in report.failures), "row"),
        "causes": causes(report.failures),
        "legend": _LEGEND,
        "links": (),
        "pages": (),
    }


def _render(page: dict[str, object], products: Iterable[object]) -> Iterator[str]:
    style, script = _source("report_page.css"), _source("report_page.js")
    yield from _template().generate(
        page=page,
        products=products,
        policy=_policy(style, script),
        style=style,
        script=script,
    )


def _policy(style: str, script: str) -> str:
    """Nothing but this style, this script, and pictures from Amazon."""
    hosts = " ".join(f"https://{host} https://*.{host}" for host in AMAZON_HOSTS)
    return "; ".join(
        (
            "default-src 'none'",
            f"img-src {hosts}",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_source("report_page.html.jinja"))


def _source(name: str) -> str:
    """A file of this package, with the line ends that a browser sees."""
    return files("amzsync.views").joinpath(name).read_text(encoding="utf-8")
