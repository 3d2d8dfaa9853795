"""Every step of the ledger's schema, oldest first. A step is never changed or renamed once released.

Also usable by hand: `sqlite-utils migrate amzsync.db migrations/`.
"""

from amzsync.migrations.first_steps import FIRST_STEPS
from sqlite_utils import Database, Migrations

migrations = Migrations("amzsync")

for _step in FIRST_STEPS:
    migrations()(_step)


@migrations()
def m012_what_was_written(db: Database) -> None:
    """What each run wrote and planned, by product, so that it can be taken back, and who takes it back."""
    db.execute(
        """
        CREATE TABLE writes (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            product_id INTEGER NOT NULL REFERENCES products (id),
            gallery_before BLOB,
            gallery_after BLOB CHECK ((gallery_before IS NULL) = (gallery_after IS NULL)),
            thumbnail_before BLOB,
            thumbnail_after BLOB CHECK ((thumbnail_before IS NULL) = (thumbnail_after IS NULL)),
            outcome TEXT NOT NULL DEFAULT 'sent' CHECK (
                outcome = 'sent' OR outcome = 'written' OR outcome = 'mixed'),
            PRIMARY KEY (run_id, product_id)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute("CREATE INDEX writes_by_product ON writes (product_id, run_id)")
    db.execute(
        """
        CREATE TABLE wants (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            product_id INTEGER NOT NULL REFERENCES products (id),
            before TEXT CHECK (before IS NULL OR json_valid(before)),
            after BLOB,
            PRIMARY KEY (run_id, product_id)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE tasks (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            product_id INTEGER NOT NULL REFERENCES products (id),
            state TEXT NOT NULL DEFAULT 'pending' CHECK (
                state = 'pending' OR state = 'in_flight' OR state = 'done' OR state = 'failed'),
            removes BLOB,
            kept TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(kept)),
            PRIMARY KEY (run_id, product_id)
        ) STRICT, WITHOUT ROWID
        """
    )


@migrations()
def m013_parts(db: Database) -> None:
    """What a plan or a run is about: products that the last plan did not name, and those of a part."""
    db.execute(
        "CREATE TABLE unnamed_products (product_id INTEGER PRIMARY KEY REFERENCES products (id)) STRICT"
    )
    db.execute(
        """
        CREATE TABLE run_products (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            product_id INTEGER NOT NULL REFERENCES products (id),
            PRIMARY KEY (run_id, product_id)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute("ALTER TABLE failures ADD COLUMN mapping TEXT CHECK (mapping IS NULL OR place IS NOT NULL)")


@migrations()
def m014_what_was_last_seen(db: Database) -> None:
    """When each product was last read, by which run, and in what it differed from what is wanted."""
    db.execute(
        "CREATE TABLE seen_products (product_id INTEGER PRIMARY KEY REFERENCES products (id),"
        " seen_at TEXT NOT NULL, run_id INTEGER, in_plytix INTEGER NOT NULL, missing INTEGER NOT NULL,"
        " moved INTEGER NOT NULL, thumbnail INTEGER NOT NULL, obsolete INTEGER NOT NULL,"
        " others INTEGER NOT NULL) STRICT"
    )


@migrations()
def m015_views_by_name(db: Database) -> None:
    """What people look for in a ledger, with names instead of ids."""
    db.execute(
        """
        CREATE VIEW links_by_product AS
            SELECT sku, is_parent, url, filename, variant, position, links.state, links.origin, links.reason
            FROM products
                JOIN links ON links.product_id = products.id
                JOIN addresses ON addresses.id = links.asset_id
                JOIN assets ON assets.id = links.asset_id
        """
    )
    db.execute(
        """
        CREATE VIEW failures_by_product AS
            SELECT sku, url, links.variant, links.position, row_table AS failed, failures.status,
                failures.message, attempts, failed_at, runs.command, run_id AS run, place
            FROM failures
                LEFT JOIN products ON products.id = failures.product_id
                LEFT JOIN addresses ON addresses.id = url_id
                LEFT JOIN links ON links.product_id = failures.product_id AND links.asset_id = url_id
                LEFT JOIN runs ON runs.id = run_id
        """
    )
    db.execute(
        """
        CREATE VIEW missing_products AS
            SELECT sku, is_parent, count(*) AS images
            FROM products JOIN links ON links.product_id = products.id
            WHERE links.state = 'skipped' AND links.reason = 'Plytix has no product with this SKU'
            GROUP BY products.id
        """
    )


@migrations()
def m016_titles(db: Database) -> None:
    """What a mapping calls a product: for people only, nothing depends on it."""
    db.execute("ALTER TABLE products ADD COLUMN title TEXT")


@migrations()
def m017_probes(db: Database) -> None:
    """What probes of the account have found, and what they have made there until it is gone."""
    db.execute(
        """
        CREATE TABLE probes (
            id INTEGER PRIMARY KEY,
            gallery TEXT NOT NULL,
            token TEXT NOT NULL UNIQUE,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            answers TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(answers))
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE probe_objects (
            probe_id INTEGER NOT NULL REFERENCES probes (id),
            kind TEXT NOT NULL CHECK (kind = 'product' OR kind = 'asset'),
            name TEXT NOT NULL,
            sent_at TEXT NOT NULL,
            plytix_id TEXT,
            state TEXT NOT NULL DEFAULT 'sent' CHECK (
                state = 'sent' OR state = 'made' OR state = 'gone' OR state = 'kept'),
            PRIMARY KEY (kind, name)
        ) STRICT, WITHOUT ROWID
        """
    )


@migrations()
def m018_orders_of_others(db: Database) -> None:
    """Whether the images of this ledger stood in another order than it had left them."""
    db.execute("ALTER TABLE seen_products ADD COLUMN reordered INTEGER NOT NULL DEFAULT 0")


@migrations()
def m019_sizes(db: Database) -> None:
    """The size of an image in pixels, where a mapping tells both sides."""
    db.execute("ALTER TABLE addresses ADD COLUMN width INTEGER")
    db.execute("ALTER TABLE addresses ADD COLUMN height INTEGER CHECK ((width IS NULL) = (height IS NULL))")


@migrations()
def m020_skipping_by_product(db: Database) -> None:
    """Whether the mapping that named a product wants it left alone where it holds images.

    That was known of the last run alone, for everything that was pending.
    """
    db.execute(
        "ALTER TABLE products ADD COLUMN skip_existing INTEGER NOT NULL DEFAULT 0"
        " CHECK (skip_existing IN (0, 1))"
    )
    db.execute(
        "UPDATE products SET skip_existing = 1 WHERE (SELECT json_valid(options)"
        " AND json_extract(options, '$.skip_existing') IS 1 FROM runs ORDER BY id DESC LIMIT 1)"
    )


@migrations()
def m021_rare_links(db: Database) -> None:
    """Links that are few in most ledgers, and asked for by each command: found without reading all others."""
    db.execute("CREATE INDEX links_skipped ON links (product_id, reason) WHERE state = 'skipped'")
    db.execute("CREATE INDEX links_obsolete ON links (product_id, origin, placed) WHERE state = 'obsolete'")
    db.execute("CREATE INDEX links_found ON links (product_id, state) WHERE origin = 'found'")


@migrations()
def m022_pictures(db: Database) -> None:
    """What tells the picture in an asset from a later one at the same address, and what becomes of it."""
    db.execute(
        """
        CREATE TABLE pictures (
            asset_id INTEGER PRIMARY KEY REFERENCES assets (id),
            etag TEXT,
            last_modified TEXT,
            length INTEGER,
            looked_at TEXT NOT NULL,
            looked_by INTEGER,
            state TEXT NOT NULL DEFAULT 'same' CHECK (
                state = 'same' OR state = 'changed' OR state = 'in_flight' OR state = 'left'),
            run_id INTEGER REFERENCES runs (id),
            reason TEXT CHECK ((reason IS NOT NULL) = (state = 'left'))
        ) STRICT
        """
    )
