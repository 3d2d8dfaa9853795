"""A mapping file as a stream of products."""

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from amzsync.domain.product import Product, Unreadable
from amzsync.errors import MappingError
from amzsync.files import open_regular
from amzsync.mapping.forms import NoSku, Shape, read_product
from amzsync.mapping.stream import JsonStream

__all__ = ["MappingSource", "open_mapping", "read_products"]

_PRODUCT_LISTS = ("matched", "unmatched_amazon", "variants")
_DEFAULT_MARKETPLACE = "US"
_MAX_UNREADABLE = 10_000


@dataclass(frozen=True, slots=True)
class MappingSource:
    """A mapping file and what its bytes were: the run keeps both."""

    path: Path
    sha256: str


def open_mapping(path: Path) -> MappingSource:
    """Check that a file can be read, and take its digest.

    Raises:
        MappingError: no such file, a folder, not readable.
    """
    with _open(path) as file:
        return MappingSource(path, hashlib.file_digest(file, "sha256").hexdigest())


def read_products(path: Path, *, marketplace: str | None = None) -> Iterator[Product | Unreadable]:
    """Every product of one file, in file order; `marketplace` overrides what the mapping says.

    One without a SKU is told as unreadable, with its place.

    Raises:
        MappingError: with the place and the cause, for a file that is no mapping.
    """
    default = _DefaultMarketplace(path)
    is_mapping = False
    unreadable = 0
    with _open(path) as file:
        stream = JsonStream(path, file)
        for place, entry in _entries(stream, path):
            try:
                product = read_product(entry, default, forced=marketplace)
            except NoSku as fault:
                is_mapping |= fault.has_images
                unreadable += 1
                if unreadable > _MAX_UNREADABLE:
                    raise MappingError(
                        f"{path}, {place}", f"this is the {unreadable:,}th product with neither SKU nor ASIN"
                    ) from None
                yield Unreadable(f"{path.name}, {place}", str(fault), str(path.absolute()))
            except Shape as shape:
                field = f"{place}.{shape.field}" if shape.field else place
                raise MappingError(f"{path}, {field}", shape.cause) from None
            else:
                is_mapping = True
                yield product
        stream.end()
    if not is_mapping:
        raise MappingError(
            str(path),
            f"none of its {unreadable:,} entries has a SKU or an ASIN" if unreadable else "no products found",
            f"A mapping lists them in {', '.join(_PRODUCT_LISTS)}, or is itself a list.",
        )


def _entries(stream: JsonStream, path: Path) -> Iterator[tuple[str, object]]:
    """Every product's place (`matched[3]`) and content."""
    if stream.peek() == "[":
        for index, entry in enumerate(stream.elements()):
            yield f"product [{index}]", entry
        return
    for key in _keys(stream, path):
        if key not in _PRODUCT_LISTS:
            _skip(stream, path)
        elif stream.peek() == "[":
            for index, entry in enumerate(stream.elements()):
                yield f"{key}[{index}]", entry
        elif stream.value() is not None:
            raise MappingError(f"{path}, {key}", "must be a list of products")


def _keys(stream: JsonStream, path: Path) -> Iterator[str]:
    """The keys of the document's object; the caller consumes each value before the next key."""
    if stream.peek() not in ("{", ""):
        stream.value()
        raise MappingError(str(path), "a mapping is an object or a list of products")
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


def _skip(stream: JsonStream, path: Path) -> None:
    """Pass over a value that is not used, of any size, so long as what it holds directly is bounded."""
    match stream.peek():
        case "[":
            for _ in stream.elements():
                pass
        case "{":
            for _ in _keys(stream, path):
                stream.value()
        case _:
            stream.value()


class _DefaultMarketplace:
    """What the mapping's metadata says, looked up only when some product needs it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._code = ""

    def __call__(self) -> str:
        if not self._code:
            self._code = self._look_up() or _DEFAULT_MARKETPLACE
        return self._code

    def _look_up(self) -> str:
        with _open(self._path) as file:
            stream = JsonStream(self._path, file)
            if stream.peek() != "{":
                return ""
            for key in _keys(stream, self._path):
                if key == "metadata":
                    metadata = stream.value()
                    code = metadata.get("marketplace") if isinstance(metadata, dict) else None
                    return code.strip() if isinstance(code, str) else ""
                if key == "marketplace":
                    code = stream.value()
                    return code.strip() if isinstance(code, str) else ""
                _skip(stream, self._path)
        return ""


def _open(path: Path) -> BufferedReader:
    try:
        return open_regular(path)
    except FileNotFoundError:
        raise MappingError(str(path), "there is no such file", "Check the path given to --mapping.") from None
    except IsADirectoryError:
        raise MappingError(str(path), "this is a folder, not a mapping file") from None
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.EINVAL:
            raise MappingError(
                str(path),
                "a mapping must be a regular file, not a pipe or a device",
                "Save its content to a file first.",
            ) from None
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise MappingError(str(path), f"cannot be read ({reason})") from None
