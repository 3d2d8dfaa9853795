"""A ledger is its account's, told by the token's claims or by the key, and needs no account named again."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from amzsync.migrations.migrations import migrations
from cli.fixtures import FAST, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Sandbox
from sqlite_utils import Database

TOKEN = {"POST /auth/api/get-token": 1}


class AccountServer:
    """One address for several accounts, one after the other, and a configuration that names them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self.up = ExitStack()

    def open(self, name: str = "production", key: str = "key-one", **options: Any) -> Sandbox:
        """Let the account of this key answer, and name it in the configuration."""
        self.up.close()
        sandbox = Sandbox(port=self.port, limits=(), api_key=key, api_password="secret", **options)
        self.up.enter_context(sandbox)
        self.port = int(sandbox.url.split(":")[2].split("/")[0])
        sandbox.seed(["A", "B"])
        account = {"api_url": sandbox.url, "auth_url": sandbox.auth_url, "api_key": key}
        path = self.folder / "config" / "plytix_config.json"
        path.parent.mkdir(exist_ok=True)
        content = {"accounts": {name: {**account, "api_password": "secret"}}, "aliases": {"alias": name}}
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        return sandbox

    def apply(self, *pictures: str, more: tuple[object, ...] = ()) -> Result:
        path = self.folder / "mapping.json"
        path.write_text(json.dumps([flat("A", *pictures)]))
        return amzsync("apply", "--mapping", path, "--yes", *FAST, *more)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AccountServer]:
    server = AccountServer(tmp_path)
    with server.up:
        yield server


def setting(name: str) -> str:
    with closing(sqlite3.connect("amzsync.db")) as db:
        value: str = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()[0]
        return value


OPAQUE: dict[str, Any] = {"opaque_tokens": True}
CLAIMS: dict[str, Any] = {"claims": {"account_id": 4711}}


def test_another_account_at_the_same_address_is_refused_by_its_key(server: AccountServer) -> None:
    server.open(**OPAQUE)
    assert server.apply("a").code == 0
    other = server.open(key="key-two", **OPAQUE)
    result = server.apply("a", "b")
    assert result.code == 1
    assert "belongs to the account production" in result.err
    assert "--ledger FILE" in result.err
    assert amzsync("plan", "--refresh").code == 1
    assert other.total == 0


def test_another_account_at_the_same_address_is_refused_by_its_token(server: AccountServer) -> None:
    server.open(**CLAIMS)
    assert server.apply("a").code == 0
    other = server.open(key="key-two", claims={"account_id": 4712})
    for result in (server.apply("a", "b"), amzsync("resume", *FAST), amzsync("plan", "--refresh", *FAST)):
        assert result.code == 1
        assert "belongs to the account production" in result.err
        assert "--ledger FILE" in result.err
    assert other.counts == {"POST /auth/api/get-token": 3}
    server.open(**CLAIMS)
    assert amzsync("resume", *FAST).code == 0, "the run that was refused waits for its own account"


@pytest.mark.parametrize("command", ["apply", "plan"])
def test_a_new_key_without_a_claim_needs_same_account_once(server: AccountServer, command: str) -> None:
    server.open(**OPAQUE)
    assert server.apply("a").code == 0
    sandbox = server.open(key="key-two", **OPAQUE)
    refused = server.apply("a", "b")
    assert refused.code == 1
    assert "--same-account" in refused.err
    assert sandbox.total == 0
    more = ("--yes",) if command == "apply" else ("--refresh",)
    amzsync("plan", "--mapping", "mapping.json")
    result = amzsync(command, *more, *FAST, "--same-account")
    assert result.code == 0, result.err
    assert server.apply("a", "b", "c").code == 0, "once is enough"


def test_a_run_that_was_refused_is_carried_on_once_the_same_account_is_said(server: AccountServer) -> None:
    server.open(**OPAQUE)
    mapping = server.folder / "mapping.json"
    mapping.write_text(json.dumps([flat("A", "a", "b")]))
    limited = ("--rate-limit", "2/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", mapping, "--yes", *limited).code == 4
    sandbox = server.open(key="key-two", **OPAQUE)
    assert amzsync("resume", *FAST).code == 1
    assert sandbox.total == 0
    assert amzsync("resume", *FAST, "--same-account").code == 0
    assert len(sandbox.snapshot().products["A"].gallery) == 2


def test_a_new_key_whose_token_tells_the_same_account_is_accepted(server: AccountServer) -> None:
    server.open(**CLAIMS)
    assert server.apply("a").code == 0
    server.open(key="key-two", **CLAIMS)
    result = server.apply("a", "b")
    assert result.code == 0, result.err
    assert "with the current API key" in result.err
    assert "API key" not in server.apply("a", "b", "c").err


def test_a_word_does_not_go_before_what_the_token_tells(server: AccountServer) -> None:
    server.open(**CLAIMS)
    assert server.apply("a").code == 0
    other = server.open(key="key-two", claims={"account_id": "another"})
    result = server.apply("a", "b", more=("--same-account",))
    assert result.code == 1
    assert "the access token belongs to another account" in result.err
    assert "--same-account" not in result.err
    assert other.counts == TOKEN


def test_the_same_key_is_the_same_account_whatever_its_token_tells(server: AccountServer) -> None:
    server.open(**CLAIMS)
    assert server.apply("a").code == 0
    server.open(claims={"org": "shoes"})
    assert server.apply("a", "b").code == 0
    server.open(**OPAQUE)
    assert server.apply("a", "b", "c").code == 0


def test_wrong_credentials_do_not_make_a_ledger_theirs(server: AccountServer) -> None:
    sandbox = server.open(key="key-one", **OPAQUE)
    config = server.folder / "config" / "plytix_config.json"
    right = config.read_text()
    config.write_text(right.replace("key-one", "key-mistyped"))
    assert server.apply("a").code == 1
    config.write_text(right)
    result = amzsync("resume", *FAST)
    assert result.code == 0, result.err
    assert len(sandbox.snapshot().products["A"].gallery) == 1


def as_an_older_one(ledger: Path) -> None:
    """What the ledger would hold had it been made before accounts were told apart."""
    with closing(Database(ledger)) as db:
        migrations.apply(db, stop_before="m004_runs_begin_before_they_plan")
        db.execute("INSERT INTO settings VALUES ('account', ?)", (f"production at {url(ledger)}",))
        db.conn.commit()


def url(ledger: Path) -> str:
    config = json.loads((ledger.parent / "config" / "plytix_config.json").read_text())
    api_url: str = next(iter(config["accounts"].values()))["api_url"]
    return api_url


def test_an_older_ledger_adopts_its_account_once_and_says_so(server: AccountServer) -> None:
    server.open(**OPAQUE)
    as_an_older_one(server.folder / "amzsync.db")
    result = server.apply("a")
    assert result.code == 0, result.err
    assert "From now on it belongs to production at" in result.err
    assert "From now on" not in server.apply("a", "b").err
    server.open(key="key-two", **OPAQUE)
    assert server.apply("a", "b", "c").code == 1


def test_an_older_ledger_is_still_refused_to_an_account_of_another_name(server: AccountServer) -> None:
    server.open(**OPAQUE)
    as_an_older_one(server.folder / "amzsync.db")
    other = server.open(name="other", key="key-two", **OPAQUE)
    result = server.apply("a", more=("--plytix-account", "other"))
    assert result.code == 1
    assert "belongs to the account production" in result.err
    assert other.total == 0


def test_the_key_stands_in_no_ledger(server: AccountServer) -> None:
    server.open(key="key-that-nobody-may-read", **OPAQUE)
    assert server.apply("a").code == 0
    with closing(sqlite3.connect("amzsync.db")) as db:
        dump = "\n".join(db.iterdump())
    assert "key-that-nobody-may-read" not in dump
    first = json.loads(setting("owner"))
    assert server.apply("a", more=("--ledger", "second.db")).code == 0
    Path("amzsync.db").unlink()
    Path("second.db").rename("amzsync.db")
    assert json.loads(setting("owner"))["key_digest"] != first["key_digest"], "each ledger has its own salt"


def test_a_ledger_remembers_its_account(server: AccountServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.open(**OPAQUE)
    assert server.apply("a", more=("--plytix-account", "sandbox")).code == 0
    result = server.apply("a", "b")
    assert result.code == 0, result.err
    assert setting("account") == "sandbox"
    assert amzsync("plan", "--refresh", *FAST).code == 0
    # Neither the default of the configuration nor the environment goes before the ledger's own.
    sandbox = server.open(name="second", key="key-two", **OPAQUE)
    monkeypatch.setenv("PLYTIX_API_KEY", "k")
    monkeypatch.setenv("PLYTIX_API_PASSWORD", "p")
    assert server.apply("a", "b", "c").code == 0
    assert sandbox.total == 0
    assert server.apply("a", more=("--ledger", "new.db", "--plytix-account", "alias")).code == 0
    assert server.apply("a", "b", more=("--ledger", "new.db")).code == 0
    assert amzsync("status", "--json", "--ledger", "new.db").json["account"].startswith("second at ")


def test_an_account_that_has_another_name_now_is_taken_by_that_name(server: AccountServer) -> None:
    server.open(**OPAQUE)
    assert server.apply("a").code == 0
    server.open(name="shop", **OPAQUE)
    result = server.apply("a", "b")
    assert result.code == 1
    assert "belongs to the account production" in result.err
    assert "--plytix-account ALIAS" in result.err
    assert server.apply("a", "b", more=("--plytix-account", "shop")).code == 0
    assert server.apply("a", "b", "c").code == 0


def test_a_plan_needs_no_account_where_the_ledgers_own_is_not_there(server: AccountServer) -> None:
    server.open(**OPAQUE)
    assert server.apply("a").code == 0
    (server.folder / "config" / "plytix_config.json").unlink()
    assert amzsync("plan").code == 0
    assert amzsync("status").code == 0
    assert amzsync("apply", "--yes").code == 1
