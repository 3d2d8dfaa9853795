"""Rows of the database as values, and the columns that they are made from."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from amzsync.sandbox.state import Asset, Product

ASSET_COLUMNS = (
    "assets.id, assets.filename, assets.source_url, assets.content, assets.content_type, assets.file_size,"
    " assets.created, assets.modified, assets.public, assets.categories"
)
PRODUCT_COLUMNS = "id, sku, label, status, created, modified, plain"


def product_of(row: Sequence[Any]) -> Product:
    id_, sku, label, status, created, modified, plain = row
    return Product(id_, sku, label, status, created, modified, json.loads(plain))


def asset_of(row: Sequence[Any]) -> Asset:
    id_, filename, source_url, content, content_type, file_size, created, modified, public, categories = row
    return Asset(
        id=id_,
        filename=filename,
        source_url=source_url,
        content=content,
        content_type=content_type,
        file_size=file_size,
        created=created,
        modified=modified,
        public=bool(public),
        categories=tuple(json.loads(categories)),
    )


def to_json(value: Mapping[str, Any] | Sequence[str]) -> str:
    return json.dumps(value, separators=(",", ":"))
