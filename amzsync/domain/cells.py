"""Which texts a cell of a CSV file can hold so that importers and spreadsheets take them as they are."""

__all__ = ["FORMULA_STARTS", "stands_unchanged"]

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def stands_unchanged(text: str) -> bool:
    """Whether a cell can be exactly this text: no formula, one line, nothing that would be cut off."""
    return text.isprintable() and text == text.strip() != "" and not text.startswith(FORMULA_STARTS)
