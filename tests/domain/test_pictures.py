"""The kind and size of a picture, from its first bytes: read rightly, or not told, and never an error."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amzsync.domain.picture import Picture, PictureKind, read_picture

sides = st.integers(1, 0x3FFF)
few = settings(max_examples=60)


def jpeg(width: int, height: int, before: bytes = b"", frame: int = 0xC0) -> bytes:
    """With segments before the frame, and a scan behind it."""
    sof = struct.pack(">BBHBHHB", 0xFF, frame, 11, 8, height, width, 1) + b"\x01\x11\x00"
    return b"\xff\xd8" + before + sof + b"\xff\xda\x00\x08" + b"\x00" * 20


def segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x02"


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\x00"


def webp(form: bytes, content: bytes) -> bytes:
    return b"RIFF\x00\x00\x00\x00WEBP" + form + struct.pack("<I", len(content)) + content


def webp_extended(width: int, height: int) -> bytes:
    return webp(
        b"VP8X", b"\x10\x00\x00\x00" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    )


def webp_lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little") + b"\x00" * 8)


def webp_lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


MADE = {
    "jpeg": (PictureKind.JPEG, jpeg),
    "png": (PictureKind.PNG, png),
    "gif": (PictureKind.GIF, gif),
    "webp, extended": (PictureKind.WEBP, webp_extended),
    "webp, lossless": (PictureKind.WEBP, webp_lossless),
    "webp, lossy": (PictureKind.WEBP, webp_lossy),
}


@pytest.mark.parametrize("name", MADE)
@few
@given(width=sides, height=sides, cut=st.integers(0, 100))
def test_a_size_is_read_as_it_was_written_or_not_told(name: str, width: int, height: int, cut: int) -> None:
    kind, make = MADE[name]
    whole = make(width, height)
    assert read_picture(whole) == Picture(kind, width, height)
    assert read_picture(whole[:cut]) in (None, Picture(kind), Picture(kind, width, height))


@few
@given(
    sides,
    sides,
    st.lists(st.tuples(st.sampled_from([0xE0, 0xE1, 0xFE, 0xDB, 0xC4]), st.binary(max_size=40)), max_size=4),
    st.sampled_from([0xC0, 0xC1, 0xC2, 0xC9, 0xCF]),
)
def test_whatever_stands_before_the_frame_of_a_jpeg_is_passed_over(
    width: int, height: int, before: list[tuple[int, bytes]], frame: int
) -> None:
    segments = b"".join(segment(marker, content) for marker, content in before)
    for filler in (b"", b"\xff", b"\xff\x01"):
        assert read_picture(jpeg(width, height, segments + filler, frame)) == Picture(
            PictureKind.JPEG, width, height
        )


@settings(max_examples=300)
@given(st.sampled_from([b"", *(make(3, 2)[:12] for _, make in MADE.values())]), st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_none_and_no_size_is_negative(start: bytes, rest: bytes) -> None:
    picture = read_picture(start + rest)
    assert picture is None or min(picture.width, picture.height) >= 0


def test_a_page_is_no_picture() -> None:
    assert read_picture(b"<!DOCTYPE html><html>") is None
    assert read_picture(b'<svg xmlns="http://www.w3.org/2000/svg">') is None


def test_a_jpeg_that_never_gets_to_its_frame_ends() -> None:
    assert read_picture(b"\xff\xd8" + b"\xff" * 60_000) == Picture(PictureKind.JPEG)
    assert read_picture(b"\xff\xd8\xff\xe0\x00\x00" + b"\xff\xc0" * 50) == Picture(PictureKind.JPEG)
    assert Picture(PictureKind.GIF, 3, 7).longest == 7
