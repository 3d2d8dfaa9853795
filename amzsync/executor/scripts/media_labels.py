"""Which attributes of an account can hold pictures, so that it is known where a picture stands."""

from amzsync.errors import PlytixError, RejectedError
from amzsync.executor.scheduler.script import Script, Send
from amzsync.executor.scheduler.stop_errors import reading_failed
from amzsync.plytix.client import list_attributes

__all__ = ["find_media_labels"]

_MEDIA_CLASSES = frozenset({"MediaAttribute", "MediaGalleryAttribute"})
_MOST_LABELS = 16
_MOST_PAGES = 50


def find_media_labels(gallery_label: str) -> Script[list[str] | None]:
    """All labels besides the gallery's; None where they are not told, or too many for one search."""
    labels: list[str] = []
    for page in range(1, _MOST_PAGES + 1):
        try:
            sent = yield Send(list_attributes(page))
        except RejectedError:
            return None
        except PlytixError as error:
            raise reading_failed(error) from None
        labels += [
            one.label
            for one in sent.value.attributes
            if one.type_class in _MEDIA_CLASSES and one.label != gallery_label
        ]
        if len(labels) > _MOST_LABELS:
            return None
        if not sent.value.is_full:
            return labels
    return None
