"""What the first bytes of a file say of a picture: its kind, and its size in pixels. Pure.

Only the few fields that are needed are read, and everything else is passed over: a picture may come from
anybody, and none is ever decoded.
"""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Picture", "PictureKind", "read_picture"]

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8\xff"
# Frames of all codings; between them stand a table of Huffman codes, a reserved one and one for arithmetic.
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_JPEG_SCAN, _JPEG_END = 0xDA, 0xD9


class PictureKind(StrEnum):
    """The kinds of file that Amazon serves."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WEBP"


@dataclass(frozen=True, slots=True)
class Picture:
    """`width` and `height` are pixels, 0 where the bytes end before they tell."""

    kind: PictureKind
    width: int = 0
    height: int = 0

    @property
    def longest(self) -> int:
        """Pixels of the longer side; 0 where that is not told."""
        return max(self.width, self.height)


def read_picture(start: bytes) -> Picture | None:
    """The picture that a file with this start is; None for any other file."""
    if start.startswith(_JPEG):
        return _jpeg(start)
    if start.startswith(_PNG):
        is_whole = start[12:16] == b"IHDR" and len(start) >= 24
        return Picture(PictureKind.PNG, *(_big(start, 16, 4), _big(start, 20, 4)) if is_whole else ())
    if start[:6] in (b"GIF87a", b"GIF89a"):
        sizes = (_little(start, 6, 2), _little(start, 8, 2)) if len(start) >= 10 else ()
        return Picture(PictureKind.GIF, *sizes)
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return Picture(PictureKind.WEBP, *_webp(start))
    return None


def _jpeg(start: bytes) -> Picture:
    """Walk from segment to segment until one describes the frame."""
    place = 2
    while place + 4 <= len(start) and start[place] == 0xFF:
        marker = start[place + 1]
        if marker == 0xFF or marker in _JPEG_ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        length = _big(start, place + 2, 2)
        if marker in (_JPEG_SCAN, _JPEG_END) or length < 2:
            break
        if marker in _JPEG_FRAMES:
            if length < 8 or place + 9 > len(start):
                break
            return Picture(PictureKind.JPEG, _big(start, place + 7, 2), _big(start, place + 5, 2))
        place += 2 + length
    return Picture(PictureKind.JPEG)


def _webp(start: bytes) -> tuple[int, ...]:
    """Width and height; nothing where they are not told."""
    form = start[12:16]
    if form == b"VP8X" and len(start) >= 30:
        return _little(start, 24, 3) + 1, _little(start, 27, 3) + 1
    if form == b"VP8L" and len(start) >= 25 and start[20] == 0x2F:
        bits = _little(start, 21, 4)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if form == b"VP8 " and len(start) >= 30 and start[23:26] == b"\x9d\x01\x2a":
        return _little(start, 26, 2) & 0x3FFF, _little(start, 28, 2) & 0x3FFF
    return ()


def _big(start: bytes, place: int, size: int) -> int:
    return int.from_bytes(start[place : place + size], "big")


def _little(start: bytes, place: int, size: int) -> int:
    return int.from_bytes(start[place : place + size], "little")
