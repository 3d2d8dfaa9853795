"""The limits of a run: those asked for, else configured, else told by the token, else a paid account's."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.fixtures import KEY, PASSWORD, Setup, boots, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Sandbox

from amzsync.ledger.ledger import Ledger
from amzsync.ledger.request_log import ObservedLimit

TOLD = "Rate limits from the access token: 40/10s, 15000/1h."
CLAIMS = {"limits": [{"limit": 40, "window": 10}, {"limit": 15000, "window": 3600}]}


@pytest.fixture
def telling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Setup]:
    """An account whose tokens tell its limits."""
    with Sandbox(limits=((40, 10.0),), claims=CLAIMS, api_key=KEY, api_password=PASSWORD) as sandbox:
        setup = Setup(tmp_path, sandbox)
        for name, value in setup.env.items():
            monkeypatch.setenv(name, value)
        yield setup


def apply(setup: Setup, *more: object) -> Result:
    return amzsync("apply", "--mapping", setup.mapping([flat("S1", "a", "b")]), "--yes", *more)


def quota() -> list[tuple[int, float]]:
    return [(each["limit"], each["window_s"]) for each in amzsync("status", "--json").json["quota"]]


def test_what_the_token_tells_is_said_once_kept_and_in_force(telling: Setup) -> None:
    first = apply(telling)
    assert first.code == 0
    assert TOLD in first.err
    status = amzsync("status", "--json").json
    assert status["limits_from"] == "token"
    assert quota() == [(40, 10.0), (15000, 3600.0)]
    plan = amzsync("plan", "--mapping", telling.mapping(boots()))
    assert "40 in 10s and 15,000 in 1h, from the access token" in " ".join(plan.out.split())
    assert "from the access token" in amzsync("status").out
    assert TOLD not in apply(telling, "--mapping", telling.mapping(boots(), "more.json")).err


def test_the_limits_of_a_token_are_in_force_before_any_request_leaves_with_it(telling: Setup) -> None:
    """The account allows 40 in 10 s: at 50 some would be refused."""
    many = [flat(f"S{n:02d}", f"m{n}") for n in range(45)]
    ran = amzsync("apply", "--mapping", telling.mapping(many), "--yes", "--max-wait", "1s")
    assert ran.code == 4
    assert [one.status for one in telling.sandbox.history if one.status == 429] == []
    assert telling.sandbox.total == 40


def test_limits_that_were_asked_for_go_before_those_of_the_token(telling: Setup) -> None:
    ran = apply(telling, "--rate-limit", "30/10s")
    assert (ran.code, TOLD in ran.err) == (0, False)
    assert quota() == [(30, 10.0)]


def test_configured_limits_go_before_those_of_the_token(
    telling: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = {
        "api_url": telling.sandbox.url,
        "auth_url": telling.sandbox.auth_url,
        "api_key": KEY,
        "api_password": PASSWORD,
        "rate_limits": ["30/10s"],
    }
    config = telling.folder / "plytix.json"
    config.write_text(json.dumps({"accounts": {"shop": account}, "defaults": {"account": "shop"}}))
    for name in telling.env:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AMZSYNC_CONFIG", str(config))
    ran = apply(telling)
    assert (ran.code, TOLD in ran.err) == (0, False)
    status = amzsync("status", "--json").json
    assert (status["limits_from"], quota()) == ("configuration", [(30, 10.0)])


def test_a_token_that_tells_nothing_leaves_the_limits_of_a_paid_account(setup: Setup) -> None:
    assert apply(setup).code == 0
    assert amzsync("status", "--json").json["limits_from"] == "default"
    assert quota() == [(50, 10.0), (5000, 3600.0)]


def test_a_changed_ledger_makes_no_other_limits_than_such_as_can_be_typed(setup: Setup) -> None:
    assert apply(setup).code == 0
    for kept in ('["0/10s"]', "{", "[" * 50_000, '{"a": 1}', '["50/10s\\u001b[31m"]', "[null]"):
        with Ledger.write(setup.ledger) as ledger:
            ledger.runs.keep_setting("token_limits", kept)
        assert quota() == [(50, 10.0), (5000, 3600.0)]


def test_status_tells_what_refusals_have_shown_and_since_when(setup: Setup) -> None:
    assert apply(setup).code == 0
    with Ledger.write(setup.ledger) as ledger:
        ledger.request_log().keep_observed([ObservedLimit(10.0, 20, age_s=90.0, refused_age_s=5.0)])
    assert "Plytix has allowed only 20 since" in " ".join(amzsync("status").out.split())
    short, hour = amzsync("status", "--json").json["quota"]
    assert (short["limit"], short["configured"]) == (20, 50)
    assert short["observed_since"].endswith("+00:00")
    assert "observed_since" not in hour
    with Ledger.write(setup.ledger) as ledger:
        ledger.request_log().keep_observed([ObservedLimit(10.0, 20, age_s=900.0, refused_age_s=301.0)])
    assert quota() == [(50, 10.0), (5000, 3600.0)]
