"""The bytes of a mapping as text."""

import codecs
from typing import BinaryIO

from amzsync.errors import MappingError

__all__ = ["Utf8Text"]

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE_AS_UTF_8 = "Save it as UTF-8 (in Excel: CSV UTF-8)."


class Utf8Text:
    """The text of one file, piece by piece; a byte order mark at its start is passed over."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._lines = 0

    def read(self, size: int) -> str:
        """What follows, at most so many bytes of it; empty at the end.

        Raises:
            MappingError: it is not UTF-8, with the line, or it cannot be read.
        """
        while True:
            try:
                data = self._file.read(size)
                text = self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                line = self._lines + error.object[: error.start].count(b"\n") + 1
                is_utf_16 = self._lines == 0 and error.object.startswith(_UTF_16)
                cause = "the file is not UTF-8 text" + (" but UTF-16" if is_utf_16 else "")
                raise MappingError(f"{self._name}, line {line}", cause, _SAVE_AS_UTF_8) from None
            except OSError as error:
                raise MappingError(self._name, f"cannot be read ({error.strerror})") from None
            self._lines += data.count(b"\n")
            if text or not data:
                return text
