"""Alternative texts: what a template may name, and what becomes of foreign words in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.domain.alt_text import Use, read_alt_text
from amzsync.domain.cells import FORMULA_STARTS, stands_unchanged

BOOT = Use("AMZN-US-B07X8Z63ZL", "Moss boot", "PT01", 2)


def test_every_field_has_its_value() -> None:
    template = read_alt_text("{title} ({sku}, {asin}): {variant}, view {position} {{x}}")
    assert template.of(BOOT) == "Moss boot (AMZN-US-B07X8Z63ZL, B07X8Z63ZL): PT01, view 2 {x}"


def test_without_a_value_for_a_field_there_is_no_text() -> None:
    assert read_alt_text("{title}, view {position}").of(Use("S1", "", "MAIN", 1)) == ""
    assert read_alt_text("{asin} {position}").of(Use("S1", "Boot", "MAIN", 1)) == ""


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{price}", "{price} is not one of {sku}, {title}"),
        ("{title.__class__}", "{title.__class__} is not one of"),
        ("{0}", "{0} is not one of"),
        ("{}", "{} is not one of"),
        ("{title!r}", "{title} takes no format"),
        ("{position:>9999999}", "{position} takes no format"),
        ("{title", "its braces do not match"),
        ("a picture", "it names none of"),
        ("{title}" * 100, "it is longer than 500 characters"),
    ],
)
def test_a_template_that_cannot_be_used_is_told_why(template: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".*") as raised:
        read_alt_text(template)
    assert str(raised.value).startswith(said)


@given(st.text())
def test_a_foreign_title_becomes_one_harmless_line(title: str) -> None:
    text = read_alt_text("{title}{position}").of(Use("S1", title, "MAIN", 1))
    assert len(text) <= 500
    assert not text.startswith(FORMULA_STARTS)
    assert not title or stands_unchanged(text)


@pytest.mark.parametrize("text", ["", " S1", "S1 ", "=1", "+1", "-1", "@x", "a\nb", "a\u202eb", "\tx"])
def test_a_cell_that_would_be_changed_is_known(text: str) -> None:
    assert not stands_unchanged(text)
    assert stands_unchanged(f"S{text.strip()}1") is (f"S{text.strip()}1".isprintable())
