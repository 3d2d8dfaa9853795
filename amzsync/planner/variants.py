"""The variants of a plan as numbers: known ones first, in gallery order."""

import itertools
from array import array

from amzsync.domain.variant import KNOWN

__all__ = ["Variants"]

_MAX_VARIANTS = 0xFFFF
_OVERFLOW_VARIANT = "OTHER"
_PATTERNS_KEPT = 10_000
_PATTERN_LENGTH = 64


class Variants:
    """`names` by code."""

    def __init__(self) -> None:
        self.names = list(KNOWN)
        self._codes = {variant: code for code, variant in enumerate(KNOWN)}
        self._patterns: dict[tuple[str, ...], tuple[array[int], bool]] = {}

    def code_of(self, variant: str) -> int:
        """The number of a variant; so many that no number is left share one."""
        code = self._codes.get(variant)
        if code is not None:
            return code
        if len(self.names) >= _MAX_VARIANTS:
            variant = _OVERFLOW_VARIANT
        code = self._codes.setdefault(variant, len(self.names))
        if code == len(self.names):
            self.names.append(variant)
        return code

    def pattern(self, variants: tuple[str, ...]) -> tuple["array[int]", bool]:
        """The codes of a row of variants, and whether they are known ones in gallery order, each once."""
        return self._patterns.get(variants) or self._new_pattern(variants)

    def _new_pattern(self, variants: tuple[str, ...]) -> tuple["array[int]", bool]:
        codes = array("H", [self.code_of(variant) for variant in variants])
        is_ordered = codes[-1] < len(KNOWN) and all(a < b for a, b in itertools.pairwise(codes))
        if len(variants) <= _PATTERN_LENGTH and len(self._patterns) < _PATTERNS_KEPT:
            self._patterns[variants] = codes, is_ordered
        return codes, is_ordered
