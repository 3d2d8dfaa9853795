"""Put another picture into an asset that Plytix has."""

from functools import partial
from pathlib import PurePosixPath

from amzsync.domain.picture import PictureKind, read_picture
from amzsync.errors import PlytixError, StopError
from amzsync.executor.scheduler.script import Script, Send
from amzsync.ledger.pictures import PictureInPlace, Pictures
from amzsync.plytix.client import replace_content
from amzsync.plytix.pictures import FileAnswer
from amzsync.plytix.wire import UploadedFile

__all__ = ["put_picture", "unfit"]

_TYPES = {
    PictureKind.JPEG: "image/jpeg",
    PictureKind.PNG: "image/png",
    PictureKind.GIF: "image/gif",
    PictureKind.WEBP: "image/webp",
}
_KINDS = {
    ".jpg": PictureKind.JPEG,
    ".jpeg": PictureKind.JPEG,
    ".png": PictureKind.PNG,
    ".gif": PictureKind.GIF,
    ".webp": PictureKind.WEBP,
}
_OTHER_FORMAT = (
    "it is a {} by now, and an asset keeps its format:"
    " delete the asset in Plytix, then `amzsync apply --refresh` uploads it anew"
)


def unfit(place: PictureInPlace, answer: FileAnswer) -> str:
    """Why what was fetched cannot be put there; empty where it can."""
    if answer.status is None:
        return f"it could not be fetched: {answer.reason}"
    if answer.status != 200:
        return f"it could not be fetched: HTTP {answer.status}"
    picture = read_picture(answer.content)
    if picture is None:
        return "what stands at its address is no JPEG, PNG, GIF or WEBP"
    expected = _KINDS.get(PurePosixPath(place.filename).suffix.lower(), picture.kind)
    return "" if picture.kind is expected else _OTHER_FORMAT.format(picture.kind.value)


def put_picture(place: PictureInPlace, answer: FileAnswer, pictures: Pictures) -> Script[None]:
    """Send it, once it was found fit.

    Sent twice it is the same: what was in the air when a run died is sent again.
    """
    picture = read_picture(answer.content)
    kind = _TYPES[picture.kind] if picture else answer.content_type
    file = UploadedFile(place.filename, kind, answer.content)
    try:
        yield Send(replace_content(place.plytix_id, file), claim=partial(pictures.claim, place.asset_id))
    except StopError:
        raise
    except PlytixError as error:
        told = f"HTTP {error.status}: " if error.status else ""
        pictures.leave(place.asset_id, f"Plytix did not take it: {told}{error.message}")
        return
    pictures.finish(place.asset_id, answer.marks)
