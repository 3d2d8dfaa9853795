"""Consoles, and words that are safe on them.

Whatever a mapping or a server said is foreign: it reaches a terminal only through `foreign`, where it cannot
move the cursor, hide or reorder text, or pass as markup. Rich is imported when something is first shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from amzsync.limits.windows import Limit

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, JustifyMethod, RenderableType, RenderResult
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "SKU_LIMIT",
    "Sheet",
    "cost_text",
    "count_text",
    "duration_text",
    "facts",
    "foreign",
    "grid",
    "limit_text",
    "make_console",
    "names_text",
    "own",
    "plain",
    "plural",
    "titled",
    "window_text",
]

FOREIGN_LIMIT = 200
SKU_LIMIT = 64
SKUS_SHOWN = 5
_NARROW = 72
_UNBOUNDED = 10_000

# Drawn as nothing or as a blank, though they count as printable: fillers of Hangul and Braille, a joiner.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def make_console(
    stream: TextIO,
    *,
    environ: Mapping[str, str],
    no_color: bool = False,
    width: int | None = None,
    quiet: bool = False,
) -> "Console":
    """A console on `stream`, on which no text is read as markup."""
    from rich.console import Console

    # A character that the stream's encoding lacks must not end a run: its number stands for it.
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    uncoloured = no_color or bool(environ.get("NO_COLOR"))
    return Console(
        file=stream,
        color_system=None if uncoloured else "auto",
        no_color=uncoloured,
        width=width,
        quiet=quiet,
        markup=False,
        emoji=False,
        highlight=False,
        _environ=environ,
    )


def plain(text: str, limit: int = FOREIGN_LIMIT) -> str:
    """`text` on one line of at most `limit` characters; whatever would act or hide becomes its escape."""
    if len(text) <= limit and text.isprintable() and _INVISIBLE.isdisjoint(text):
        return text
    shown: list[str] = []
    left = limit
    for character in text[: limit + 1]:
        safe = character if _is_harmless(character) else _escape(character)
        left -= len(safe)
        shown.append(safe)
        if left < 0:
            break
    if left >= 0:
        return "".join(shown)
    while left < 1:
        left += len(shown.pop())
    return "".join(shown) + "…"


def _is_harmless(character: str) -> bool:
    return character.isprintable() and character not in _INVISIBLE


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def foreign(text: str, style: str = "", limit: int = FOREIGN_LIMIT) -> "Text":
    """Text from a mapping, a file name or a server, made harmless."""
    return own(plain(text, limit), style)


def own(text: str, style: str = "") -> "Text":
    """Text of this program. It folds rather than loses anything."""
    from rich.text import Text

    return Text(text, style=style, overflow="fold")


class Sheet:
    """Rows under headings; where the console is too narrow for columns, a paragraph a row.

    The cells of the columns in `whole` are not folded.
    """

    def __init__(self, *columns: str, numbers: Iterable[str] = (), whole: Iterable[str] = ()) -> None:
        self._columns = columns
        self._numbers = frozenset(numbers)
        self._whole = frozenset(whole)
        self._rows: list[tuple[Text, ...]] = []

    def add(self, *cells: "Text") -> None:
        self._rows.append(cells)

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        made = self._table()
        # Measured without a bound: within a given width a table always claims to fit.
        wanted = console.measure(made, options=options.update(max_width=_UNBOUNDED)).minimum
        if options.max_width < min(_NARROW, wanted):
            yield from map(self._paragraph, self._rows)
        else:
            yield made

    def _table(self) -> "Table":
        from rich import box
        from rich.table import Table

        made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
        for place, column in enumerate(self._columns):
            justify: JustifyMethod = "right" if column in self._numbers else "left"
            widest = max((row[place].cell_len for row in self._rows), default=0)
            least = widest if column in self._whole else None
            made.add_column(own(column), justify=justify, overflow="fold", min_width=least)
        for row in self._rows:
            made.add_row(*row)
        return made

    def _paragraph(self, row: "tuple[Text, ...]") -> "Text":
        named = [
            own(f"{column} ").append_text(cell)
            for column, cell in zip(self._columns[1:], row[1:], strict=True)
            if cell.plain
        ]
        return row[0].copy().append(": ").append_text(own(", ").join(named))


def titled(title: str, part: "RenderableType") -> "RenderableType":
    """A heading above a part, on a line of its own, so that a narrow part does not fold it."""
    from rich.console import Group

    return Group(own(title, "bold"), part)


def grid(rows: "Iterable[tuple[Text, Text]]", *, align_right: bool = False) -> "Table":
    """Two columns without lines, indented; the second takes the width that the first leaves."""
    from rich.padding import Padding
    from rich.table import Table

    made = Table.grid(padding=(0, 2, 0, 0))
    made.add_column(overflow="fold")
    made.add_column(overflow="fold", justify="right" if align_right else "left")
    for label, value in rows:
        made.add_row(Padding(label, (0, 0, 0, 2)), value)
    return made


def facts(rows: Iterable[tuple[str, str]]) -> "Table":
    """Labels with their numbers, aligned."""
    return grid(((own(label), own(value)) for label, value in rows), align_right=True)


def names_text(what: str, skus: Sequence[str], at_most: int = SKUS_SHOWN) -> "Text":
    """`2 products not in Plytix: A, B`."""
    listed = own(", ").join(foreign(sku, limit=SKU_LIMIT) for sku in skus[:at_most])
    more = len(skus) - at_most
    if more > 0:
        listed.append(f" and {count_text(more)} more")
    return own(f"{plural(len(skus), 'product')} {what}: ", "yellow").append_text(listed)


def count_text(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def plural(number: int, singular: str, several: str = "") -> str:
    """`1 image`, `12,345 images`."""
    return f"{count_text(number)} {singular if number == 1 else several or f'{singular}s'}"


def duration_text(seconds: float) -> str:
    """Seconds as `8 s`, `2 min 05 s`, `2 h 05 min` or `3 d 04 h`: its two largest units."""
    whole = max(0, round(seconds))
    for size, unit, small, small_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // small:02d} {small_unit}"
    return f"{whole} s"


def cost_text(requests: int, seconds: float) -> str:
    """`up to 5,300 requests, about 1 h 02 min at the account's rate limits`."""
    if seconds < 1:
        return f"up to {plural(requests, 'request')}; no waiting for rate limits expected"
    return f"up to {plural(requests, 'request')}, about {duration_text(seconds)} at the account's rate limits"


def limit_text(limit: Limit) -> str:
    """`5,000 in 1h`."""
    return f"{count_text(limit.allowed)} in {window_text(limit)}"


def window_text(limit: Limit) -> str:
    """`10s`, `1h`."""
    return str(limit).partition("/")[2]
