import io
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from amzsync.errors import MappingError
from amzsync.mapping.stream import JsonStream

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)
LAYOUT = st.sampled_from([None, 0, 1, 3])


class Drip(io.BytesIO):
    """Gives at most so many bytes at once, whatever is asked for."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self.most = most

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self.most if size is None or size < 0 else min(size, self.most))


def stream(data: bytes, most: int = 1 << 18) -> JsonStream:
    return JsonStream("m.json", Drip(data, most))


@example(values=[1.5, 2e300, -3.25e-7, True], indent=None, is_ascii=True, most=1)
@given(
    values=st.lists(JSON, max_size=6),
    indent=LAYOUT,
    is_ascii=st.booleans(),
    most=st.integers(min_value=1, max_value=40),
)
def test_elements_cut_anywhere_are_those_of_the_whole(
    values: list[object], indent: int | None, most: int, *, is_ascii: bool
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    cut = stream(data, most)
    assert list(cut.elements()) == json.loads(data)
    cut.end()


@given(st.text(alphabet='[]{}",:\\ 0123.eE+-truefalsn\n', max_size=25), st.integers(1, 10))
def test_what_the_standard_library_refuses_is_refused_wherever_it_is_cut(text: str, most: int) -> None:
    data = ("[" + text).encode()

    def by_parts() -> list[object]:
        cut = stream(data, most)
        found = list(cut.elements())
        cut.end()
        return found

    try:
        expected = json.loads(data)
    except ValueError:
        with pytest.raises(MappingError):
            by_parts()
    else:
        assert by_parts() == expected


@given(
    st.lists(st.sampled_from(["1", '"a"', '"\\n"', "{}", " \n", "\n\n", "\t"]), min_size=1, max_size=12),
    st.integers(1, 9),
)
def test_line_and_column_do_not_depend_on_where_the_text_is_cut(pieces: list[str], most: int) -> None:
    text = (
        "["
        + ",".join(piece for piece in pieces if piece.strip())
        + "".join(piece for piece in pieces if not piece.strip())
    )
    data = (text + "!").encode()
    line = text.count("\n") + 1
    column = len(text) - text.rfind("\n")
    with pytest.raises(MappingError) as raised:
        list(stream(data, most).elements())
    assert raised.value.place == f"m.json, line {line}, column {column}"


def test_memory_holds_one_element_and_not_the_file() -> None:
    element = json.dumps({"asin": "B" * 1000})
    cut = stream(("[" + ",".join([element] * 5000) + "]").encode(), 1 << 14)
    longest = max(len(cut._text) for _ in cut.elements())
    assert longest < 1 << 16


def test_a_value_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amzsync.mapping.stream._MAX_ELEMENT_CHARS", 100_000)
    file = Drip(b'["' + b"a" * 10_000_000, 1 << 14)
    with pytest.raises(MappingError):
        list(JsonStream("m.json", file).elements())
    assert file.tell() < 1_000_000


def test_a_file_that_fails_while_it_is_read_is_a_mapping_that_cannot_be_read() -> None:
    class Failing(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(MappingError, match="cannot be read"):
        JsonStream("m.json", Failing())


@pytest.mark.parametrize(("depth", "is_refused"), [(64, False), (65, True)])
@pytest.mark.parametrize("many", [0, 100])
def test_a_value_is_nested_at_most_sixty_four_levels_deep(depth: int, many: int, *, is_refused: bool) -> None:
    outer = depth - 1
    value = "[" * outer + ",".join(["{}", *["[]"] * many]) + "]" * outer
    found = stream(f"[{value}, 1, 2]".encode())
    if is_refused:
        with pytest.raises(MappingError, match="nested deeper than 64 levels"):
            list(found.elements())
    else:
        assert len(list(found.elements())) == 3
