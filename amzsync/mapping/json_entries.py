"""The products of a JSON document, or of JSON Lines, one after the other."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard

from amzsync.errors import MappingError
from amzsync.mapping.forms import FIELDS, IDENTITY, PICTURES
from amzsync.mapping.stream import JsonStream

__all__ = ["PRODUCT_LISTS", "JsonEntries", "told_marketplace"]

PRODUCT_LISTS = ("matched", "unmatched_amazon", "variants", "items")
"""The fields of a document that hold products: those of an export, and those of a search in the SP-API."""


class JsonEntries:
    """Every product of a mapping, as it stands there.

    A mapping is a list of products, a document with lists of them, one product alone, or several such values
    one after the other, as JSON Lines have them.

    Raises:
        MappingError: with the place and the cause, for what is no mapping.
    """

    def __init__(self, name: str, stream: JsonStream) -> None:
        self._name = name
        self._stream = stream
        self._within = ""
        self._index: int | None = None

    def place(self) -> str:
        """Where the product stands that came last."""
        if self._index is not None:
            return f"{self._within}[{self._index}]"
        return self._within or f"line {self._stream.line()}"

    def __iter__(self) -> Iterator[object]:
        stream = self._stream
        if stream.peek() == "[":
            yield from self._list("product ")
        else:
            yield from self._document()
            self._within, self._index = "", None
            while stream.peek() == "{":
                entry = stream.value()
                if _is_page(entry):
                    yield from self._page(f"line {stream.line()}, ", entry)
                    self._within, self._index = "", None
                else:
                    yield entry
        stream.end()

    def _list(self, within: str) -> Iterator[object]:
        """The products of a list; a page of search results in it is the products that it holds."""
        self._within = within
        for index, entry in enumerate(self._stream.elements()):
            self._index = index
            if _is_page(entry):
                yield from self._page(f"{within}[{index}].", entry)
                self._within = within
            else:
                yield entry

    def _page(self, place: str, page: Mapping[str, Any]) -> Iterator[object]:
        for key in PRODUCT_LISTS:
            found = page.get(key)
            if isinstance(found, list):
                self._within = f"{place}{key}"
                for self._index, entry in enumerate(found):
                    yield entry

    def _document(self) -> Iterator[object]:
        """The products of an object: those in its lists, or else itself, if it is one."""
        stream, lists = self._stream, 0
        kept: dict[str, object] = {}
        for key in _keys(stream, self._name):
            if key in PRODUCT_LISTS and IDENTITY.isdisjoint(kept):
                lists += 1
                if stream.peek() == "[":
                    yield from self._list(key)
                elif stream.value() is not None:
                    raise MappingError(f"{self._name}, {key}", "must be a list of products")
            elif key in FIELDS:
                kept[key] = stream.value()
            else:
                _skip(stream, self._name)
        if not lists and not (IDENTITY | PICTURES).isdisjoint(kept):
            self._within, self._index = "", None
            yield kept


def _is_page(entry: object) -> TypeGuard[dict[str, Any]]:
    """Whether an entry is no product, but holds a list of them."""
    return (
        entry.__class__ is dict
        and isinstance(entry, dict)
        and "asin" not in entry
        and "suggested_sku" not in entry
        and "amazon_asin" not in entry
        and any(isinstance(entry.get(key), list) for key in PRODUCT_LISTS)
    )


def told_marketplace(name: str, stream: JsonStream) -> str:
    """The code that a document's metadata tells; empty where they tell none."""
    if stream.peek() != "{":
        return ""
    told: object = ""
    for key in _keys(stream, name):
        if key == "metadata":
            metadata = stream.value()
            return _code(metadata.get("marketplace")) if isinstance(metadata, dict) else ""
        if key in IDENTITY:
            return ""  # a product, which speaks only for itself
        if key == "marketplace":
            told = stream.value()
        elif key in PRODUCT_LISTS and told:
            break
        else:
            _skip(stream, name)
    return _code(told)


def _code(told: object) -> str:
    return told.strip() if isinstance(told, str) else ""


def _keys(stream: JsonStream, name: str) -> Iterator[str]:
    """The keys of the document's object; the caller consumes each value before the next key."""
    if stream.peek() not in ("{", ""):
        stream.value()
        raise MappingError(name, "a mapping is an object or a list of products")
    stream.expect("{")
    if stream.peek() == "}":
        stream.expect("}")
        return
    while True:
        if stream.peek() != '"':
            raise stream.error("not JSON: expected a key")
        key = str(stream.value())
        stream.expect(":")
        yield key
        if stream.expect(",}") == "}":
            return


def _skip(stream: JsonStream, name: str) -> None:
    """Pass over a value that is not used, of any size, so long as what it holds directly is bounded."""
    match stream.peek():
        case "[":
            for _ in stream.elements():
                pass
        case "{":
            for _ in _keys(stream, name):
                stream.value()
        case _:
            stream.value()
