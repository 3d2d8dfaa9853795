"""Credentials and tokens are in no argument, ledger, log, report, traceback or output, whatever happens."""

import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from proof.commands import KEY, PASSWORD, Commands, account
from proof.fault_harness import KINDS, FaultHarness, product
from proof.scenarios import FAST, Scenario, sandbox_of
from sandbox_faults import Answer, DropAfterWork, Sandbox, Transform

from amzsync.cli import app

LOUD = ("-vv", "--log-file", "run.log", "--output", "report.json", "--json")


@pytest.fixture
def tokens(sandbox: Sandbox) -> list[str]:
    """Every token that the sandbox gives out."""
    given: list[str] = []
    sandbox.faults.add(KINDS["token"].goes(Transform(remember(given)), times=None))
    return given


def remember(given: list[str]) -> Callable[[Any], Any]:
    def change(payload: Any) -> Any:
        given.extend(row["access_token"] for row in payload.get("data", ()))
        return payload

    return change


def tell_nothing(folder: Path, secrets: list[str], *texts: str) -> None:
    for secret in secrets:
        for text in texts:
            assert secret not in text
        for path in folder.rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path.name


def quoting(status: int) -> Answer:
    """An answer that quotes the credentials and whatever else it was sent."""
    return Answer(status, f'{{"error": {{"msg": "no {KEY} {PASSWORD}"}}}}'.encode())


FAULTS = {
    "nothing": None,
    "credentials refused and quoted": KINDS["token"].goes(quoting(401), times=None),
    "role": KINDS["upload"].goes(Answer(403, b"{}"), times=None),
    "garbage": KINDS["product search"].goes(Answer(200, b"\xff\x00"), times=None),
    "resets": KINDS["product write"].goes(DropAfterWork(), times=None),
    "redirect": KINDS["asset search"].goes(Answer(302, b"", {"Location": "https://x.example/"}), times=None),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_secret_is_in_any_file_or_word_at_the_loudest(
    fault: str,
    harness: FaultHarness,
    sandbox: Sandbox,
    tokens: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("amzsync.cli.doctor._OUTAGE_S", 0.2)
    sandbox.seed(["A", "B"])
    if first := FAULTS[fault]:
        sandbox.faults.clear()
        sandbox.faults.add(first, KINDS["token"].goes(Transform(remember(tokens)), times=None))
    said: list[str] = []
    try:
        ran = harness.apply([product("A", "x1"), product("B", "x1", "x2")], *LOUD)
        said += [ran.out, ran.err]
    except Exception as error:  # noqa: BLE001 - with -vv a traceback is what was asked for
        said += traceback_of(error)
    looks = (["doctor", "-vv"], ["doctor", "--json", "--log-file", "run.log"])
    for command in (["status", "-vv"], ["status", "--json"], ["plan", "-vv"], *looks):
        shown = harness.run(*command)
        said += [shown.out, shown.err]
    assert (harness.folder / "run.log").stat().st_size > 0
    assert bool(tokens) == (fault != "credentials refused and quoted"), "the proof sees every token"
    tell_nothing(harness.folder, [KEY, PASSWORD, *tokens], *said)


def traceback_of(error: BaseException) -> list[str]:
    """All that a traceback of the program can show, the values in its frames included."""
    trace = error.__traceback__
    while trace and trace.tb_frame.f_code.co_filename != app.__file__:
        trace = trace.tb_next  # The frames of this proof know the secrets, of course.
    assert trace
    told = traceback.TracebackException.from_exception(error.with_traceback(trace), capture_locals=True)
    return ["".join(told.format())]


def test_no_secret_is_left_by_a_process_that_is_killed_nor_in_its_arguments(tmp_path: Path) -> None:
    scenario = Scenario.drawn(8)
    mapping = scenario.write(tmp_path / "mapping.json")
    given: list[str] = []
    with sandbox_of(scenario) as sandbox, Commands(tmp_path) as commands:
        sandbox.faults.add(KINDS["token"].goes(Transform(remember(given)), times=None))
        env = account(sandbox, tmp_path)
        arguments = ["apply", "--mapping", mapping, "--yes", *FAST, *LOUD]
        killed = commands.run(env, *arguments, event="after request", count=9)
        assert killed.was_killed
        again = commands.run(env, "resume", *LOUD, event="after request", count=6, signal=signal.SIGTERM)
        assert again.code == 130
        assert len(given) == 2
        tell_nothing(tmp_path, [KEY, PASSWORD, *given])
        with (
            commands.ledger.with_name("amzsync.db-wal").open("rb")
            if (commands.ledger.with_name("amzsync.db-wal").exists())
            else commands.ledger.open("rb") as file
        ):
            assert file.read(), "there was something to look at"


def test_no_option_takes_a_secret(harness: FaultHarness) -> None:
    for command in ("apply", "resume", "plan", "status", "doctor"):
        shown = harness.run(command, "--help").said.lower()
        assert "--ledger" in shown
        for word in ("--api-key", "--password", "--token", "--key", "--secret"):
            assert word not in shown
