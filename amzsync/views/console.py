"""Consoles, and words that are safe on them.

Whatever a mapping or a server said is foreign: it reaches a terminal only through `foreign`, where it cannot
move the cursor, hide or reorder text, or pass as markup. Rich is imported when something is first shown.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TextIO

from amzsync.plytix.pace import Limit

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

__all__ = [
    "SKU_LIMIT",
    "count_text",
    "duration_text",
    "facts",
    "foreign",
    "grid",
    "limit_text",
    "make_console",
    "own",
    "plain",
    "plural",
    "table",
    "window_text",
]

FOREIGN_LIMIT = 200
SKU_LIMIT = 64

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
    from rich.console import Console  # noqa: PLC0415 - a quick start

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
    from rich.text import Text  # noqa: PLC0415 - a quick start

    return Text(text, style=style, overflow="fold")


def table(*columns: str, title: str = "", numbers: Iterable[str] = ()) -> "Table":
    """An empty table; the columns in `numbers` are aligned to the right."""
    from rich import box  # noqa: PLC0415 - a quick start
    from rich.table import Table  # noqa: PLC0415

    right = frozenset(numbers)
    made = Table(
        title=own(title, "bold") if title else None,
        title_justify="left",
        title_style="",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for column in columns:
        made.add_column(
            own(column), justify="right" if column in right else "left", overflow="fold", vertical="top"
        )
    return made


def grid(title: str = "") -> "Table":
    """An empty table of two columns without lines: the second takes the width that the first leaves."""
    from rich.table import Table  # noqa: PLC0415 - a quick start

    made = Table.grid(padding=(0, 2, 0, 0))
    made.title = own(title, "bold") if title else None
    made.title_justify = "left"
    made.title_style = ""
    made.add_column(overflow="fold")
    made.add_column(overflow="fold")
    return made


def facts(rows: Iterable[tuple[str, str]], *, title: str = "") -> "Table":
    """Labels with their numbers, aligned."""
    made = grid(title)
    made.columns[1].justify = "right"
    for label, value in rows:
        made.add_row(own(f"  {label}"), own(value))
    return made


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


def limit_text(limit: Limit) -> str:
    """`5,000 in 1h`."""
    return f"{count_text(limit.allowed)} in {window_text(limit)}"


def window_text(limit: Limit) -> str:
    """`10s`, `1h`."""
    return str(limit).partition("/")[2]
