"""Small catalogues: products as a mapping would give them, and what a ledger makes of them."""

import sqlite3
from collections.abc import Collection, Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from amzsync.domain.image_url import ImageUrl, read_image_url
from amzsync.domain.product import ImageRef, Product, Unreadable
from amzsync.ledger.ledger import Clocks, Ledger
from amzsync.planner import Difference, Planner, settle

GALLERY = "amazon_images"
WORK_TABLES = ("products", "urls", "assets", "links", "thumbnails", "failures", "settings")
CLOCKS = Clocks(now=lambda: datetime(2025, 12, 23, 6, 0, 47, tzinfo=UTC))


def picture(image_id: str) -> str:
    return f"https://m.media-amazon.com/images/I/{image_id}.jpg"


def well_formed(url: str) -> ImageUrl:
    image = read_image_url(url)
    assert isinstance(image, ImageUrl), image
    return image


def product(sku: str, *images: ImageRef | tuple[str, str], is_parent: bool = False) -> Product:
    """A product with pictures given as (image id or whole address, variant)."""
    refs = [ImageRef(picture(url) if url and "/" not in url else url, *rest) for url, *rest in images]
    return Product(sku, is_parent, tuple(refs))


def merge(
    ledger: Ledger,
    products: Iterable[Product | Unreadable],
    *,
    gallery: str = GALLERY,
    skip_existing: bool = False,
    allow_private: bool = False,
    complete: bool = False,
    mappings: Collection[str] = (),
    run_id: int | None = None,
) -> Difference:
    planner = Planner(
        ledger.merge.known_rows(),
        gallery_label=gallery,
        allow_private=allow_private,
        is_complete=complete,
    )
    for one in products:
        planner.add(one)
    plan = settle(planner)
    ledger.merge.apply(
        plan, gallery_label=gallery, skip_existing=skip_existing, mappings=mappings, run_id=run_id
    )
    return plan


def rows(path: Path, sql: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the work tables."""
    return {table: rows(path, f"SELECT * FROM {table} ORDER BY 1, 2") for table in WORK_TABLES}


def wanted(path: Path) -> dict[str, set[tuple[Any, ...]]]:
    """What a ledger wants of Plytix, whatever its ids and whatever is done."""
    return {
        "products": set(rows(path, "SELECT sku, is_parent FROM products WHERE wanted IS NOT NULL")),
        "urls": set(
            rows(
                path,
                "SELECT url, CASE state WHEN 'failed' THEN reason END FROM urls WHERE state <> 'obsolete'",
            )
        ),
        "assets": set(
            rows(path, "SELECT url FROM assets JOIN urls USING (id) WHERE assets.state <> 'obsolete'")
        ),
        "links": set(
            rows(
                path,
                "SELECT sku, url, variant, position FROM links JOIN products ON products.id = product_id"
                " JOIN urls ON urls.id = asset_id WHERE links.state <> 'obsolete'",
            )
        ),
        "thumbnails": set(
            rows(
                path,
                "SELECT sku, url FROM thumbnails JOIN products ON products.id = product_id"
                " JOIN urls ON urls.id = asset_id WHERE thumbnails.state <> 'obsolete'",
            )
        ),
        "failures": set(
            rows(
                path,
                "SELECT row_table, sku, url, message FROM failures JOIN products ON products.id = product_id"
                " JOIN urls ON urls.id = url_id",
            )
        ),
    }


def states(path: Path, table: str) -> dict[str, str]:
    """State by address (urls, assets), by `SKU address` (links) or by SKU (thumbnails)."""
    key, joins = {
        "urls": ("url", ""),
        "assets": ("url", " JOIN urls ON urls.id = assets.id"),
        "links": (
            "sku || ' ' || url",
            " JOIN products ON products.id = product_id JOIN urls ON urls.id = asset_id",
        ),
        "thumbnails": ("sku", " JOIN products ON products.id = product_id"),
    }[table]
    found = rows(path, f"SELECT {key}, {table}.state FROM {table}{joins}")
    return {
        name.replace(picture("*")[: -len("*.jpg")], "").replace(".jpg", ""): state for name, state in found
    }
