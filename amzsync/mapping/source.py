"""Where a mapping comes from: a file, or standard input, which is kept so that it can be read again."""

import errno
import hashlib
import io
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING, BinaryIO

from amzsync.errors import MappingError
from amzsync.files import open_regular

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["STANDARD_INPUT", "MappingSource", "open_mapping", "told_name"]

STANDARD_INPUT = Path("-")
_TOLD_AS = "standard input"
_CHUNK_BYTES = 1 << 20
_KEPT_IN_MEMORY = 1 << 23
_MOST_BYTES = 1 << 32


@dataclass(frozen=True, slots=True)
class MappingSource:
    """A mapping and what its bytes were: the run keeps both. `name` is what people are told."""

    path: Path
    sha256: str = ""
    _kept: "_Kept | None" = field(default=None, repr=False, compare=False)

    @property
    def name(self) -> str:
        return told_name(str(self.path)) if self._kept else str(self.path)

    @property
    def short_name(self) -> str:
        """The name without its folder."""
        return self.name if self._kept else self.path.name

    @property
    def full_name(self) -> str:
        """The name from every folder; standard input is always the same mapping."""
        return str(self.path if self._kept else self.path.absolute())

    def open(self) -> io.BufferedReader:
        """The bytes from the start, as often as they are needed.

        Raises:
            MappingError: no such file, a folder, not readable.
        """
        return io.BufferedReader(_View(self._kept)) if self._kept else _open(self.path)


def told_name(name: str) -> str:
    """A mapping's name for people."""
    return _TOLD_AS if name == str(STANDARD_INPUT) else name


def open_mapping(path: Path, standard_input: BinaryIO | None = None) -> MappingSource:
    """Check that a mapping can be read, and take its digest.

    `standard_input` is what the path `-` stands for: it is read here to its end, and kept in a file without a
    name, which is gone when this process is.

    Raises:
        MappingError: no such file, a folder, not readable, or more than 4 GB through standard input.
    """
    if path == STANDARD_INPUT:
        if standard_input is None:
            raise MappingError(_TOLD_AS, "it is closed")
        return _keep(standard_input)
    with _open(path) as file:
        return MappingSource(path, hashlib.file_digest(file, "sha256").hexdigest())


def _keep(standard_input: BinaryIO) -> MappingSource:
    digest, size, kept = hashlib.sha256(), 0, _Kept()
    try:
        while chunk := standard_input.read(_CHUNK_BYTES):
            size += len(chunk)
            if size > _MOST_BYTES:
                raise MappingError(_TOLD_AS, "it is more than 4 GB", "Save it to a file first.")
            digest.update(chunk)
            kept.file.write(chunk)
    except OSError as error:
        raise MappingError(_TOLD_AS, f"it cannot be kept in a temporary file ({error.strerror})") from None
    return MappingSource(STANDARD_INPUT, digest.hexdigest(), kept)


class _Kept:
    """A file without a name, which is gone with the last who reads it."""

    def __init__(self) -> None:
        self.file = SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY)  # noqa: SIM115 - closed below
        weakref.finalize(self, self.file.close)


class _View(io.RawIOBase):
    """One reader of a kept file, at a place of its own."""

    def __init__(self, kept: _Kept) -> None:
        self._kept = kept
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence == io.SEEK_CUR:
            offset, whence = self._at + offset, io.SEEK_SET
        self._at = self._kept.file.seek(offset, whence)
        return self._at

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        self._kept.file.seek(self._at)
        room = memoryview(buffer).cast("B")
        found = self._kept.file.read(len(room))
        room[: len(found)] = found
        self._at += len(found)
        return len(found)


def _open(path: Path) -> io.BufferedReader:
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
                "Save its content to a file first, or name `-` to read standard input.",
            ) from None
        reason = getattr(error, "strerror", None) or "the path cannot be used"
        raise MappingError(str(path), f"cannot be read ({reason})") from None
