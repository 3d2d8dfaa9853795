"""The answers after which nothing can go on, as errors with a next step."""

from amzsync.errors import PlytixError, StopError

__all__ = ["no_gallery", "reading_failed", "wrong_gallery"]


def reading_failed(error: PlytixError) -> StopError:
    """A read that everything else rests on was not answered, however often it was asked."""
    if isinstance(error, StopError):
        return error
    tries = f" ({error.attempts} attempts)" if error.attempts > 1 else ""
    return StopError(
        f"Plytix could not be read{tries}: {error.message}",
        method=error.method,
        path=error.path,
        status=error.status,
        fields=error.fields,
        next_step=error.next_step or "Nothing is lost; `amzsync resume` continues.",
    )


def no_gallery(label: str) -> StopError:
    return StopError(
        f"Plytix has no product attribute with the label {label!r}.",
        next_step="Create a media gallery attribute with that label, or name yours with --gallery LABEL.",
    )


def wrong_gallery(label: str, type_class: str) -> StopError:
    kind = type_class or "different kind of attribute"
    return StopError(
        f"The Plytix attribute {label!r} is a {kind}, not a media gallery.",
        next_step="Name a media gallery attribute with --gallery LABEL.",
    )
