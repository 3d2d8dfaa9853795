"""Report pages of made-up products, and what stands on a page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

from views.factories import TABLES, groups, run

from amzsync.domain.changes import Change, FailedImage, Sign
from amzsync.ledger.galleries import Gallery, GalleryImage, GalleryRow
from amzsync.ledger.rows import State
from amzsync.views.report_page import Basis, ReportPage, render_page
from amzsync.views.report_tally import tallies

_VOID = {"img", "input", "link", "meta"}
_NOW = datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC)


def amazon(image_id: str) -> str:
    return f"https://m.media-amazon.com/images/I/{image_id}.jpg"


def image(
    image_id: str, variant: str, sign: Sign | None = None, *, url: str = "", new: bool = False
) -> GalleryImage:
    """An image that is in place, unless a sign says otherwise."""
    states = {None: State.DONE, Sign.FAILED: State.FAILED, Sign.OBSOLETE: State.OBSOLETE}
    return GalleryImage(url or amazon(image_id), variant, states.get(sign, State.PENDING), sign, is_new=new)


@dataclass
class Shelf:
    """Products with their galleries, as a ledger would give them."""

    rows: list[GalleryRow] = field(default_factory=list)
    galleries: dict[int, Gallery] = field(default_factory=dict)

    def add(
        self,
        sku: str,
        *images: GalleryImage,
        title: str = "",
        change: Change | None = None,
        written: bool = False,
    ) -> None:
        number = len(self.rows) + 1
        self.rows.append(GalleryRow(number, sku, title, False, change, written))
        self.galleries[number] = Gallery(images, ())

    def read(self) -> Iterator[GalleryRow]:
        yield from self.rows


def shelf() -> Shelf:
    """A product of each kind."""
    made = Shelf()
    made.add(
        "IN-PLACE", image("a", "MAIN"), image("b", "PT01"), title="Walking boot, café brown", written=True
    )
    made.add(
        "TO-DO",
        image("c", "MAIN"),
        image("d", "PT01", Sign.MISSING),
        image("e", "MAIN", Sign.OBSOLETE),
        change=Change(
            "TO-DO", False, True, missing=(amazon("d"),), thumbnail=amazon("c"), obsolete=(amazon("e"),)
        ),
    )
    refused = FailedImage(amazon("f"), "no image", 422)
    made.add(
        "FAILED",
        image("f", "MAIN", Sign.FAILED),
        change=Change("FAILED", False, True, failed=(refused,)),
    )
    made.add("UNKNOWN", image("g", "MAIN"), change=Change("UNKNOWN", False, False))
    made.add("EMPTY")
    return made


def report(
    of: Shelf,
    *,
    text: str | None = None,
    is_checked: bool = False,
    rows: Callable[[], Iterator[GalleryRow]] | None = None,
) -> ReportPage:
    """A report; with `text`, everything foreign in its head reads so."""
    return ReportPage(
        ledger=Path(text or "amzsync.db"),
        account=text or "production",
        made_at=_NOW,
        basis=Basis(is_checked=is_checked),
        counts=TABLES,
        runs=(run(command=text, message=text, mappings=((text, "ab"),), started_at=text),)
        if text
        else (run(),),
        failures=groups(text),
        writer=3,
        rows=rows or of.read,
        gallery=lambda row: of.galleries[row.id],
        zone=UTC,
    )


def page_of(made: ReportPage) -> str:
    """The one page of a report."""
    (tally,) = tallies(made.rows(), 10_000)
    return "".join(render_page(made, made.rows(), tally, ()))


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    children: "list[Element]" = field(default_factory=list)
    own_text: list[str] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.own_text).split())

    def all(self, tag: str, kind: str | None = None) -> "list[Element]":
        """What is inside it, in order."""
        found = [self] if self.tag == tag and (kind is None or kind in self.classes) else []
        return [*found, *(one for child in self.children for one in child.all(tag, kind))]

    def one(self, tag: str, kind: str | None = None) -> "Element":
        (found,) = self.all(tag, kind)
        return found


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("document", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(made)
        if tag not in _VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, "every element is closed where it was opened"

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.own_text.append(data)


def read_page(text: str) -> Element:
    """The elements of a page, which must be well formed."""
    tree = _Tree()
    tree.feed(text)
    tree.close()
    (root,) = tree.open
    return root
