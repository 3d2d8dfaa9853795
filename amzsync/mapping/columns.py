"""What the columns of a table are for, told by their names: our own, and those of Amazon's flat files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amzsync.domain.product import MARKETPLACE_IDS
from amzsync.domain.variant import MAIN
from amzsync.mapping.forms import FLAT_FIELDS, TITLES

__all__ = ["Columns", "Identity", "NamedColumns", "Pictures", "Views", "find_columns"]

Views = tuple[tuple[int, str], ...]
"""Columns of addresses, each for one variant."""

_SKUS = ("suggested_sku", "sku")
_ASINS = ("amazon_asin", "asin", "asin1", "merchant_suggested_asin")
_TYPED = (
    ("product_id", "product_id_type"),
    ("product-id", "product-id-type"),
    ("external_product_id", "external_product_id_type"),
    ("amzn1.volt.ca.product_id_value", "amzn1.volt.ca.product_id_type"),
)
_LISTED = ("url", "link")
_TITLES = (*TITLES, "item-name")
_PARENTS = (
    ("item_classification", frozenset({"variation_parent"})),
    ("is_parent", frozenset({"true", "yes", "1"})),
    ("parent_child", frozenset({"parent"})),
    ("parentage", frozenset({"parent"})),
    ("parentage_level", frozenset({"parent"})),
)
_OLD = {
    "main_image_url": MAIN,
    **{f"other_image_url{number}": f"PT{number:02d}" for number in range(1, 100)},
    "swatch_image_url": "SWATCH",
}
_LOCATOR = re.compile(
    r"(?:(main)|(swatch)|other)_product_image_locator(?:_([1-9][0-9]?))?((?:\[[^\]]*\])*)(?:#1)?\.media_location"
)
_MARKETPLACE = re.compile(r"\[marketplace_id=([a-z0-9]+)\]")
# `item_name[marketplace_id=…][language_tag=…]#1.value` is the attribute item_name.
_ATTRIBUTE = re.compile(r"([a-z_]+)(?:\[[^\]]*\])*(?:#1)?\.value")
_KNOWN_IDS = {marketplace_id.lower() for marketplace_id in MARKETPLACE_IDS.values()}
_LONGEST_NAME = 300
_MOST_COLUMNS = 16_384


@dataclass(frozen=True, slots=True)
class NamedColumns:
    """The columns that somebody names: that of the SKU, those of the addresses."""

    sku: str | None = None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Identity:
    """The columns that name the product: the first that holds something does.

    `typed`: the column of an id, and that which tells whether it is an ASIN.
    """

    skus: tuple[int, ...]
    asins: tuple[int, ...]
    typed: tuple[tuple[int, int], ...]
    marketplace: int | None


@dataclass(frozen=True, slots=True)
class Pictures:
    """The columns of the addresses: of the first kind that holds something.

    `located` are those of each marketplace, by its id in small letters. `listed` are those without a variant
    of their own, where a row may be but one picture of its product.
    """

    flat: Views
    located: Mapping[str, Views]
    old: Views
    listed: tuple[int, ...]
    variant: int | None
    height: int | None
    width: int | None


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column that is used is for. `parents`: the texts that mark a variation parent, by column."""

    names: tuple[str, ...]
    identity: Identity
    pictures: Pictures
    titles: tuple[int, ...]
    parents: tuple[tuple[int, frozenset[str]], ...]

    @property
    def has_identity(self) -> bool:
        return bool(self.identity.skus or self.identity.asins or self.identity.typed)

    @property
    def has_pictures(self) -> bool:
        found = self.pictures
        return bool(found.flat or found.located or found.old or found.listed)

    @property
    def width(self) -> int:
        """How many columns hold all that is used."""
        identity, found = self.identity, self.pictures
        views = (found.flat, *found.located.values(), found.old)
        used = [
            *identity.skus,
            *identity.asins,
            *(index for pair in identity.typed for index in pair),
            *(index for kind in views for index, _ in kind),
            *found.listed,
            *self.titles,
            *(index for index, _ in self.parents),
            *(
                one
                for one in (identity.marketplace, found.variant, found.height, found.width)
                if one is not None
            ),
        ]
        return max(used, default=-1) + 1


def find_columns(cells: Sequence[str], named: NamedColumns) -> Columns:
    """What the columns are for, if these are their names; whoever asks looks whether that is enough."""
    names = tuple(cell.strip() for cell in cells[:_MOST_COLUMNS])
    at: dict[str, int] = {}
    for index, name in enumerate(names):
        if name:
            at.setdefault(_plain(name), index)
    return Columns(
        names=names,
        identity=_identity(names, at, named),
        pictures=_listed(names, at, named.urls) if named.urls else _pictures(at),
        titles=_all(at, _TITLES),
        parents=tuple((at[name], marks) for name, marks in _PARENTS if name in at),
    )


def _identity(names: tuple[str, ...], at: Mapping[str, int], named: NamedColumns) -> Identity:
    if named.sku is not None:
        return Identity(_named(names, (named.sku,)), (), (), at.get("marketplace"))
    return Identity(
        skus=_all(at, _SKUS),
        asins=_all(at, _ASINS),
        typed=tuple((at[name], at[kind]) for name, kind in _TYPED if name in at and kind in at),
        marketplace=at.get("marketplace"),
    )


def _pictures(at: Mapping[str, int]) -> Pictures:
    flat = _views(at, FLAT_FIELDS)
    located = _located(at)
    old = _views(at, _OLD)
    is_wide = bool(flat or located or old)
    listed = () if is_wide else _all(at, _LISTED)[:1]
    return Pictures(flat, located, old, listed, at.get("variant"), at.get("height"), at.get("width"))


def _listed(names: tuple[str, ...], at: Mapping[str, int], urls: tuple[str, ...]) -> Pictures:
    """What the columns that somebody names are; a variant can only be that of a single one."""
    found = _named(names, urls)
    of_one = at if len(urls) == 1 else {}
    sizes = of_one.get("height"), of_one.get("width")
    return Pictures((), {}, (), found if len(found) == len(urls) else (), of_one.get("variant"), *sizes)


def _located(at: Mapping[str, int]) -> dict[str, Views]:
    """The columns of each marketplace, MAIN first."""
    found: dict[str, dict[str, int]] = {}
    for name, index in at.items():
        match = _LOCATOR.fullmatch(name)
        if match is None:
            continue
        is_main, is_swatch, number, qualifiers = match.groups()
        marketplace = _MARKETPLACE.search(qualifiers)
        of = marketplace[1] if marketplace else ""
        if (of and of not in _KNOWN_IDS) or bool(number) == bool(is_main or is_swatch):
            continue
        variant = MAIN if is_main else "SWATCH" if is_swatch else f"PT{int(number):02d}"
        found.setdefault(of, {}).setdefault(variant, index)
    return {
        of: tuple((views[name], name) for name in _OLD.values() if name in views)
        for of, views in found.items()
    }


def _views(at: Mapping[str, int], fields: Mapping[str, str]) -> Views:
    return tuple((at[field], variant) for field, variant in fields.items() if field in at)


def _all(at: Mapping[str, int], names: Sequence[str]) -> tuple[int, ...]:
    return tuple(at[name] for name in names if name in at)


def _named(names: tuple[str, ...], wanted: Sequence[str]) -> tuple[int, ...]:
    """Where these names stand, as they are written, or else in other letters."""
    folded = [name.casefold() for name in names]
    found = []
    for name in filter(None, (one.strip() for one in wanted)):
        if name in names:
            found.append(names.index(name))
        elif name.casefold() in folded:
            found.append(folded.index(name.casefold()))
    return tuple(found)


def _plain(name: str) -> str:
    """The name in small letters; of an attribute without its qualifiers."""
    plain = name[:_LONGEST_NAME].lower()
    attribute = _ATTRIBUTE.fullmatch(plain)
    return attribute[1] if attribute else plain
