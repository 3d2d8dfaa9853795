"""Checks before the first upload that the gallery attribute exists and is a gallery."""

from amzsync.errors import PlytixError, RejectedError
from amzsync.executor.scheduler.script import Script, Send
from amzsync.executor.scheduler.stop_errors import no_gallery, reading_failed, wrong_gallery
from amzsync.ledger.runs import Runs
from amzsync.plytix.client import find_attribute

__all__ = ["check_gallery", "is_checked"]

_CHECKED = "checked_gallery"
_GALLERY_CLASS = "MediaGalleryAttribute"


def is_checked(runs: Runs, label: str) -> bool:
    """Whether Plytix has said before that this attribute is a gallery."""
    return runs.setting(_CHECKED) == label


def check_gallery(runs: Runs, label: str) -> Script[None]:
    """Ask for it, and remember that it is one; raises StopError where it is not."""
    try:
        sent = yield Send(find_attribute(label))
    except RejectedError:
        # An account may not show its definitions: then the products must show whether the gallery works.
        return
    except PlytixError as error:
        raise reading_failed(error) from None
    if sent.value is None:
        raise no_gallery(label)
    if sent.value.type_class != _GALLERY_CLASS:
        raise wrong_gallery(label, sent.value.type_class)
    runs.keep_setting(_CHECKED, label)
