"""A product's title as it is kept: only for people, so nothing in it is worth a refusal."""

__all__ = ["MAX_TITLE_LENGTH", "one_line"]

MAX_TITLE_LENGTH = 300
"""The most characters of a title that are kept; Amazon itself takes 200."""


def one_line(text: str) -> str:
    """The title on one line, cut to `MAX_TITLE_LENGTH`; empty where nothing in it can be shown.

    What no file can hold (half a character, NUL) is replaced.
    """
    # Cut first, with room for what the spaces take: a hostile title can be long.
    line = " ".join(text[: 4 * MAX_TITLE_LENGTH].replace("\0", " ").split())[:MAX_TITLE_LENGTH].rstrip()
    return line if line.isascii() else line.encode("utf-8", "replace").decode()
