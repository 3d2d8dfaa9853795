"""The content of an asset (plytix-api, Assets): another picture of the same format in its place."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message

from amzsync.sandbox.account import Account, invalid
from amzsync.sandbox.assets import existing, full_all
from amzsync.sandbox.messages import Refusal, Reply, Request, data

_BEGINNINGS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
)


def replace_content(account: Account, ids: tuple[str, ...], request: Request) -> Reply:
    """`PUT /assets/{id}/content`: 202; name, id and links stay. Another format is 400."""
    content = _file(request)
    with account.store.transaction():
        before = existing(account.store, ids[0])
        kind = _content_type(content)
        if kind is None:
            raise Refusal(400, "The file is no image", (("file", "Not a valid image."),))
        if kind != before.content_type:
            raise Refusal(400, "The file has another format", (("file", f"Must be {before.content_type}."),))
        after = replace(
            before,
            content=hashlib.sha256(content).hexdigest(),
            file_size=len(content),
            modified=account.now(),
        )
        account.past.before_change(assets=[after.id])
        account.store.update_asset(after)
    return replace(data(*full_all(account.store, [after])), status=202)


def _file(request: Request) -> bytes:
    """The field `file` of a form; a Refusal where the body is none, or lacks it."""
    content_type = request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        raise Refusal(400, "The content type must be multipart/form-data")
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    form = message_from_bytes(head + request.body)
    for part in _parts(form):
        if part.get_param("name", header="content-disposition") == "file" and part.get_filename():
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    raise invalid("file", "Missing data for required field.")


def _parts(form: "Message[str, str]") -> "Iterator[Message[str, str]]":
    """None of a form whose boundary does not fit."""
    for part in form.walk():
        if not part.is_multipart() and part.get_content_disposition() == "form-data":
            yield part


def _content_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for beginning, kind in _BEGINNINGS if content.startswith(beginning)), None)
