"""Parses replies: tolerant of known differences, strict about everything else.

An answer of the wrong shape is a RetriableError: it is asked again, and never becomes a fact. Whatever
the bytes are, parsing ends in a fact or in a PlytixError.
"""

import json
from collections.abc import Iterator
from contextlib import suppress

from amzsync.errors import RetriableError
from amzsync.plytix.auth import Secret, TokenAnswer
from amzsync.plytix.nesting import children
from amzsync.plytix.wire import (
    AssetPage,
    AttributeDefinition,
    AttributePage,
    PlytixAsset,
    PlytixProduct,
    ProductPage,
    Reply,
)

__all__ = [
    "existing_asset_id",
    "fits_a_header",
    "garbage",
    "json_object",
    "parse_asset",
    "parse_asset_page",
    "parse_attribute_page",
    "parse_attributes",
    "parse_product",
    "parse_product_page",
    "parse_token",
    "parse_whole_product",
    "seconds",
    "usable_id",
]

MAX_DEPTH = 64  # a product nests five levels; far more is an attack or an accident
MAX_ID_CHARS = 256
MAX_TOKEN_CHARS = 16_384  # what servers commonly take as one header line


def parse_token(reply: Reply) -> TokenAnswer:
    answer = json_object(reply)
    row = _single(answer)
    token = row.get("access_token")
    if not isinstance(token, str) or not fits_a_header(token):
        raise garbage("no usable access_token")
    for told in (row.get("expires_in"), answer.get("expires_in")):
        life_s = seconds(told)
        if life_s:
            return TokenAnswer(Secret(token), life_s)
    return TokenAnswer(Secret(token))


def parse_product_page(reply: Reply, gallery_label: str, page_size: int) -> ProductPage:
    rows = _rows(json_object(reply))
    products = tuple(_product(row, gallery_label) for row in rows)
    if not all(product.sku for product in products):
        raise garbage("a product without sku")
    return ProductPage(products, is_full=len(rows) >= page_size)


def parse_product(reply: Reply, gallery_label: str, product_id: str) -> PlytixProduct:
    product = _product(_single(json_object(reply)), gallery_label)
    if product.id != product_id:
        raise garbage("another product than the one asked for")
    return product


def parse_whole_product(reply: Reply, gallery_label: str, product_id: str) -> PlytixProduct:
    """With all its attributes: what is absent there is known not to belong to the product."""
    product = parse_product(reply, gallery_label, product_id)
    if product.gallery is None and _single(json_object(reply)).get("attributes") is None:
        raise garbage("a whole product without attributes")
    return product


def parse_asset_page(reply: Reply, page_size: int) -> AssetPage:
    rows = _rows(json_object(reply))
    return AssetPage(tuple(_asset(row) for row in rows), is_full=len(rows) >= page_size)


def parse_asset(reply: Reply) -> PlytixAsset:
    return _asset(_single(json_object(reply)))


def parse_attribute_page(reply: Reply, page_size: int) -> AttributePage:
    attributes = parse_attributes(reply)
    return AttributePage(attributes, is_full=len(attributes) >= page_size)


def parse_attributes(reply: Reply) -> tuple[AttributeDefinition, ...]:
    return tuple(
        AttributeDefinition(
            _text(row.get("label"), "label"), _optional_text(row.get("type_class"), "type_class")
        )
        for row in _rows(json_object(reply))
    )


def existing_asset_id(reply: Reply) -> str | None:
    """The id that a 409 names, in any of the places that have been seen."""
    try:
        answer = json_object(reply)
    except RetriableError:
        return None
    error = answer.get("error")
    places = [answer, error] if isinstance(error, dict) else [answer]
    candidates: list[object] = [place.get("existing_asset_id") for place in places]
    for place in places:
        entries = place.get("errors")
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and entry.get("field") in {"asset.id", "existing_asset_id"}:
                message = entry.get("msg")
                candidates += message if isinstance(message, list) else [message]
    return next((found for found in map(usable_id, candidates) if found is not None), None)


def json_object(reply: Reply) -> dict[str, object]:
    """Raises RetriableError unless the body is one JSON object of bounded depth."""
    answer: object = None
    # The decoder's own error holds the whole body, so ours is not raised while handling it.
    with suppress(ValueError, RecursionError):
        answer = json.loads(reply.body, parse_constant=_refuse_constant)
    if not isinstance(answer, dict):
        raise garbage("not a JSON object")
    if not _is_shallow(answer):
        raise garbage("JSON that nests too deep")
    return answer


def usable_id(value: object) -> str | None:
    """The id as text, or None where it could not stand in a path or a ledger."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**30 else None
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS or value in {".", ".."}:
        return None
    return value if value.isprintable() and " " not in value else None


def seconds(value: object) -> float | None:
    """A finite, non-negative number of seconds, given as a number or as text; else None."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None


def garbage(cause: str) -> RetriableError:
    return RetriableError(f"Plytix sent an unusable answer ({cause}).")


def _refuse_constant(name: str) -> object:
    raise ValueError(name)


def _is_shallow(answer: object) -> bool:
    layer: list[object] = [answer]
    for _ in range(MAX_DEPTH):
        layer = [child for value in layer for child in children(value)]
        if not layer:
            return True
    return False


def fits_a_header(token: str) -> bool:
    return 0 < len(token) <= MAX_TOKEN_CHARS and token.isascii() and token.isprintable() and " " not in token


def _rows(answer: dict[str, object]) -> list[dict[str, object]]:
    rows = answer.get("data")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise garbage("data is not a list of records")
    return rows


def _single(answer: dict[str, object]) -> dict[str, object]:
    data = answer.get("data")
    row = data[0] if isinstance(data, list) and data else data
    if not isinstance(row, dict):
        raise garbage("no record in data")
    return row


def _product(row: dict[str, object], gallery_label: str) -> PlytixProduct:
    attributes = row.get("attributes")
    if attributes is None:
        attributes = {}
    if not isinstance(attributes, dict):
        raise garbage("attributes is not an object")
    place, key = (
        (attributes, gallery_label) if gallery_label in attributes else (row, f"attributes.{gallery_label}")
    )
    thumbnail = _ids(row, "thumbnail")
    return PlytixProduct(
        id=_id(row.get("id")),
        sku=_optional_text(row.get("sku"), "sku"),
        thumbnail_id=thumbnail[0] if thumbnail else None,
        gallery=_ids(place, key),
        assets=_ids(row, "assets"),
        filenames=_filenames(place.get(key)),
        elsewhere=frozenset(_other_ids(row, attributes, gallery_label)),
        family_id=usable_id(row.get("product_family_id")),
    )


def _other_ids(row: dict[str, object], attributes: dict[str, object], gallery_label: str) -> Iterator[str]:
    """Whatever may be an id of an asset in the attributes besides the gallery."""
    dotted = {name.removeprefix("attributes."): row[name] for name in row if name.startswith("attributes.")}
    for label, value in (dotted | attributes).items():
        if label != gallery_label:
            for one in value if isinstance(value, list) else [value]:
                found = usable_id(one.get("id") if isinstance(one, dict) else one)
                if found is not None:
                    yield found


def _asset(row: dict[str, object]) -> PlytixAsset:
    uses = [row.get("n_products"), row.get("n_catalogs")]
    counts = [count for count in uses if isinstance(count, int) and not isinstance(count, bool)]
    return PlytixAsset(
        _id(row.get("id")),
        _optional_text(row.get("filename"), "filename"),
        sum(map(abs, counts)) if len(counts) == len(uses) else None,
    )


def _ids(place: dict[str, object], key: str) -> tuple[str, ...] | None:
    """The ids of a list of objects (v1) or of ids (v2), or of one such alone; None where not told."""
    if key not in place:
        return None
    told = place[key]
    if told is None or told in ("", {}):
        return ()
    values = told if isinstance(told, list) else [told]
    return tuple(_id(value.get("id") if isinstance(value, dict) else value) for value in values)


def _filenames(told: object) -> dict[str, str]:
    """By id, of a gallery whose ids have been read."""
    values = told if isinstance(told, list) else [told]
    return {
        _id(value.get("id")): name
        for value in values
        if isinstance(value, dict) and value and isinstance(name := value.get("filename"), str)
    }


def _id(value: object) -> str:
    found = usable_id(value)
    if found is None:
        raise garbage("a record without usable id")
    return found


def _optional_text(value: object, name: str) -> str:
    return "" if value is None else _text(value, name)


def _text(value: object, name: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise garbage(f"{name} is not text")
    # A lone surrogate is legal JSON and can be stored nowhere.
    return value.encode("utf-8", "replace").decode()
