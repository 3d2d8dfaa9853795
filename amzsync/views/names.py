"""Lists of names for people, none of which is broken over lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from amzsync.views.console import SKU_LIMIT, count_text, foreign, own

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

__all__ = ["NameList"]


@dataclass(frozen=True, slots=True)
class NameList:
    """A sentence that ends in names: `Without images: A, B and 3 more`. `total` also counts unnamed ones."""

    title: str
    names: Sequence[str]
    total: int
    style: str = ""

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        line = own(f"{self.title}:", self.style)
        for word in self._words():
            if line.cell_len + 1 + word.cell_len > options.max_width:
                yield line
                line = own(" ")
            if line.cell_len + 1 + word.cell_len > options.max_width:
                word.truncate(options.max_width - line.cell_len - 1, overflow="ellipsis")
            line.append(" ", "default").append_text(word)
        yield line

    def _words(self) -> "list[Text]":
        words = [foreign(name, limit=SKU_LIMIT) for name in self.names]
        more = self.total - len(words)
        if more > 0:
            words.append(own(f"and {count_text(more)} more"))
        for word in words[: len(self.names) - 1]:
            word.append(",")
        return words
