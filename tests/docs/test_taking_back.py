"""The recipe for a wrong mapping: what it names is typed, and everything is as it was before."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from docs.page import SAMPLE, amzsync, amzsync_commands, block


def _galleries(folder: Path) -> list[tuple[str, str, str]]:
    """What the embedded account holds: product, attribute and asset, in order."""
    with closing(sqlite3.connect(folder / "amzsync.db.sandbox")) as db:
        return db.execute(
            "SELECT sku, links.label, asset FROM links JOIN products ON products.id = links.product"
            " ORDER BY sku, links.label, position"
        ).fetchall()


def _apply(mapping: Path, folder: Path) -> None:
    words = ("apply", "--mapping", str(mapping), "--plytix-account", "sandbox", "--yes")
    ran = amzsync(*words, cwd=folder)
    assert ran.code == 0, ran


def test_a_wrong_mapping_is_taken_back_as_the_page_says(tmp_path: Path) -> None:
    # Of so few products the account's limits let all requests through at once.
    sample = json.loads(SAMPLE.read_text(encoding="utf-8"))
    mapping = {"matched": sample["matched"][:2], "unmatched_amazon": sample["unmatched_amazon"][:1]}
    right = tmp_path / "right.json"
    right.write_text(json.dumps(mapping), encoding="utf-8")
    _apply(right, tmp_path)
    before = _galleries(tmp_path)
    for product in mapping["matched"]:
        product["amazon_images"] = [{"link": "https://m.media-amazon.com/images/I/wrong.jpg"}]
    wrong = tmp_path / "wrong.json"
    wrong.write_text(json.dumps(mapping), encoding="utf-8")
    _apply(wrong, tmp_path)
    assert _galleries(tmp_path) != before
    look, undo, *_ = amzsync_commands(block("commands: undo"))
    assert amzsync(*look, cwd=tmp_path).code == 0
    assert amzsync(*undo, "--yes", cwd=tmp_path).code == 0
    assert _galleries(tmp_path) == before
    ran = amzsync("apply", "--yes", cwd=tmp_path)
    assert ran.code == 0, ran
    assert _galleries(tmp_path) == before
