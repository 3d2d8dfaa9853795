"""What is listed as changing nothing is about functions that there are, with a reason for each."""

import tomllib
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_LISTED = tomllib.loads((Path(__file__).parent / "equivalents.toml").read_text(encoding="utf-8"))


def test_every_equivalent_change_is_of_a_function_that_is_there_and_says_why() -> None:
    for one in _LISTED["equivalents"]:
        source = (_ROOT / one["module"]).read_text(encoding="utf-8")
        name = one["function"].removesuffix("()").rpartition(".")[2]
        assert name in source, one
        assert one["change"], one
        assert one["why"], one
