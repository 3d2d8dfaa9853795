"""Every command that is named works as it is printed: with its account, its gallery and its ledger."""

import json
import re
import shlex
import signal
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from cli.fixtures import KEY, PASSWORD, Setup, flat
from cli.terminal import Result, amzsync
from cli.test_interrupted_planning import killed_while_planning
from sandbox_faults import Answer, Delay, Fault, RunBefore

from amzsync.cli import planning
from amzsync.ledger.lock import WriterLock
from amzsync.sandbox import TypeClass

LEDGER = "my ledger.db"
SKUS = ("A", "B", "C")


class Shop:
    """An account that only a configuration file tells, with a gallery and a ledger of its own."""

    def __init__(self, setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
        self.setup = setup
        account = {
            "api_url": setup.sandbox.url,
            "auth_url": setup.sandbox.auth_url,
            "api_key": KEY,
            "api_password": PASSWORD,
        }
        self.config = setup.folder / "my accounts.json"
        self.config.write_text(json.dumps({"accounts": {"shop": account, "other": account}}))
        self.config.chmod(0o600)
        for name in setup.env:
            monkeypatch.delenv(name)
        self.label = setup.sandbox.add_attribute("Photos", TypeClass.MEDIA_GALLERY)
        self.mapping = setup.mapping([flat(sku, f"image{sku}") for sku in SKUS], "my mapping.json")

    @property
    def target(self) -> tuple[object, ...]:
        return ("--config", self.config, "--plytix-account", "shop", "--ledger", LEDGER)

    @property
    def mapped(self) -> tuple[object, ...]:
        return ("--mapping", self.mapping, "--gallery", self.label, *self.target)

    def refuse(self, image: str = "imageA") -> None:
        answer = Answer(422, b'{"error": {"msg": "Cannot be downloaded"}}')
        self.setup.sandbox.faults.add(
            Fault(
                "POST", "/assets", answer, times=None, body=lambda body: body["url"].endswith(f"{image}.jpg")
            )
        )

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(LEDGER)) as connection, connection:
            connection.execute(statement)

    def is_done(self) -> bool:
        products = self.setup.sandbox.snapshot().products
        return all(len(products[sku].linked_ids) == 1 and not products[sku].gallery for sku in SKUS)


@pytest.fixture
def shop(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(setup, monkeypatch)


def named_commands(*results: Result) -> list[str]:
    """Every command that they tell to type, but for those with a name to fill in."""
    found: list[str] = []
    for result in results:
        text = result.out + result.err
        found += re.findall(r"Next[^:\n]*: (amzsync .+)", text)
        found += re.findall(r"`(amzsync [^`]+)`", text)
        if result.out.startswith("{"):
            document = result.json
            found += [*document.get("next", []), *(one["command"] for one in document.get("next_when", []))]
    return [one for one in dict.fromkeys(found) if "FILE" not in one]


def type_all(commands: list[str], *, codes: tuple[int, ...] = (0,)) -> None:
    """Each works as it stands."""
    assert commands
    for one in commands:
        program, *words = shlex.split(one)
        assert program == "amzsync"
        result = amzsync(*words)
        assert result.code in codes, f"{one}\n{result.out}\n{result.err}"


def status(*more: str) -> Result:
    return amzsync("status", "--ledger", LEDGER, *more)


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_after_a_plan(shop: Shop) -> None:
    result = amzsync("plan", *shop.mapped)
    type_all(named_commands(result))
    assert shop.is_done()


def test_in_the_status_of_what_was_only_planned(shop: Shop) -> None:
    amzsync("plan", *shop.mapped)
    type_all(named_commands(status(), status("--json"), status("-q"))[:1])
    assert shop.is_done()


def test_after_a_dry_run(shop: Shop) -> None:
    result = amzsync("apply", *shop.mapped, "--dry-run")
    assert not Path(LEDGER).exists()
    type_all(named_commands(result))
    assert shop.is_done()


def test_after_a_run_that_is_done_there_is_none(shop: Shop) -> None:
    result = amzsync("apply", *shop.mapped, "--yes")
    assert result.code == 0, result.err
    assert named_commands(result, status(), status("--json")) == []


def test_after_a_refused_picture(shop: Shop) -> None:
    shop.refuse()
    result = amzsync("apply", *shop.mapped, "--yes")
    commands = named_commands(result, status(), status("--json"))
    assert not any("--retry-failed" in one for one in commands)
    type_all(commands, codes=(0, 3))


def test_after_a_failure_that_may_pass(shop: Shop) -> None:
    shop.refuse()
    amzsync("apply", *shop.mapped, "--yes")
    shop.sql("UPDATE failures SET status = 503")
    shop.setup.sandbox.faults.clear()
    type_all(named_commands(status(), status("-q")))
    assert shop.is_done()


def test_where_plytix_lacks_a_product(shop: Shop) -> None:
    shop.setup.sandbox.delete_product("A")
    result = amzsync("apply", *shop.mapped, "--yes")
    commands = named_commands(result, status())
    shop.setup.sandbox.seed(["A"])
    type_all(commands)
    assert shop.is_done()


def test_the_mapping_with_the_failure_is_named_also_after_another_one_was_applied(shop: Shop) -> None:
    good = shop.mapping
    bad = shop.mapping = shop.setup.folder / "bad.json"
    bad.write_text(json.dumps([{"suggested_sku": "A", "image_urls": ["ht!tp://nowhere"]}]))
    amzsync("apply", *shop.mapped, "--yes")
    shop.mapping = shop.setup.mapping([flat("B", "imageB"), flat("C", "imageC")], good.name)
    amzsync("apply", *shop.mapped, "--yes")
    commands = named_commands(status())
    assert all(str(bad.name) in one for one in commands)
    type_all(commands, codes=(0, 3))


def test_where_a_malformed_address_is_planned(shop: Shop) -> None:
    content = [{"suggested_sku": "A", "image_urls": ["ht!tp://nowhere"]}]
    shop.mapping.write_text(json.dumps(content))
    type_all(named_commands(amzsync("plan", *shop.mapped), status()), codes=(0, 3))


@pytest.mark.parametrize("flags", [(), ("-q",), ("--json",)])
def test_at_the_longest_wait(shop: Shop, flags: tuple[str, ...]) -> None:
    limits = ("--rate-limit", "5/1h", "--max-wait", "1s")
    result = amzsync("apply", *shop.mapped, "--yes", *limits, *flags)
    assert result.code == 4
    type_all(named_commands(result, status())[:1], codes=(4,))
    type_all([f"{one} --rate-limit 100000/10s" for one in named_commands(result)[:1]])
    assert shop.is_done()


def test_where_the_credentials_are_refused(shop: Shop) -> None:
    shop.setup.sandbox.faults.add(Fault("POST", "/auth/api/get-token", Answer(401), times=None))
    result = amzsync("apply", *shop.mapped, "--yes")
    assert result.code == 1
    shop.setup.sandbox.faults.clear()
    type_all(named_commands(result))
    assert shop.is_done()


def test_where_reading_fails_while_a_plan_is_refreshed(shop: Shop) -> None:
    fault = Fault("POST", "/products/search", Answer(422, b'{"error": {"msg": "no"}}'), times=None)
    shop.setup.sandbox.faults.add(fault)
    result = amzsync("plan", *shop.mapped, "--refresh")
    assert result.code == 1
    assert "resume" not in result.err
    shop.setup.sandbox.faults.clear()
    type_all(named_commands(result))


def test_where_a_refresh_stops_at_the_longest_wait(shop: Shop) -> None:
    result = amzsync("plan", *shop.mapped, "--refresh", "--rate-limit", "1/1h", "--max-wait", "1s")
    assert result.code == 4
    assert named_commands(result)[0].startswith("amzsync plan --mapping")


def test_where_a_run_is_interrupted(shop: Shop) -> None:
    reached = threading.Event()
    shop.setup.sandbox.faults.add(
        Fault("POST", "/assets", RunBefore(reached.set)), Fault("POST", "/assets", Delay(0.3), times=None)
    )
    arguments = ("apply", *shop.mapped, "--yes", "--workers", "1")
    with shop.setup.process(*arguments) as running:
        assert reached.wait(30)
        running.kill(signal.SIGINT)
        ended = running.wait()
    assert ended.code == 130
    type_all(named_commands(Result(130, ended.out, ended.err))[:1])
    assert shop.is_done()


@pytest.mark.parametrize("name", ["apply", "plan"])
def test_where_planning_is_interrupted(shop: Shop, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    consent = ("--yes",) if name == "apply" else ()
    with monkeypatch.context() as patched:
        patched.setattr(planning, "settle", interrupted)
        result = amzsync(name, *shop.mapped, *consent)
    assert result.code == 130
    type_all(named_commands(result)[:1])
    assert shop.is_done() == (name == "apply")


def test_in_the_status_of_a_run_that_was_killed_before_its_plan_was_confirmed(shop: Shop) -> None:
    killed_while_planning(shop.setup, "apply", *shop.mapped, "--yes")
    shop.sql("UPDATE runs SET is_confirmed = 0")
    type_all(named_commands(status()))
    assert shop.is_done()


def test_where_the_mapping_of_an_unfinished_run_is_gone(shop: Shop) -> None:
    killed_while_planning(shop.setup, "apply", *shop.mapped, "--yes")
    content = shop.mapping.read_text()
    shop.mapping.unlink()
    result = amzsync("resume", "--ledger", LEDGER)
    assert result.code == 1
    shop.mapping.write_text(content)
    again, give_up = named_commands(result)
    type_all([again])
    assert shop.is_done()
    type_all([give_up])


def test_where_the_ledger_is_locked(shop: Shop) -> None:
    amzsync("plan", *shop.mapped)
    with WriterLock(Path(LEDGER)):
        result = amzsync("apply", *shop.mapped, "--yes")
        assert result.code == 1
        type_all(named_commands(result))


def test_where_the_ledger_is_refused(shop: Shop) -> None:
    amzsync("apply", *shop.mapped, "--yes")
    result = amzsync("apply", "--ledger", LEDGER, "--plytix-account", "sandbox", "--yes")
    assert result.code == 1
    assert "--plytix-account shop" in result.err
    assert amzsync("apply", "--ledger", LEDGER, "--config", shop.config, "--yes").code == 0


def test_where_there_is_nothing_to_resume(shop: Shop) -> None:
    amzsync("plan", *shop.mapped)
    type_all(named_commands(amzsync("resume", "--ledger", LEDGER, "--config", shop.config)))
    assert shop.is_done()


def test_where_a_check_finds_differences(shop: Shop) -> None:
    amzsync("apply", *shop.mapped, "--yes")
    shop.setup.sandbox.set_gallery("A", [], shop.label)
    result = amzsync("check", *shop.target)
    assert result.code == 3, result.err
    type_all(named_commands(result))
    assert shop.is_done()


def test_a_command_that_needs_an_option_for_pending_rows_has_it(shop: Shop) -> None:
    content = [{"suggested_sku": "A", "image_urls": [shop.setup.sandbox.url + "/a.jpg"]}]
    shop.mapping.write_text(json.dumps(content))
    result = amzsync("plan", *shop.mapped, "--allow-private-urls", "--skip-existing", "--rate-limit", "free")
    (one,) = named_commands(result)
    for option in ("--allow-private-urls", "--skip-existing", "--rate-limit free"):
        assert option in one
    type_all([one])


def test_at_a_terminal_the_question_is_left_to_it(shop: Shop) -> None:
    result = amzsync("plan", *shop.mapped)
    asked = amzsync("apply", *shop.target, answer="n\n")
    assert "--yes" in named_commands(result)[0]
    assert asked.code == 1
    at_a_terminal = amzsync("plan", *shop.mapped, answer="")
    assert "--yes" not in named_commands(at_a_terminal)[0]
