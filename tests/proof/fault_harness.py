"""The real command inside the test's process, with short retry times: for hundreds of injected faults."""

import io
import json
import signal
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from proof.commands import environment
from proof.crash_harness import HASH_ROUNDS
from proof.scenarios import FAST
from sandbox_faults import Fault, Sandbox
from typer.main import get_command

from amzsync.cli import app, binding, network
from amzsync.cli.run_options import RunOptions
from amzsync.executor import context
from amzsync.executor.engine import throttle
from amzsync.executor.engine.engine import Bounds
from amzsync.plytix.network import Timeouts
from amzsync.plytix.retry import RetryPolicy
from amzsync.plytix.transport import Transport

__all__ = ["KINDS", "FaultHarness", "Kind", "Ran", "picture", "product"]

OUTAGE_S = 0.4
_COMMAND = get_command(app.app)
"""Made once, not by each run."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests of one kind, as a fault names them."""

    method: str
    path: str

    def goes(self, action: Any, *, times: int | None = 1, after: int = 0) -> Fault:
        return Fault(self.method, self.path, action, times=times, after=after)


KINDS: Mapping[str, Kind] = {
    "token": Kind("POST", "/auth/api/get-token"),
    "attribute": Kind("POST", "/attributes/product/search"),
    "product search": Kind("POST", "/products/search"),
    "asset search": Kind("POST", "/assets/search"),
    "upload": Kind("POST", "/assets"),
    "product write": Kind("PATCH", "/products/[^/]+"),
    "link": Kind("POST", "/products/[^/]+/assets"),
    "product read": Kind("GET", "/products/[^/]+"),
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How the command ended, what it said, and what it asked the sandbox."""

    code: int
    out: str
    err: str
    requests: Mapping[str, int]
    failures: list[dict[str, Any]]

    @property
    def total(self) -> int:
        return sum(self.requests.values())

    @property
    def said(self) -> str:
        """All words in one line each, however the terminal broke them."""
        return " ".join((self.out + " " + self.err).split())


class FaultHarness:
    """A folder with a ledger, and a sandbox to sync with."""

    def __init__(self, folder: Path, sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.ledger = folder / "amzsync.db"
        for name, value in environment(sandbox.url, sandbox.auth_url, folder).items():
            patch.setenv(name, value)
        patch.chdir(folder)
        self.read_timeout_s = 10.0
        patch.setattr(context, "Transport", self._transport)
        patch.setattr(network, "_bounds", _with_short_retries(network._bounds))
        patch.setattr(throttle, "_FIRST_WAIT_S", 0.1)
        patch.setattr(app, "app", _COMMAND)
        patch.setattr(binding, "_ROUNDS", HASH_ROUNDS)

    def _transport(self, api_url: str, auth_url: str) -> Transport:
        return Transport(
            api_url,
            auth_url,
            timeouts=Timeouts(read_s=self.read_timeout_s, deadline_s=2 * self.read_timeout_s),
        )

    def plan(self, products: list[dict[str, Any]]) -> Path:
        path = self.folder / "mapping.json"
        path.write_text(json.dumps(products))
        return path

    def apply(self, products: list[dict[str, Any]], *options: str) -> Ran:
        return self.run("apply", "--mapping", str(self.plan(products)), "--yes", *FAST, *options)

    def run(self, *arguments: str) -> Ran:
        before = Counter(self.sandbox.counts)
        out, err = io.StringIO(), io.StringIO()
        handler = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
                patch.setattr("sys.argv", ["amzsync", *arguments])
                app.main()
        except SystemExit as ended:
            code = ended.code
        finally:
            signal.signal(signal.SIGTERM, handler)
        assert isinstance(code, int)
        requests = Counter(self.sandbox.counts)
        requests.subtract(before)
        return Ran(code, out.getvalue(), err.getvalue(), +requests, self.failures())

    def failures(self) -> list[dict[str, Any]]:
        if not self.ledger.exists():
            return []
        with closing(sqlite3.connect(self.ledger)) as db:
            db.row_factory = sqlite3.Row
            found = db.execute(
                "SELECT row_table, sku, url, status, message, attempts FROM failures"
                " LEFT JOIN products ON products.id = product_id LEFT JOIN urls ON urls.id = url_id"
            )
            return [dict(row) for row in found]

    def let_the_told_wait_pass(self) -> None:
        """As if the wait that the last 429 told had begun so much earlier."""
        with closing(sqlite3.connect(self.ledger)) as db, db:
            (told,) = db.execute("SELECT value FROM settings WHERE name = 'pause'").fetchone()
            wait_s, wall, monotonic = json.loads(told)
            passed = json.dumps([wait_s, wall - wait_s, monotonic - wait_s])
            db.execute("UPDATE settings SET value = ? WHERE name = 'pause'", (passed,))

    def states(self, table: str) -> dict[str, int]:
        with closing(sqlite3.connect(self.ledger)) as db:
            return dict(db.execute(f"SELECT state, count(*) FROM {table} GROUP BY state").fetchall())


def _with_short_retries(bounds: Callable[[RunOptions], Bounds]) -> Callable[[RunOptions], Bounds]:
    def with_short_retries(options: RunOptions) -> Bounds:
        chosen = bounds(options)
        return Bounds(chosen.workers, chosen.max_wait_s, OUTAGE_S, RetryPolicy(base_s=0.01))

    return with_short_retries


def picture(name: str) -> str:
    return f"https://m.media-amazon.com/images/I/{name}.jpg"


def product(sku: str, *names: str) -> dict[str, Any]:
    return {"suggested_sku": sku, "image_urls": [picture(name) for name in names]}
