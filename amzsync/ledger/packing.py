"""Lists of Plytix ids as bytes: 13 for each id of the usual 24 hex digits, and any other id as text."""

import re
from collections.abc import Iterable

from amzsync.errors import LedgerError

__all__ = ["pack_ids", "unpack_ids"]

_USUAL = re.compile(r"[0-9a-f]{24}")
_USUAL_BYTES = 12
_LENGTH_BYTES = 2
_AS_HEX, _AS_TEXT = 0, 1


def pack_ids(ids: Iterable[str]) -> bytes:
    """The ids in their order."""
    packed = bytearray()
    for one in ids:
        if _USUAL.fullmatch(one):
            packed.append(_AS_HEX)
            packed += bytes.fromhex(one)
        else:
            text = one.encode()
            packed.append(_AS_TEXT)
            packed += len(text).to_bytes(_LENGTH_BYTES, "big") + text
    return bytes(packed)


def unpack_ids(packed: bytes) -> tuple[str, ...]:
    """The ids that were packed.

    Raises:
        LedgerError: the bytes are not as `pack_ids` makes them.
    """
    ids: list[str] = []
    at = 0
    try:
        while at < len(packed):
            kind, start = packed[at], at + 1
            if kind == _AS_TEXT:
                start += _LENGTH_BYTES
                at = start + int.from_bytes(packed[start - _LENGTH_BYTES : start], "big")
                ids.append(packed[start:at].decode())
            else:
                at = start + _USUAL_BYTES
                ids.append(packed[start:at].hex())
            if at > len(packed) or kind not in (_AS_HEX, _AS_TEXT):
                raise ValueError  # noqa: TRY301 - one way out for everything that is wrong with a record
    except ValueError:
        raise LedgerError(
            "A list of pictures in the ledger has been changed by hand.", "Do not change a ledger by hand."
        ) from None
    return tuple(ids)
