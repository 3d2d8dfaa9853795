"""Standard input is kept for as long as it is read, and where that cannot be, it says so."""

import io
import zipfile

import pytest
from mapping_forms import workbook

from amzsync.domain.product import Product
from amzsync.errors import MappingError
from amzsync.mapping import source
from amzsync.mapping.read import read_products
from amzsync.mapping.source import STANDARD_INPUT, open_mapping

TEXT = b'[{"asin": "B1"}]'


class Failing(io.BytesIO):
    def read(self, _size: int | None = -1, /) -> bytes:
        raise OSError(28, "No space left on device")


@pytest.mark.parametrize("kept_in_memory", [1, 1000])
def test_it_is_read_at_two_places_at_once(kept_in_memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_KEPT_IN_MEMORY", kept_in_memory)
    kept = open_mapping(STANDARD_INPUT, io.BytesIO(TEXT))
    with kept.open() as one, kept.open() as other:
        assert (one.read(1), other.read(2), one.read(), other.read()) == (b"[", b"[{", TEXT[1:], TEXT[2:])
        assert other.seek(-1, io.SEEK_END) == len(TEXT) - 1
        assert other.seek(-1, io.SEEK_CUR) == len(TEXT) - 2
        assert other.read() == b"}]"


def test_a_workbook_comes_through_standard_input_too() -> None:
    kept = open_mapping(STANDARD_INPUT, io.BytesIO(workbook({"S": [("sku", "url"), ("A", "u")]})))
    with kept.open() as file:
        assert zipfile.is_zipfile(file)
    assert [type(one) for one in read_products(kept)] == [Product]


def test_a_closed_standard_input_is_a_sentence() -> None:
    with pytest.raises(MappingError, match="standard input: it is closed"):
        open_mapping(STANDARD_INPUT, None)


def test_one_that_cannot_be_kept_is_a_sentence() -> None:
    with pytest.raises(MappingError, match="cannot be kept in a temporary file"):
        open_mapping(STANDARD_INPUT, Failing())


def test_more_than_the_bound_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "_MOST_BYTES", 10)
    with pytest.raises(MappingError, match="more than 4 GB"):
        open_mapping(STANDARD_INPUT, io.BytesIO(TEXT))
