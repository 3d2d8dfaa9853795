"""A catalogue is the same catalogue in whichever form it comes."""

from pathlib import Path

import pytest
from catalogue import dump, merge, wanted
from hypothesis import given, settings
from hypothesis import strategies as st
from mapping_forms import FORMS, VARIANTS

from amzsync.domain.product import ImageRef, Product
from amzsync.domain.title import one_line
from amzsync.ledger.ledger import Ledger
from amzsync.mapping.read import read_products


def thirty() -> list[Product]:
    """Thirty products, two of them parents, one without images, pictures shared and in gaps."""
    products = []
    for number in range(30):
        chosen = [*VARIANTS[: number % 9], *(["SWATCH"] if number % 4 == 0 else [])] if number else []
        images = tuple(
            ImageRef(f"https://m.media-amazon.com/images/I/7{number // 2}{variant}+a.jpg", variant)
            for variant in chosen
            if (number, variant) != (5, "PT02")
        )
        title = f'A shoe; 1/2", in "{number}", größe\N{NO-BREAK SPACE}7' if number % 5 else None
        products.append(
            Product(f"AMZN-US-B0{number:08d}", number in (7, 8), images, title and one_line(title))
        )
    return products


@pytest.fixture(scope="module")
def as_it_is(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of the thirty products themselves."""
    path = tmp_path_factory.mktemp("ledger") / "a.db"
    with Ledger.write(path) as ledger:
        merge(ledger, thirty())
    return path


@pytest.mark.parametrize("form", FORMS)
def test_thirty_products_are_planned_the_same_in_every_form(
    form: str, as_it_is: Path, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping"
    mapping.write_bytes(FORMS[form](thirty()))
    with Ledger.write(tmp_path / "a.db") as ledger:
        merge(ledger, read_products(mapping))
        again = merge(ledger, read_products(mapping))
    assert wanted(tmp_path / "a.db") == wanted(as_it_is)
    assert not list(again.changed_products())
    assert dump(tmp_path / "a.db").keys() == dump(as_it_is).keys()
    titles = {one.sku: one.title for one in read_products(mapping) if isinstance(one, Product)}
    assert titles == {one.sku: one.title for one in thirty()}


WORD = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zs", "Zl", "Zp")),
    min_size=1,
    max_size=6,
)
CELL = st.lists(
    st.one_of(WORD, st.sampled_from(['"', ";", ",", "a\tb", '","', "'"])), min_size=1, max_size=4
).map(lambda words: "https://x.example/" + "".join(words) + ".jpg")
ASIN = st.text("ABCDEFGHIJ0123456789", min_size=1, max_size=10)


@st.composite
def catalogues(draw: st.DrawFn) -> list[Product]:
    products = []
    for asin in draw(st.lists(ASIN, min_size=1, max_size=5, unique=True)):
        chosen = draw(st.sets(st.sampled_from(VARIANTS)))
        images = tuple(ImageRef(draw(CELL), name) for name in VARIANTS if name in chosen)
        title = one_line(" ".join(["T", *draw(st.lists(WORD, max_size=3))]))
        products.append(Product(f"AMZN-US-{asin}", draw(st.booleans()), images, title))
    return products


@settings(max_examples=25)
@given(products=catalogues(), form=st.sampled_from(sorted(set(FORMS) - {"export"})))
def test_what_is_written_in_a_form_is_read_from_it(
    products: list[Product], form: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(FORMS[form](products))
    assert list(read_products(path)) == products, form
