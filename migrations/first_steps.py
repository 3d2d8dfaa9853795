"""The first steps of the ledger's schema, those up to m008: `migrations.py` goes on from there.

A step is never changed or renamed once released.

A CHECK is spelt as a chain of `=`: SQLite builds the set of an `IN (…)` anew for each inserted row,
which makes a bulk merge three times slower.
"""

from sqlite_utils import Database

__all__ = ["FIRST_STEPS"]

_STATE = """TEXT NOT NULL DEFAULT 'pending' CHECK (
        state = 'pending' OR state = 'in_flight' OR state = 'done'
        OR state = 'skipped' OR state = 'failed' OR state = 'obsolete')"""


def m001_ledger(db: Database) -> None:
    """The work itself: products, and the urls, assets, links and thumbnails they want."""
    db.execute("CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID")
    db.execute(
        """
        CREATE TABLE products (
            id INTEGER PRIMARY KEY,
            sku TEXT NOT NULL UNIQUE CHECK (sku <> ''),
            is_parent INTEGER NOT NULL CHECK (is_parent = 0 OR is_parent = 1),
            wanted BLOB,
            plytix_id TEXT
        ) STRICT
        """
    )
    db.execute(
        f"""
        CREATE TABLE urls (
            id INTEGER PRIMARY KEY,
            url TEXT NOT NULL UNIQUE,
            state {_STATE},
            reason TEXT CHECK (reason IS NOT NULL OR state <> 'failed')
        ) STRICT
        """
    )
    db.execute(
        f"""
        CREATE TABLE assets (
            id INTEGER PRIMARY KEY REFERENCES urls (id),
            filename TEXT NOT NULL,
            state {_STATE},
            plytix_id TEXT CHECK (plytix_id IS NOT NULL OR state <> 'done'),
            origin TEXT CHECK (origin = 'uploaded' OR origin = 'found'),
            run_id INTEGER,
            reason TEXT
        ) STRICT
        """
    )
    db.execute(
        f"""
        CREATE TABLE links (
            product_id INTEGER NOT NULL REFERENCES products (id),
            asset_id INTEGER NOT NULL REFERENCES assets (id),
            variant TEXT NOT NULL,
            position INTEGER NOT NULL CHECK (position > 0),
            state {_STATE},
            origin TEXT CHECK (origin = 'made' OR origin = 'found'),
            placed INTEGER,
            reason TEXT,
            PRIMARY KEY (product_id, asset_id)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute(
        f"""
        CREATE TABLE thumbnails (
            product_id INTEGER PRIMARY KEY REFERENCES products (id),
            asset_id INTEGER NOT NULL REFERENCES assets (id),
            state {_STATE},
            origin TEXT CHECK (origin = 'made' OR origin = 'found'),
            reason TEXT
        ) STRICT
        """
    )


def m002_runs(db: Database) -> None:
    """What was done: runs, the mappings they read, failures, and the requests that count as quota."""
    db.execute(
        """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            command TEXT NOT NULL,
            options TEXT NOT NULL CHECK (json_valid(options)),
            pid INTEGER NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            outcome TEXT CHECK (
                outcome = 'planned' OR outcome = 'finished' OR outcome = 'failures' OR outcome = 'interrupted'
                OR outcome = 'waiting' OR outcome = 'stopped'),
            message TEXT,
            counters TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counters)),
            CHECK ((ended_at IS NULL) = (outcome IS NULL))
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE mappings (
            run_id INTEGER NOT NULL REFERENCES runs (id),
            name TEXT NOT NULL,
            sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
            PRIMARY KEY (run_id, name)
        ) STRICT, WITHOUT ROWID
        """
    )
    db.execute(
        """
        CREATE TABLE failures (
            id INTEGER PRIMARY KEY,
            run_id INTEGER REFERENCES runs (id),
            row_table TEXT NOT NULL CHECK (
                row_table = 'urls' OR row_table = 'assets'
                OR row_table = 'links' OR row_table = 'thumbnails'),
            product_id INTEGER REFERENCES products (id),
            url_id INTEGER REFERENCES urls (id),
            status INTEGER,
            message TEXT NOT NULL,
            attempts INTEGER NOT NULL CHECK (attempts >= 0),
            failed_at TEXT NOT NULL,
            UNIQUE (row_table, product_id, url_id)
        ) STRICT
        """
    )
    db.execute("CREATE INDEX failures_by_url ON failures (url_id)")
    db.execute(
        """
        CREATE TABLE requests (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            sent_wall REAL NOT NULL,
            sent_monotonic REAL NOT NULL
        ) STRICT
        """
    )
    db.execute(
        """
        CREATE TABLE learned_limits (
            window_s REAL PRIMARY KEY CHECK (window_s > 0),
            allowed INTEGER NOT NULL CHECK (allowed > 0),
            learned_at TEXT NOT NULL
        ) STRICT
        """
    )


def m003_look_ups(db: Database) -> None:
    """When Plytix last said that it has no asset of a name."""
    db.execute("ALTER TABLE assets ADD COLUMN absent_at TEXT CHECK (absent_at IS NULL OR state <> 'done')")


def m004_runs_begin_before_they_plan(db: Database) -> None:
    """Whether a run has planned its mappings, and whether somebody has agreed to its plan."""
    db.execute(
        "ALTER TABLE runs ADD COLUMN is_planned INTEGER NOT NULL DEFAULT 1"
        " CHECK (is_planned = 0 OR is_planned = 1)"
    )
    db.execute(
        "ALTER TABLE runs ADD COLUMN is_confirmed INTEGER NOT NULL DEFAULT 1"
        " CHECK (is_confirmed = 0 OR is_confirmed = 1)"
    )


def m005_observed_limits(db: Database) -> None:
    """What refusals show is believed for minutes: since when, and how often it was tried again."""
    db.execute("DROP TABLE learned_limits")
    db.execute(
        """
        CREATE TABLE observed_limits (
            window_s REAL PRIMARY KEY CHECK (window_s > 0),
            allowed INTEGER NOT NULL CHECK (allowed > 0),
            since_wall REAL NOT NULL,
            refused_wall REAL NOT NULL,
            tries INTEGER NOT NULL CHECK (tries >= 0),
            repeats INTEGER NOT NULL CHECK (repeats >= 0)
        ) STRICT
        """
    )


def m006_sent_links(db: Database) -> None:
    """At which place the last write sent a link, until it has been seen what became of that write."""
    db.execute("ALTER TABLE links ADD COLUMN sent INTEGER")
    db.execute("UPDATE links SET sent = ifnull(placed, position) WHERE state = 'in_flight'")


def m007_places(db: Database) -> None:
    """Where in a mapping a product stands that has no SKU: its failure has neither product nor address."""
    db.execute("ALTER TABLE failures ADD COLUMN place TEXT CHECK (place IS NULL OR url_id IS NULL)")


def m008_the_state_of_an_address_is_derived(db: Database) -> None:
    """An address is its text and, where it can be no picture, why; the rest is the state of its asset."""
    db.execute("ALTER TABLE urls ADD COLUMN malformed TEXT")
    db.execute(
        """
        UPDATE urls SET malformed = reason WHERE state = 'failed'
            AND NOT EXISTS (SELECT 1 FROM assets WHERE assets.id = urls.id AND assets.state <> 'obsolete')
        """
    )
    db.execute("ALTER TABLE urls DROP COLUMN reason")
    db.execute("ALTER TABLE urls DROP COLUMN state")
    db.execute("ALTER TABLE urls RENAME TO addresses")
    db.execute(
        """
        CREATE VIEW urls AS
            SELECT addresses.id, url,
                CASE WHEN malformed IS NULL THEN ifnull(assets.state, 'obsolete') ELSE 'failed' END AS state,
                ifnull(malformed, assets.reason) AS reason
            FROM addresses LEFT JOIN assets ON assets.id = addresses.id
        """
    )


FIRST_STEPS = (
    m001_ledger,
    m002_runs,
    m003_look_ups,
    m004_runs_begin_before_they_plan,
    m005_observed_limits,
    m006_sent_links,
    m007_places,
    m008_the_state_of_an_address_is_derived,
)
