"""How a sandbox answers where the API is not documented: the first answer to each question is the default."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from amzsync.errors import SandboxError

MAX_LAG_S = 600.0


class Patch(StrEnum):
    """What a PATCH does with a media gallery."""

    REPLACE = "replace"
    APPEND = "append"
    IGNORE = "ignore"
    REFUSE = "refuse"


class Order(StrEnum):
    """In which order a PATCH leaves the pictures of a gallery."""

    KEPT = "kept"
    REVERSED = "reversed"


class Answer(StrEnum):
    """What the answer to a PATCH holds."""

    WHOLE = "whole"
    EMPTY = "empty"


class Linked(StrEnum):
    """The answer to a link that is there already."""

    CONFLICT = "409"
    BARE_CONFLICT = "409-bare"
    ACCEPTED = "201"


class Unlink(StrEnum):
    """Where an asset is taken out of."""

    EVERYWHERE = "everywhere"
    ONE = "one"


class DeleteUsed(StrEnum):
    """What becomes of the request to delete an asset that a product holds."""

    ALLOWED = "allowed"
    REFUSED = "refused"


class Gallery(StrEnum):
    """Whether a search tells media attributes."""

    TOLD = "told"
    UNTOLD = "untold"


class MediaForm(StrEnum):
    """How the pictures of an attribute are told."""

    OBJECTS = "objects"
    IDS = "ids"


class Empty(StrEnum):
    """How an answer tells an empty attribute."""

    ABSENT = "absent"
    NULL = "null"


class SkuIn(StrEnum):
    """Whether a search takes `sku in […]`."""

    TAKEN = "taken"
    REFUSED = "refused"


class Eq(StrEnum):
    """How `eq` and `in` compare text."""

    IGNORES_CASE = "ignores-case"
    EXACT = "exact"


class Counts(StrEnum):
    """The numbers in `pagination`: right; `count` is all hits; no total; a total that ignores the filters."""

    RIGHT = "right"
    HITS = "hits"
    MISSING = "missing"
    UNFILTERED = "unfiltered"


class Exists(StrEnum):
    """How the refusal of an asset that is there names it."""

    ERRORS = "errors"
    EXISTING_ID = "existing-id"
    NO_ID = "no-id"


class OtherName(StrEnum):
    """The answer to an address that is there under another name: a 409, or a second asset."""

    CONFLICT = "409"
    SECOND = "second"


class Unreachable(StrEnum):
    """The answer to an address that gives no picture."""

    REFUSED = "422"
    NOT_FOUND = "404"
    BROKEN = "500"
    ACCEPTED = "201"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBehaviour:
    """How products are written."""

    patch: Patch = Patch.REPLACE
    order: Order = Order.KEPT
    answer: Answer = Answer.WHOLE
    linked: Linked = Linked.CONFLICT
    unlink: Unlink = Unlink.EVERYWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchBehaviour:
    """How searches answer; `lag` is how many seconds they are behind."""

    gallery: Gallery = Gallery.TOLD
    media: MediaForm = MediaForm.OBJECTS
    empty: Empty = Empty.ABSENT
    sku_in: SkuIn = SkuIn.TAKEN
    eq: Eq = Eq.IGNORES_CASE
    counts: Counts = Counts.RIGHT
    lag: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetBehaviour:
    """How assets are made and deleted."""

    exists: Exists = Exists.ERRORS
    other_name: OtherName = OtherName.CONFLICT
    unreachable: Unreachable = Unreachable.REFUSED
    delete_used: DeleteUsed = DeleteUsed.ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """All of it."""

    writes: WriteBehaviour = field(default_factory=WriteBehaviour)
    searches: SearchBehaviour = field(default_factory=SearchBehaviour)
    assets: AssetBehaviour = field(default_factory=AssetBehaviour)


def choices() -> Mapping[str, tuple[str, ...]]:
    """The values of each key, the default first; a number of seconds has none but its default."""
    return {
        key: tuple(type(default)) if isinstance(default, StrEnum) else (f"{default:g}",)
        for key, default in _defaults().items()
    }


def parse_behaviour(words: Iterable[str]) -> Behaviour:
    """From `key=value,key=value`, the last one of a key counts; a SandboxError for any other."""
    defaults, values = _defaults(), dict[str, Any]()
    for word in (part.strip() for text in words for part in text.split(",")):
        if word:
            key, _, value = (part.strip() for part in word.partition("="))
            if key not in defaults:
                raise SandboxError(
                    f"The sandbox has no behaviour {key!r}.", f"Name one of {', '.join(defaults)}."
                )
            values[key] = _value(defaults[key], key, value)
    return Behaviour(
        writes=WriteBehaviour(**_own(WriteBehaviour, values)),
        searches=SearchBehaviour(**_own(SearchBehaviour, values)),
        assets=AssetBehaviour(**_own(AssetBehaviour, values)),
    )


_Group = type[WriteBehaviour] | type[SearchBehaviour] | type[AssetBehaviour]


def _defaults() -> dict[str, StrEnum | float]:
    groups: tuple[_Group, ...] = (WriteBehaviour, SearchBehaviour, AssetBehaviour)
    return {_key(one.name): getattr(group(), one.name) for group in groups for one in fields(group)}


def _own(group: _Group, values: Mapping[str, Any]) -> dict[str, Any]:
    return {one.name: values[_key(one.name)] for one in fields(group) if _key(one.name) in values}


def _key(name: str) -> str:
    return name.replace("_", "-")


def _value(known: StrEnum | float, key: str, value: str) -> StrEnum | float:
    if isinstance(known, StrEnum):
        try:
            return type(known)(value)
        except ValueError:
            raise SandboxError(
                f"{key} cannot be {value!r}.", f"Name one of {', '.join(type(known))}."
            ) from None
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= MAX_LAG_S:
        raise SandboxError(f"{key} cannot be {value!r}.", f"Name seconds from 0 to {MAX_LAG_S:g}.")
    return seconds
