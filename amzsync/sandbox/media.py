"""What a request may say about a product's pictures: galleries, single media, the thumbnail.

See plytix-api, Products.
"""

from amzsync.sandbox.account import invalid
from amzsync.sandbox.behaviour import Order, Patch, WriteBehaviour
from amzsync.sandbox.messages import Json, Refusal
from amzsync.sandbox.state import MAX_ASSETS_PER_PRODUCT, THUMBNAIL, Attribute, Media, TypeClass
from amzsync.sandbox.store import Store

_WRONG_TYPE = {"_schema": ["Invalid input type."]}


def thumbnail(store: Store, value: Json) -> tuple[str, ...]:
    """The asset of a `thumbnail` value, none for null; a Refusal for a string."""
    return _single(store, THUMBNAIL, value)


def value_of(store: Store, attribute: Attribute, value: Json) -> tuple[str, ...]:
    """The assets of a media attribute's value, in order and each once."""
    name = f"attributes.{attribute.label}"
    if attribute.type_class is TypeClass.MEDIA:
        return _single(store, name, value)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise invalid(name, _WRONG_TYPE)
    ids = tuple(dict.fromkeys(_id_of(name, one) for one in value))
    _check_known(store, name, ids)
    return ids


def as_patched(
    how: WriteBehaviour, label: str, standing: tuple[str, ...], written: tuple[str, ...]
) -> tuple[str, ...]:
    """What a PATCH leaves of a gallery in which these stood; a Refusal where no PATCH may write one."""
    match how.patch:
        case Patch.REFUSE:
            raise invalid(f"attributes.{label}", "A gallery cannot be written.")
        case Patch.IGNORE:
            return standing
        case Patch.APPEND:
            return (*standing, *(one for one in _ordered(how, written) if one not in standing))
        case Patch.REPLACE:
            return _ordered(how, written)


def check_total(media: Media) -> None:
    """A Refusal where a product would hold more assets than it can."""
    if len({id_ for ids in media.values() for id_ in ids}) > MAX_ASSETS_PER_PRODUCT:
        raise Refusal(
            422,
            f"A product holds at most {MAX_ASSETS_PER_PRODUCT} assets",
            (("assets", f"At most {MAX_ASSETS_PER_PRODUCT} assets."),),
        )


def _ordered(how: WriteBehaviour, written: tuple[str, ...]) -> tuple[str, ...]:
    return written[::-1] if how.order is Order.REVERSED else written


def _single(store: Store, name: str, value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    ids = (_id_of(name, value),)
    _check_known(store, name, ids)
    return ids


def _id_of(name: str, value: Json) -> str:
    if not isinstance(value, dict):
        raise invalid(name, _WRONG_TYPE)
    id_ = value.get("id")
    if not isinstance(id_, str):
        raise invalid(name, {"id": ["Missing data for required field." if id_ is None else "Not a string."]})
    return id_


def _check_known(store: Store, name: str, ids: tuple[str, ...]) -> None:
    known = {asset.id for asset in store.assets(ids)}
    for id_ in ids:
        if id_ not in known:
            raise invalid(name, f"Asset {id_} was not found")
