"""The code of a marketplace from what people write for it."""

from difflib import get_close_matches

from amzsync.domain.product import MARKETPLACE_IDS

__all__ = ["marketplace_code", "similar_marketplace"]

_NAMES: dict[str, tuple[str, ...]] = {
    "US": ("usa", "united states", "america", "com"),
    "CA": ("canada",),
    "MX": ("mexico", "méxico"),
    "BR": ("brazil", "brasil"),
    "UK": ("united kingdom", "great britain", "england", "co.uk"),
    "DE": ("germany", "deutschland", "german"),
    "FR": ("france", "french"),
    "IT": ("italy", "italia"),
    "ES": ("spain", "españa", "espana"),
    "NL": ("netherlands", "nederland", "holland"),
    "SE": ("sweden", "sverige"),
    "PL": ("poland", "polska"),
    "JP": ("japan", "co.jp"),
    "AU": ("australia",),
    "IN": ("india",),
}
_BY_NAME = {
    **{name: code for code, names in _NAMES.items() for name in names},
    **{marketplace_id.lower(): code for code, marketplace_id in MARKETPLACE_IDS.items() if code != "GB"},
}


def marketplace_code(text: str) -> str | None:
    """The code as it stands in a SKU; None where it is none that Amazon has."""
    code = text.strip().upper()
    return code if code in MARKETPLACE_IDS else None


def similar_marketplace(text: str) -> str | None:
    """The code that was probably meant by a country's name, a marketplace id or a domain."""
    word = text.strip().lower().removeprefix("www.").removeprefix("amazon").lstrip(".-_ ")
    if word.upper() in MARKETPLACE_IDS:
        return word.upper()
    found = get_close_matches(word[:40], _BY_NAME, n=1, cutoff=0.75)
    return _BY_NAME[found[0]] if found else None
