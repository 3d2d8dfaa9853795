"""Small accounts where everything is met at once: new and shared pictures, a person's work, a missing SKU."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from proof.commands import KEY, PASSWORD, Commands, account
from sandbox_faults import Answer, Fault, Sandbox

from amzsync.sandbox import Snapshot

__all__ = ["FAST", "Reference", "Scenario", "known", "sandbox_of", "settled"]

FAST = ("--rate-limit", "100000/1s")
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Products of a mapping, and the pictures that each gallery holds before, a person's own."""

    products: tuple[Json, ...]
    by_hand: Mapping[str, tuple[str, ...]]
    missing: frozenset[str] = frozenset()

    @classmethod
    def drawn(cls, seed: int, products: int = 9, pictures: int = 8) -> "Scenario":
        draw = Random(seed)
        names = [f"{draw.randrange(16**9):09x}{number:02}" for number in range(pictures)]
        made: list[Json] = []
        by_hand: dict[str, tuple[str, ...]] = {}
        for number in range(products):
            sku = f"AMZN-US-B{seed:04}{number:03}"
            chosen = draw.sample(names, draw.randint(1, 5))
            links = [f"https://m.media-amazon.com/images/I/{name}.jpg" for name in chosen]
            made.append({"suggested_sku": sku, "image_urls": links, "is_parent": number == 1})
            if number % 4 == 2:
                by_hand[sku] = ("studio.jpg", f"amazon_{draw.randrange(1, 4):02}_MAIN_{chosen[0]}.jpg")
            elif number % 4 == 3:
                by_hand[sku] = ("studio.jpg",)
        return cls(tuple(made), by_hand, frozenset({f"AMZN-US-B{seed:04}{products - 1:03}"}))

    def write(self, path: Path) -> Path:
        path.write_text(json.dumps(self.products))
        return path

    def prepare(self, sandbox: Sandbox) -> None:
        """Put into the account what is there before the first run."""
        sandbox.seed(
            str(one["suggested_sku"]) for one in self.products if one["suggested_sku"] not in self.missing
        )
        ids: dict[str, str] = {}
        for sku, names in self.by_hand.items():
            if sku not in self.missing:
                for name in names:
                    if name not in ids:
                        ids[name] = sandbox.add_asset(name)
                sandbox.set_gallery(sku, [ids[name] for name in names])
                sandbox.set_thumbnail(sku, ids[names[0]])


class Uploads:
    """The addresses that were asked to be uploaded, in order, whatever became of them."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.urls: list[str] = []
        sandbox.faults.add(Fault("POST", "/assets", Answer(500), times=None, body=self._see))

    def _see(self, body: object) -> bool:
        assert isinstance(body, dict)
        self.urls.append(str(body["url"]))
        return False


def sandbox_of(scenario: Scenario, **options: Any) -> Sandbox:
    """A sandbox without limits, holding the scenario, started."""
    sandbox = Sandbox(limits=(), api_key=KEY, api_password=PASSWORD, **options)
    sandbox.start()
    scenario.prepare(sandbox)
    return sandbox


@dataclass(frozen=True, slots=True)
class Reference:
    """What a run that nothing interrupts comes to."""

    snapshot: Snapshot
    requests: int
    code: int


@cache
def known(
    seed: int, products: int = 9, pictures: int = 8, *, has_work_by_hand: bool = True
) -> tuple[Scenario, Reference]:
    """A scenario, and what an uninterrupted run of it comes to: found once by each process of the tests."""
    scenario = Scenario.drawn(seed, products, pictures)
    if not has_work_by_hand:
        scenario = Scenario(scenario.products, {})
    with TemporaryDirectory() as folder:
        return scenario, _reference(scenario, Path(folder))


def _reference(scenario: Scenario, folder: Path) -> Reference:
    mapping = scenario.write(folder / "mapping.json")
    with sandbox_of(scenario) as sandbox, Commands(folder) as commands:
        ended = commands.run(account(sandbox, folder), "apply", "--mapping", mapping, "--yes", *FAST)
        assert ended.code in (0, 3), ended.err
        return Reference(sandbox.snapshot(), sandbox.total, ended.code)


def same_account(one: Snapshot, other: Snapshot) -> None:
    """Fail unless both show the same galleries in order, thumbnails and assets."""
    assert one.pictures == other.pictures
    files, others = ([(a.filename, a.source_url) for a in shot.assets] for shot in (one, other))
    assert sorted(files) == sorted(others)
    assert len(set(files)) == len(files), "an asset was created twice"


def settled(ledger: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The addresses whose asset is done, and the Plytix ids of the products of which everything is done."""
    if not _is_made(ledger):
        return frozenset(), frozenset()
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return frozenset(), frozenset()
        urls = db.execute("SELECT url FROM urls JOIN assets USING (id) WHERE assets.state = 'done'")
        products = db.execute(
            "SELECT plytix_id FROM products WHERE plytix_id IS NOT NULL"
            " AND EXISTS (SELECT 1 FROM links WHERE product_id = products.id)"
            " AND NOT EXISTS (SELECT 1 FROM links WHERE product_id = products.id AND state <> 'done')"
            " AND NOT EXISTS (SELECT 1 FROM thumbnails WHERE product_id = products.id AND state <> 'done')"
        )
        return frozenset(url for (url,) in urls), frozenset(id_ for (id_,) in products)


def _is_made(ledger: Path) -> bool:
    """Whether it came to its first commit: before that, SQLite has a journal to take back."""
    return ledger.exists() and not ledger.with_name(f"{ledger.name}-journal").exists()


def has_run(ledger: Path) -> bool:
    """Whether there is a run that `resume` could carry on."""
    if not _is_made(ledger):
        return False
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return False
        return bool(db.execute("SELECT count(*) FROM runs WHERE command <> 'plan'").fetchone()[0])
