"""What only an import writes: another picture in an asset that is there, and alternative texts."""

from amzsync.sandbox.rows import to_json
from amzsync.sandbox.state import Asset
from amzsync.sandbox.store import Store


def replace_asset(store: Store, asset: Asset) -> None:
    """Everything of an asset but its id, its name and when it was made."""
    with store.lock:
        store.db.execute(
            "UPDATE assets SET source_url = ?, content = ?, content_type = ?, file_size = ?, modified = ?,"
            " categories = ? WHERE id = ?",
            (
                asset.source_url,
                asset.content,
                asset.content_type,
                asset.file_size,
                asset.modified,
                to_json(asset.categories),
                asset.id,
            ),
        )


def set_alt_text(store: Store, asset_id: str, text: str) -> None:
    with store.lock:
        store.db.execute("INSERT OR REPLACE INTO alt_texts (asset, text) VALUES (?, ?)", (asset_id, text))


def alt_texts(store: Store) -> dict[str, str]:
    """By file name, of the assets that have one."""
    with store.lock:
        return dict(store.db.execute("SELECT filename, text FROM alt_texts JOIN assets ON assets.id = asset"))
