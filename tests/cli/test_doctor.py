"""`amzsync doctor`: each fault is named in a line, with what to do; what is well is told as well."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from amzsync.migrations.migrations import migrations
from cli.fixtures import FAST, KEY, PASSWORD, Setup, flat
from cli.terminal import Result, amzsync
from plytix.conftest import WireServer
from sandbox_faults import Answer, Fault, Sandbox, Transform
from sqlite_utils import Database

from amzsync.executor.other_runs import OtherRuns
from amzsync.folders import state_folder
from amzsync.ledger.lock import WriterLock
from amzsync.sandbox.state import TypeClass

TWO = [flat("BOOT", "a", "b"), flat("SHOE", "a", "c")]
Line = tuple[str, str, str]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amzsync.cli.doctor._OUTAGE_S", 0.2)


@pytest.fixture
def server() -> Iterator[WireServer]:
    server = WireServer()
    yield server
    server.close()


def doctor(*more: object) -> Result:
    return amzsync("doctor", "--json", *more)


def lines(ran: Result, *signs: str) -> list[Line]:
    """The findings with these signs; else all that are not ok."""
    wanted = signs or ("warning", "problem")
    return [
        (one["sign"], one["subject"], f"{one['text']} {one['next_step']}")
        for one in ran.json["findings"]
        if one["sign"] in wanted
    ]


def digest(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def requests(ledger: Path) -> int:
    with closing(sqlite3.connect(ledger)) as kept:
        return int(kept.execute("SELECT count(*) FROM requests").fetchone()[0])


def test_where_all_is_well_each_subject_has_a_line_and_it_ends_with_0(setup: Setup) -> None:
    ran = doctor(setup.mapping(TWO))
    subjects = [subject for _, subject, _ in lines(ran, "ok", "warning", "problem")]
    assert ran.json["counts"] == {"ok": len(subjects) - 1, "warning": 1, "problem": 0}
    assert [line[:2] for line in lines(ran)] == [("warning", "limits")], "this sandbox tells none"
    assert (ran.code, ran.json["complete"]) == (0, True)
    assert {
        *("configuration", "credentials", "API", "clock", "token", "limits", "role", "gallery", "families"),
        *("products", "image addresses", "ledger", "disk", "other runs", "mapping", "probe"),
    } == set(subjects)


def test_it_reads_only_a_few_requests_for_a_small_mapping(setup: Setup) -> None:
    ran = doctor(setup.mapping(TWO))
    assert dict(setup.sandbox.counts) == {
        "POST /auth/api/get-token": 1,
        "POST /assets/search": 1,
        "POST /attributes/product/search": 1,
        "POST /products/search": 1,
        "GET /products/{id}": 2,
    }
    assert ran.json["requests"] == 6


Break = Callable[[Setup], Sequence[str] | None]
"""Breaks something; gives the options that meet it."""


def broken_json(setup: Setup) -> None:
    (setup.folder / "mapping.json").write_text("{", encoding="utf-8")


def gallery_of_text(setup: Setup) -> Sequence[str]:
    return ("--gallery", setup.sandbox.add_attribute("Other images", TypeClass.TEXT))


def outside_family(setup: Setup) -> None:
    setup.sandbox.set_family("SHOE", setup.sandbox.add_family("Shoes"))


def lacks(*skus: str) -> Break:
    def delete(setup: Setup) -> None:
        for sku in skus:
            setup.sandbox.delete_product(sku)

    return delete


def answers(path: str, status: int, body: bytes = b"{}") -> Break:
    return lambda setup: setup.sandbox.faults.add(Fault("POST", path, Answer(status, body), times=None))


def tells(path: str, name: str, value: str) -> Break:
    told = Transform(headers={name: value})
    return lambda setup: setup.sandbox.faults.add(
        *(Fault(method, path, told, times=None) for method in ("POST", "GET"))
    )


def a_late_server(setup: Setup) -> None:
    then = datetime.now(UTC) - timedelta(minutes=10)
    tells(".*", "Date", format_datetime(then, usegmt=True))(setup)


TOKEN, ASSETS, PRODUCTS = "/auth/api/get-token", "/assets/search", "/products/search"

FAULTS: dict[str, tuple[Break, str, str, int]] = {
    "no such gallery": (lambda _: ("--gallery", "x"), "problem gallery", "`amzsync init` can create it", 3),
    "no gallery": (gallery_of_text, "problem gallery", "is a TextAttribute, not a media gallery", 3),
    "outside the family": (outside_family, "problem families", "1 of 2 products looked at (SHOE)", 3),
    "one SKU missing": (lacks("SHOE"), "problem products", "Plytix lacks 1 of them (SHOE)", 3),
    "no SKU there": (lacks("SHOE", "BOOT"), "problem products", "Plytix has none of them (BOOT, SHOE)", 3),
    "a role without products": (answers(PRODUCTS, 403), "problem role", "Give this API key a role", 3),
    "a role without assets": (answers(ASSETS, 403), "problem role", "may not read what a run needs", 3),
    "Plytix is down": (answers(ASSETS, 503), "problem API", "Check the network", 1),
    "the token host is down": (answers(TOKEN, 502), "problem API", "PLYTIX_AUTH_URL", 1),
    "wrong credentials": (answers(TOKEN, 401), "problem credentials", "Check PLYTIX_API_KEY", 1),
    "another path": (answers(ASSETS, 404), "problem API", "PLYTIX_API_URL", 1),
    "no JSON": (answers(PRODUCTS, 200, b"<html>"), "problem API", "unusable answer", 1),
    "a late server": (a_late_server, "warning clock", "minutes ahead of the server's", 0),
    "an ending announced": (
        tells(PRODUCTS, "X-Plytix-Deprecation", "v1 ends"),
        "warning deprecation",
        "v1 ends",
        0,
    ),
    "no mapping": (broken_json, "problem mapping", "mapping.json", 1),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_named_with_its_next_step(name: str, setup: Setup) -> None:
    fault, line, words, code = FAULTS[name]
    mapping = setup.mapping(TWO)
    ran = doctor(mapping, *FAST, *(fault(setup) or ()))
    found = [text for sign, subject, text in lines(ran) if f"{sign} {subject}" == line]
    assert any(words in text for text in found), lines(ran)
    assert ran.code == code
    assert (ran.json["counts"]["problem"] > 0) == (code != 0)
    assert ran.json["complete"] == (code != 1)


def test_wrong_credentials_are_told_and_never_shown(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLYTIX_API_PASSWORD", "not-the-password")
    ran = amzsync("doctor", setup.mapping(TWO))
    assert ran.code == 1
    assert "Credentials not valid" in ran.out
    assert "✓  products" not in ran.out
    for secret in ("not-the-password", KEY):
        assert secret not in ran.out + ran.err


def test_without_an_account_what_needs_no_network_is_told(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps(TWO), encoding="utf-8")
    ran = doctor(mapping)
    assert ran.code == 1
    assert [line[:2] for line in lines(ran)] == [("problem", "configuration")]
    assert {"ledger", "disk", "mapping", "image addresses"} <= {line[1] for line in lines(ran, "ok")}


def test_without_a_mapping_it_says_so_and_else_looks_at_the_ledgers_products(setup: Setup) -> None:
    assert ("warning", "mapping") in [line[:2] for line in lines(doctor())]
    setup.apply(setup.mapping(TWO))
    setup.sandbox.delete_product("SHOE")
    ran = doctor(*FAST)
    assert "2 products with 4 image references." in [text.strip() for *_, text in lines(ran, "ok")]
    assert ("problem", "products") in [line[:2] for line in lines(ran)]


def test_it_changes_no_byte_of_the_ledger_but_the_requests_are_counted(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    setup.apply(mapping)
    tables = [f"SELECT * FROM {name}" for name in ("products", "links", "assets", "runs", "settings")]

    def kept() -> list[list[Any]]:
        with closing(sqlite3.connect(setup.ledger)) as ledger:
            return [ledger.execute(sql).fetchall() for sql in tables]

    before, made = kept(), requests(setup.ledger)
    ran = doctor(mapping, *FAST)
    assert (ran.code, kept()) == (0, before)
    assert requests(setup.ledger) == made + ran.json["requests"]


def test_without_a_ledger_nothing_is_made_not_even_a_sandbox(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps(TWO), encoding="utf-8")
    before = digest(tmp_path)
    assert doctor(mapping, "--plytix-account", "sandbox").code == 0
    assert digest(tmp_path) == before


def test_an_older_ledger_is_named_and_left_as_it_is(setup: Setup) -> None:
    with closing(sqlite3.connect(setup.ledger)) as connection:
        older = Database(connection)
        migrations.apply(older, stop_before=migrations.pending(older)[-1].name)
    before = setup.ledger.read_bytes()
    ran = doctor(setup.mapping(TWO), *FAST)
    assert ran.code == 0
    assert [line[:2] for line in lines(ran)] == [("warning", "ledger")]
    assert "from an older amzsync" in lines(ran)[0][2]
    assert (setup.ledger.read_bytes(), list(setup.folder.glob("*.backup*"))) == (before, [])


def test_a_damaged_ledger_is_named_and_the_account_is_still_looked_at(setup: Setup) -> None:
    setup.ledger.write_bytes(b"SQLite format 3\x00" + os.urandom(4096))
    ran = doctor(setup.mapping(TWO), *FAST)
    assert ran.code == 3
    assert [line[:2] for line in lines(ran)] == [("problem", "ledger")]
    assert ("ok", "products") in [line[:2] for line in lines(ran, "ok")]


def test_the_ledger_of_another_account_is_named_and_counts_no_request(setup: Setup) -> None:
    setup.apply(setup.mapping(TWO))
    made = requests(setup.ledger)
    with Sandbox(limits=(), api_key="another", api_password=PASSWORD) as other:
        other.seed(["BOOT", "SHOE"])
        more = {"PLYTIX_API_KEY": "another", "PLYTIX_API_URL": other.url, "PLYTIX_AUTH_URL": other.auth_url}
        with pytest.MonkeyPatch.context() as environment:
            for name, value in more.items():
                environment.setenv(name, value)
            ran = doctor(*FAST)
    assert ran.code == 3
    assert any(
        line[:2] == ("problem", "ledger") and "belongs to the account" in line[2] for line in lines(ran)
    )
    assert requests(setup.ledger) == made


def test_a_ledger_in_use_and_another_run_are_named(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    setup.apply(mapping)
    with WriterLock(setup.ledger), OtherRuns(state_folder(), setup.sandbox.url):
        ran = doctor(mapping, *FAST)
    assert ran.code == 0
    assert [line[:2] for line in lines(ran)] == [("warning", "ledger"), ("warning", "other runs")]


def test_limits_above_those_of_the_token_are_named(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    claims = {"iat": 0, "exp": 60, "limits": [{"limit": 20, "window": 10}]}
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD, claims=claims) as telling:
        telling.seed(["BOOT", "SHOE"])
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("PLYTIX_API_URL", telling.url)
            environment.setenv("PLYTIX_AUTH_URL", telling.auth_url)
            ran = doctor(mapping, "--rate-limit", "50/10s")
            untold = doctor(mapping)
    assert [line[:2] for line in lines(ran)] == [("warning", "token"), ("warning", "limits")]
    assert "50/10s is configured, but the access token tells 20/10s" in lines(ran)[1][2]
    assert any("tells 20/10s: a run keeps to them" in text for *_, text in lines(untold, "ok"))


def test_of_many_products_a_hundred_are_asked_for_unless_all_are(setup: Setup) -> None:
    mapping = setup.mapping([flat(f"S{n:03}", "a") for n in range(250)])
    setup.sandbox.delete_product("S249")
    setup.sandbox.faults.add(Fault("POST", "/attributes/product/search", Answer(404), times=None))
    ran = doctor(mapping, *FAST)
    (products,) = [text for _, subject, text in lines(ran, "ok", "problem") if subject == "products"]
    assert products.startswith("100 of 250 SKUs were asked for: Plytix has all of them.")
    ran = doctor(mapping, "--all", *FAST)
    assert any("250 SKUs: Plytix lacks 1 of them (S249)" in text for *_, text in lines(ran))


def test_quiet_says_nothing_where_all_is_well_and_else_what_is_not(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    assert amzsync("doctor", mapping, "-q", *FAST) == Result(0, "", "")
    setup.sandbox.delete_product("SHOE")
    ran = amzsync("doctor", mapping, "-q", *FAST)
    assert (ran.code, ran.out) == (3, "")
    assert [line.split()[:2] for line in ran.err.splitlines() if line.startswith("✗")] == [["✗", "products"]]


def test_where_nothing_may_be_waited_for_it_ends_with_4(setup: Setup) -> None:
    ran = doctor(setup.mapping(TWO), "--rate-limit", "2/1h", "--max-wait", "1s")
    assert ran.code == 4
    assert "used up" in str(lines(ran))


def test_what_a_file_has_wrong_is_named(
    setup: Setup, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in setup.env:
        monkeypatch.delenv(name)
    account = {
        "api_key": KEY,
        "api_password": PASSWORD,
        "api_url": setup.sandbox.url,
        "auth_url": setup.sandbox.auth_url,
        "colour": "blue",
    }
    path = tmp_path / "accounts.json"
    path.write_text(json.dumps({"accounts": {"shop": account}, "notes": []}), encoding="utf-8")
    path.chmod(0o644)
    ran = doctor(setup.mapping(TWO), "--config", path, *FAST)
    told = [text for sign, subject, text in lines(ran) if (sign, subject) == ("warning", "configuration")]
    assert ran.code == 0
    assert f"chmod 600 {path}" in told[0]
    assert "notes, accounts.shop.colour" in told[1]
    assert any(f"{path} has the account 'shop'" in text for *_, text in lines(ran, "ok"))


def test_with_fetch_the_hosts_of_images_are_asked_and_not_plytix(setup: Setup, server: WireServer) -> None:
    mapping = setup.mapping(
        [{"suggested_sku": "BOOT", "image_urls": [f"{server.url}/{n}.jpg" for n in (1, 2, 3)]}]
    )
    server.answer(404)
    server.answer(200, b"GIF89a\x10\x00\x10\x00")
    ran = doctor(mapping, "--fetch", "2", "--allow-private-urls", *FAST)
    assert ran.code == 3
    assert [line[:2] for line in lines(ran)] == [("problem", "images"), ("warning", "images")]
    assert f"1 of 2 are gone ({server.url}/1.jpg: HTTP 404)" in lines(ran)[0][2]
    assert "16 × 16" in lines(ran)[1][2]
    assert [asked.path for asked in server.asked] == ["/1.jpg", "/2.jpg"]
    assert doctor(mapping, "--allow-private-urls", *FAST).code == 0
    assert len(server.asked) == 2


def test_a_configuration_that_cannot_be_read_is_named_and_the_rest_is_looked_at(setup: Setup) -> None:
    ran = doctor(setup.mapping(TWO), "--config", "no-such.json", "--plytix-account", "shop")
    assert ran.code == 1
    (told,) = lines(ran)
    assert told[:2] == ("problem", "configuration")
    assert "no-such.json" in told[2]
    assert not setup.sandbox.total


def test_a_ledger_that_cannot_be_written_is_named_and_what_it_wants_is_looked_at(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup.apply(setup.mapping(TWO))
    monkeypatch.setattr("os.access", lambda path, mode: (str(path), mode) != ("amzsync.db", os.W_OK))
    ran = doctor(*FAST)
    assert (ran.code, [line[:2] for line in lines(ran)]) == (3, [("problem", "ledger")])
    assert any("2 products with 4 image references" in text for *_, text in lines(ran, "ok"))


def test_a_folder_that_takes_no_ledger_is_named(setup: Setup) -> None:
    ran = doctor(setup.mapping(TWO), "--ledger", setup.folder / "none" / "amzsync.db", *FAST)
    assert ran.code == 3
    assert ("problem", "ledger") in [line[:2] for line in lines(ran)]


def test_next_steps_that_are_commands_are_whole(setup: Setup) -> None:
    ran = doctor("--ledger", "other.db", "--plytix-account", "environment", *FAST)
    (step,) = [text for _, subject, text in lines(ran) if subject == "mapping"]
    assert "`amzsync doctor --ledger other.db --plytix-account environment FILE`" in step
    assert setup.sandbox.total


def test_what_comes_from_outside_cannot_control_the_terminal(setup: Setup) -> None:
    hostile = "\x1b[2J\u202e"
    mapping = setup.mapping(
        [{"suggested_sku": f"{hostile}B", "image_urls": [f"https://x.example/{hostile}"]}]
    )
    setup.sandbox.delete_product(f"{hostile}B")
    setup.sandbox.faults.add(
        Fault("POST", ASSETS, Transform(headers={"X-Plytix-Deprecation": "v1 \x1b[2J"}), times=None)
    )
    ran = amzsync("doctor", mapping, "--plytix-account", "environment", *FAST)
    assert ran.code == 3
    assert "\x1b" not in ran.out + ran.err
    assert "\u202e" not in ran.out + ran.err
    assert r"\x1b[2J\u202eB" in ran.out


def test_what_a_probe_has_found_is_told_and_before_it_how_to_make_one(setup: Setup) -> None:
    mapping = setup.mapping(TWO)
    (untried,) = [text for _, subject, text in lines(doctor(mapping, *FAST), "ok") if subject == "probe"]
    assert "`amzsync doctor --probe FILE` tries it" in untried
    assert amzsync("doctor", mapping, "--probe", "--yes", *FAST).code == 0
    ran = doctor(mapping, *FAST)
    (tried,) = [text for _, subject, text in lines(ran, "ok") if subject == "probe"]
    assert "a gallery can be written whole, and a run does so." in tried
    assert ran.code == 0
