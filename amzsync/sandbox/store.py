"""The account's products, assets, links, attributes and families in the database."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path

from amzsync.sandbox.database import Database
from amzsync.sandbox.rows import ASSET_COLUMNS, PRODUCT_COLUMNS, asset_of, product_of, to_json
from amzsync.sandbox.state import Asset, Attribute, Link, Media, Product, TypeClass


class Table(StrEnum):
    """The tables that are searched."""

    PRODUCTS = "products"
    ASSETS = "assets"


class IndexedColumn(StrEnum):
    """Where a search is a look-up; the keys are case-folded text."""

    ID = "id"
    SKU_KEY = "sku_key"
    FILENAME_KEY = "filename_key"


class Store(Database):
    """Typed reading and writing of products, assets, links, attributes and families."""

    def __init__(
        self, path: Path | None = None, *, new_id: Callable[[], str] = lambda: secrets.token_hex(12)
    ) -> None:
        """Open or create; a SandboxError where the file cannot be used."""
        super().__init__(path)
        self._new_id = new_id

    def everything(self) -> tuple[list[Product], list[Asset], list[tuple[str, str, str]]]:
        """All products and assets as they were made, and the links as (product, label, asset), in order."""
        with self.lock:
            products = self.db.execute(f"SELECT {PRODUCT_COLUMNS} FROM products ORDER BY seq").fetchall()
            assets = self.db.execute(f"SELECT {ASSET_COLUMNS} FROM assets ORDER BY seq").fetchall()
            links = self.db.execute(
                "SELECT product, label, asset FROM links ORDER BY product, label, position"
            ).fetchall()
        return [product_of(row) for row in products], [asset_of(row) for row in assets], links

    # Searching

    def count(self, table: Table) -> int:
        with self.lock:
            row = self.db.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(row[0])

    def ids(self, table: Table, *, offset: int = 0, limit: int = -1) -> list[str]:
        """Ids in the order of creation."""
        with self.lock:
            found = self.db.execute(f"SELECT id FROM {table} ORDER BY seq LIMIT ? OFFSET ?", (limit, offset))
            return [row[0] for row in found]

    def lookup(self, table: Table, column: IndexedColumn, values: Sequence[str]) -> list[tuple[int, str]]:
        """Sequence number and id of the rows whose column holds one of the values, found by index."""
        query = f"SELECT seq, id FROM {table} WHERE {column} IN ({{}})"
        return [(row[0], row[1]) for row in self.select_in(query, values)]

    # Products

    def add_products(self, products: Iterable[Product]) -> None:
        """Those whose SKU is there already are left out."""
        with self.lock:
            self.db.executemany(
                f"INSERT OR IGNORE INTO products ({PRODUCT_COLUMNS}, sku_key) VALUES (?,?,?,?,?,?,?,?)",
                (
                    (
                        p.id,
                        p.sku,
                        p.label,
                        p.status,
                        p.created,
                        p.modified,
                        to_json(p.plain),
                        p.sku.casefold(),
                    )
                    for p in products
                ),
            )

    def products(self, ids: Sequence[str]) -> list[Product]:
        """In the order of `ids`; unknown ones are missing."""
        rows = self.select_in(f"SELECT {PRODUCT_COLUMNS} FROM products WHERE id IN ({{}})", ids)
        found = {row[0]: product_of(row) for row in rows}
        return [found[id_] for id_ in ids if id_ in found]

    def product_by_sku(self, sku: str) -> Product | None:
        with self.lock:
            row = self.db.execute("SELECT id FROM products WHERE sku = ?", (sku,)).fetchone()
        return None if row is None else self.products([row[0]])[0]

    def update_product(self, product: Product) -> None:
        with self.lock:
            self.db.execute(
                "UPDATE products SET sku = ?, sku_key = ?, label = ?, status = ?, modified = ?, plain = ?"
                " WHERE id = ?",
                (
                    product.sku,
                    product.sku.casefold(),
                    product.label,
                    product.status,
                    product.modified,
                    to_json(product.plain),
                    product.id,
                ),
            )

    def delete_product(self, id_: str) -> bool:
        with self.transaction():
            return self.remove_product(id_)

    def remove_product(self, id_: str) -> bool:
        """Within a transaction."""
        self.db.execute("DELETE FROM links WHERE product = ?", (id_,))
        self.db.execute("DELETE FROM family_products WHERE product = ?", (id_,))
        return self.db.execute("DELETE FROM products WHERE id = ?", (id_,)).rowcount == 1

    # Media

    def media(self, product_id: str) -> Media:
        found: dict[str, list[str]] = {}
        with self.lock:
            for label, asset in self.db.execute(
                "SELECT label, asset FROM links WHERE product = ? ORDER BY label, position", (product_id,)
            ):
                found.setdefault(label, []).append(asset)
        return {label: tuple(assets) for label, assets in found.items()}

    def set_media(self, product_id: str, label: str, asset_ids: Sequence[str]) -> None:
        """Replace what is linked under the label, in this order."""
        with self.lock:
            self.db.execute("DELETE FROM links WHERE product = ? AND label = ?", (product_id, label))
            self.db.executemany(
                "INSERT INTO links (product, label, position, asset) VALUES (?, ?, ?, ?)",
                [(product_id, label, position, asset) for position, asset in enumerate(asset_ids)],
            )

    def links(self, product_ids: Sequence[str]) -> list[Link]:
        """All links of these products, by label and in order."""
        rows = self.select_in(
            f"SELECT links.product, links.label, {ASSET_COLUMNS} FROM links JOIN assets"
            " ON assets.id = links.asset WHERE links.product IN ({}) ORDER BY product, label, position",
            product_ids,
        )
        return [Link(row[0], row[1], asset_of(row[2:])) for row in rows]

    # Assets

    def add_asset(self, asset: Asset) -> None:
        with self.lock:
            self.db.execute(
                "INSERT INTO assets (id, filename, source_url, content, content_type, file_size, created,"
                " modified, public, categories, filename_key) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (
                    asset.id,
                    asset.filename,
                    asset.source_url,
                    asset.content,
                    asset.content_type,
                    asset.file_size,
                    asset.created,
                    asset.modified,
                    asset.public,
                    to_json(asset.categories),
                    asset.filename.casefold(),
                ),
            )

    def assets(self, ids: Sequence[str]) -> list[Asset]:
        """In the order of `ids`; unknown ones are missing."""
        rows = self.select_in(f"SELECT {ASSET_COLUMNS} FROM assets WHERE id IN ({{}})", ids)
        found = {row[0]: asset_of(row) for row in rows}
        return [found[id_] for id_ in ids if id_ in found]

    def asset_ids_from(self, source_url: str) -> list[str]:
        with self.lock:
            found = self.db.execute("SELECT id FROM assets WHERE source_url = ? ORDER BY seq", (source_url,))
            return [row[0] for row in found]

    def assets_named(self, filename: str) -> list[Asset]:
        """Exactly so named: case counts."""
        found = self.lookup(Table.ASSETS, IndexedColumn.FILENAME_KEY, [filename.casefold()])
        return [asset for asset in self.assets([id_ for _, id_ in found]) if asset.filename == filename]

    def update_asset(self, asset: Asset) -> None:
        with self.lock:
            self.db.execute(
                "UPDATE assets SET filename = ?, filename_key = ?, modified = ?, public = ?, categories = ?"
                " WHERE id = ?",
                (
                    asset.filename,
                    asset.filename.casefold(),
                    asset.modified,
                    asset.public,
                    to_json(asset.categories),
                    asset.id,
                ),
            )

    def delete_asset(self, id_: str) -> bool:
        """Also out of every gallery and thumbnail."""
        with self.transaction():
            return self.remove_asset(id_)

    def remove_asset(self, id_: str) -> bool:
        """The same, within a transaction."""
        self.db.execute("DELETE FROM links WHERE asset = ?", (id_,))
        return self.db.execute("DELETE FROM assets WHERE id = ?", (id_,)).rowcount == 1

    def holders(self, asset_id: str) -> list[str]:
        """The products that an asset is linked to."""
        with self.lock:
            rows = self.db.execute("SELECT DISTINCT product FROM links WHERE asset = ?", (asset_id,))
            return [row[0] for row in rows]

    def products_using(self, asset_ids: Sequence[str]) -> dict[str, int]:
        """How many products each asset is linked to; those on none are missing."""
        rows = self.select_in(
            "SELECT asset, count(DISTINCT product) FROM links WHERE asset IN ({}) GROUP BY asset", asset_ids
        )
        return dict(rows)

    # Attributes

    def add_attribute(self, attribute: Attribute) -> None:
        """One whose label is there already is left out."""
        with self.lock:
            self.db.execute(
                "INSERT OR IGNORE INTO attributes (id, label, name, type_class) VALUES (?, ?, ?, ?)",
                (attribute.id, attribute.label, attribute.name, attribute.type_class),
            )

    def attributes(self) -> dict[str, Attribute]:
        """By label, in the order of creation."""
        with self.lock:
            rows = self.db.execute("SELECT id, label, name, type_class FROM attributes ORDER BY seq")
            return {row[1]: Attribute(row[0], row[1], row[2], TypeClass(row[3])) for row in rows}

    # Families

    def add_family(self, id_: str, name: str) -> None:
        with self.lock:
            self.db.execute("INSERT INTO families (id, name) VALUES (?, ?)", (id_, name))

    def has_family(self, id_: str) -> bool:
        with self.lock:
            return self.db.execute("SELECT 1 FROM families WHERE id = ?", (id_,)).fetchone() is not None

    def add_to_family(self, id_: str, labels: Iterable[str]) -> None:
        with self.lock:
            self.db.executemany(
                "INSERT OR IGNORE INTO family_attributes (family, label) VALUES (?, ?)",
                [(id_, label) for label in labels],
            )

    def family_labels(self, id_: str) -> frozenset[str]:
        with self.lock:
            rows = self.db.execute("SELECT label FROM family_attributes WHERE family = ?", (id_,))
            return frozenset(row[0] for row in rows)

    def set_family(self, product_id: str, family_id: str) -> None:
        with self.lock:
            self.db.execute(
                "INSERT OR REPLACE INTO family_products (product, family) VALUES (?, ?)",
                (product_id, family_id),
            )

    def families_of(self, product_ids: Sequence[str]) -> dict[str, str]:
        """The family by product; those without one are missing."""
        rows = self.select_in(
            "SELECT product, family FROM family_products WHERE product IN ({})", product_ids
        )
        return dict(rows)

    def new_id(self) -> str:
        return self._new_id()
