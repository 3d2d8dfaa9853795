"""What differs, product by product: a line each for people, and an entry for scripts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from amzsync.domain.changes import Change, FailedImage, Sign
from amzsync.views.console import SKU_LIMIT, count_text, foreign, own, plural
from amzsync.views.failures import cause_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["Listing", "change_entry", "change_lines", "change_words"]

_FEWEST_SHOWN = 8
_SHOWN_WITHOUT_TERMINAL = 20
_ALIGNED_AT_ONCE = 200
_GAP = "  "

_STYLES = {
    Sign.MISSING: "green",
    Sign.MOVED: "yellow",
    Sign.OBSOLETE: "magenta",
    Sign.FAILED: "red",
    Sign.NOT_IN_PLYTIX: "yellow",
}


@dataclass(frozen=True, slots=True)
class Listing:
    """Whether all changes are listed or what fits, and whether with the addresses of their images."""

    show_all: bool = False
    show_addresses: bool = False


def change_lines(
    changes: Iterable[Change],
    console: "Console",
    *,
    total: int,
    show_all: bool = False,
    show_addresses: bool = False,
    lines_kept_free: int = 6,
) -> "Iterator[Text]":
    """Lines to print: the first changes, as many as fit, and how many of the `total` are left out.

    `lines_kept_free` of a terminal are for what is printed beside them. Reads no more changes than it shows.
    """
    source = iter(changes)
    room = _room(console, lines_kept_free)
    shown = 0
    while group := list(islice(source, _ALIGNED_AT_ONCE if show_all else max(room, _FEWEST_SHOWN))):
        for entry in _entries(group, console.width, show_addresses=show_addresses):
            if not show_all and shown >= _FEWEST_SHOWN and room < len(entry):
                break
            yield from entry
            room -= len(entry)
            shown += 1
        if not show_all:
            break
    if total > shown:
        yield own(f"… and {plural(total - shown, 'more product')} with changes (--all)", "dim")


def change_entry(change: Change) -> dict[str, object]:
    """A product's changes as the contract spells them."""
    return {
        "sku": change.sku,
        "parent": change.is_parent,
        "in_plytix": change.in_plytix,
        "missing": list(change.missing),
        "moved": change.is_moved,
        "thumbnail": change.thumbnail,
        "obsolete": list(change.obsolete),
        "failed": [{"url": one.url, "error": one.error, "status": one.status} for one in change.failed],
    }


def change_words(change: Change) -> Iterator[tuple[Sign, str]]:
    """What changes, a sign at a time, in the words of the plan: `+7 images`."""
    for sign, words, _ in _texts(change):
        yield sign, words


def _room(console: "Console", lines_kept_free: int) -> int:
    return console.height - lines_kept_free if console.is_terminal else _SHOWN_WITHOUT_TERMINAL


def _entries(group: Sequence[Change], width: int, *, show_addresses: bool) -> "Iterator[list[Text]]":
    """The lines of each change, aligned with the others of the group."""
    skus = [foreign(change.sku, limit=SKU_LIMIT) for change in group]
    signs_width = max(len(change.signs) for change in group)
    sku_width = min(width // 2, max(sku.cell_len for sku in skus))
    for change, sku in zip(group, skus, strict=True):
        start = own("").join(own(sign.value, _STYLES[sign]) for sign in change.signs)
        start.append(" " * (signs_width - len(change.signs)) + _GAP)
        sku.truncate(width - start.cell_len, overflow="ellipsis")
        start.append_text(sku)
        rest = width - max(start.cell_len, signs_width + len(_GAP) + sku_width) - len(_GAP)
        details = _details(change, rest)
        if details.cell_len:
            start.append(" " * (width - rest - start.cell_len)).append_text(details)
        yield [start, *(_addresses(change) if show_addresses else ())]


def _details(change: Change, width: int) -> "Text":
    """What changes: in words where there is room for them, else in numbers."""
    parts = own(", ").join(_parts(change, in_words=True))
    forms: Sequence[Callable[[], Text]] = (
        lambda: parts.copy().append(", variation parent") if change.is_parent else parts,
        lambda: parts,
        lambda: own(" ").join(_parts(change, in_words=False)),
    )
    return next((form for make in forms if (form := make()).cell_len <= width), own(""))


def _parts(change: Change, *, in_words: bool) -> "Iterator[Text]":
    for sign, words, numbers in _texts(change):
        yield own(words if in_words else numbers, _STYLES[sign])


def _texts(change: Change) -> Iterator[tuple[Sign, str, str]]:
    """What changes, by sign: in words, and in numbers."""
    moved = [name for name, is_so in (("order", change.is_moved), ("thumbnail", change.thumbnail)) if is_so]
    texts = {
        Sign.MISSING: (f"+{plural(len(change.missing), 'image')}", f"+{count_text(len(change.missing))}"),
        Sign.MOVED: (f"~ {', '.join(moved)}", "~"),
        Sign.OBSOLETE: (f"-{plural(len(change.obsolete), 'image')}", f"-{count_text(len(change.obsolete))}"),
        Sign.FAILED: (f"!{count_text(len(change.failed))} failed", f"!{count_text(len(change.failed))}"),
        Sign.NOT_IN_PLYTIX: ("? not in Plytix", "?"),
    }
    for sign in change.signs:
        yield sign, *texts[sign]


def _addresses(change: Change) -> "Iterator[Text]":
    for url in change.missing:
        yield _address(Sign.MISSING, url)
    if change.thumbnail is not None:
        yield _address(Sign.MOVED, change.thumbnail, "thumbnail ")
    for url in change.obsolete:
        yield _address(Sign.OBSOLETE, url)
    for failed in change.failed:
        yield _failed(failed)


def _address(sign: Sign, url: str, what: str = "") -> "Text":
    return own(f"    {sign.value} ", _STYLES[sign]).append(what).append_text(foreign(url))


def _failed(failed: FailedImage) -> "Text":
    line = _address(Sign.FAILED, failed.url)
    return line.append(": ").append_text(foreign(cause_text(failed.error, failed.status), "red"))
