"""Counts are those of the rows, however they are arrived at."""

from collections import Counter
from pathlib import Path

import pytest
from catalogue import CLOCKS, rows
from hypothesis import given
from hypothesis import strategies as st

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.part import Among, Part
from amzsync.ledger.rows import State, Table

states = st.sampled_from(State)
OPEN = "state IN ('pending', 'in_flight')"


def fill(
    path: Path, addresses: list[tuple[State | None, bool]], links: list[State], thumbnails: list[State]
) -> None:
    """Rows in these states: an address may have no asset, and may be malformed."""
    with Ledger.write(path, CLOCKS) as ledger:
        store = ledger._store
        for number, (state, is_malformed) in enumerate(addresses, 1):
            store.execute(
                "INSERT INTO addresses (id, url, malformed) VALUES (?, ?, ?)",
                (number, f"https://x/{number}", "why" if is_malformed else None),
            )
            if state is not None:
                store.execute(
                    "INSERT INTO assets (id, filename, state, plytix_id) VALUES (?, 'x', ?, 'p')",
                    (number, state),
                )
        store.execute("INSERT OR IGNORE INTO addresses (id, url) VALUES (1, 'https://x/1')")
        store.execute("INSERT OR IGNORE INTO assets (id, filename, state) VALUES (1, 'x', 'obsolete')")
        for number in range(1, 7):
            store.execute(
                "INSERT INTO products (id, sku, is_parent, wanted) VALUES (?, ?, 0, x'00')",
                (number, f"S{number}"),
            )
        for number, state in enumerate(links, 1):
            store.execute(
                "INSERT INTO links (product_id, asset_id, variant, position, state)"
                " VALUES (?, 1, 'MAIN', 1, ?)",
                (number, state),
            )
        for number, state in enumerate(thumbnails, 1):
            store.execute(
                "INSERT INTO thumbnails (product_id, asset_id, state) VALUES (?, 1, ?)", (number, state)
            )


@given(
    addresses=st.lists(st.tuples(st.none() | states, st.booleans()), max_size=8),
    links=st.lists(states, max_size=6),
    thumbnails=st.lists(states, max_size=6),
)
def test_rows_and_open_products_are_counted_as_they_are(
    tmp_path_factory: pytest.TempPathFactory,
    addresses: list[tuple[State | None, bool]],
    links: list[State],
    thumbnails: list[State],
) -> None:
    path = tmp_path_factory.mktemp("counts") / "amzsync.db"
    fill(path, addresses, links, thumbnails)
    with Ledger.read(path, CLOCKS) as ledger:
        for chosen in (Part(), Part(("S*",))):
            ledger.selection.choose(chosen, Among.KNOWN)
            for count in ledger.queries.counts():
                if chosen.is_everything or count.table in (Table.LINKS, Table.THUMBNAILS):
                    told = Counter(state for (state,) in rows(path, f"SELECT state FROM {count.table}"))
                    assert {state.value: number for state, number in count.by_state.items()} == dict(told)
            ((products,),) = rows(
                path,
                f"SELECT count(*) FROM (SELECT product_id FROM links WHERE {OPEN}"
                f" UNION SELECT product_id FROM thumbnails WHERE {OPEN})",
            )
            assert ledger.queries.outstanding().products == products
            from_counts = ledger.queries.outstanding(ledger.queries.counts())
            assert from_counts == ledger.queries.outstanding()
