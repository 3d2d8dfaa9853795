"""A folder with a sandbox as its account, and mappings to use there."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogue import picture
from cli.terminal import Result, amzsync
from proof.commands import Commands, Running
from sandbox_faults import Sandbox

KEY = "key-of-the-account"
PASSWORD = "password-of-the-account"
FAST = ("--rate-limit", "100000/10s")
"""For a test that is not about the account's limits."""

Entry = Mapping[str, Any]


def flat(sku: str, main: str, *others: str, **more: object) -> Entry:
    """A product with its pictures in flat fields."""
    variants: dict[str, str | None] = {f"amazon_image_variant_{n}": None for n in range(1, 9)}
    variants |= {f"amazon_image_variant_{n}": picture(image_id) for n, image_id in enumerate(others, 1)}
    return {"suggested_sku": sku, "amazon_image_main": picture(main), **variants, **more}


def boots() -> dict[str, Any]:
    """Twenty products, sixteen with images, 108 images named, 12 different."""
    wide, narrow = [f"wide{n}" for n in range(8)], [f"narrow{n}" for n in range(4)]
    matched = [
        flat(f"AMZN-US-B0BOOT{n:04d}", *(narrow if n % 3 == 0 and n < 15 else wide), marketplace="US")
        for n in range(16)
    ]
    unmatched = [{"amazon_asin": f"B0NONE{n:04d}", "amazon_image_main": None} for n in range(4)]
    return {
        "metadata": {"marketplace": "US", "amazon_count": 20},
        "matched": matched,
        "unmatched_amazon": unmatched,
    }


def skus_of(mapping: Any) -> list[str]:
    products = mapping if isinstance(mapping, list) else [*mapping["matched"]]
    return [one["suggested_sku"] for one in products]


@dataclass
class Setup:
    """A sandbox that this folder's environment names as the account."""

    folder: Path
    sandbox: Sandbox

    @property
    def ledger(self) -> Path:
        return self.folder / "amzsync.db"

    @property
    def env(self) -> dict[str, str]:
        return {
            "PLYTIX_API_KEY": KEY,
            "PLYTIX_API_PASSWORD": PASSWORD,
            "PLYTIX_API_URL": self.sandbox.url,
            "PLYTIX_AUTH_URL": self.sandbox.auth_url,
        }

    @contextmanager
    def process(self, *arguments: object, **order: object) -> Iterator[Running]:
        """The real command in a process of its own, which the caller waits for."""
        with Commands(self.folder) as commands:
            yield commands.start({**os.environ, **self.env}, arguments, **order)

    def killed(self, event: str, *arguments: object) -> None:
        """Run the real command in a process of its own that is killed at an event (see `crash_harness`)."""
        with self.process(*arguments, event=event, count=1) as running:
            ended = running.wait()
        assert ended.was_killed, ended.err

    def mapping(self, content: Any, name: str = "mapping.json", *, seed: bool = True) -> Path:
        """Write a mapping; `seed` makes its products exist."""
        path = self.folder / name
        path.write_text(json.dumps(content), encoding="utf-8")
        if seed:
            self.sandbox.seed(skus_of(content))
        return path

    def apply(self, mapping: Path | None = None, *more: object) -> Result:
        """Work through a mapping, or what is pending, without being asked."""
        named: Sequence[object] = ("--mapping", mapping) if mapping else ()
        return amzsync("apply", *named, "--yes", *FAST, *more)
