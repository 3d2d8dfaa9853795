"""A command returns a value; one place shows it, one place knows the exit codes."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer

from amzsync.cli.exits import ExitCode, exit_code_of
from amzsync.cli.invoke import invoke
from amzsync.cli.options import OutputOptions, TargetOptions
from amzsync.cli.output import Output
from amzsync.cli.result import CommandResult, Payload, Stream
from amzsync.errors import LedgerError
from amzsync.ledger.rows import Outcome

ERROR = LedgerError("The ledger is gone.", "`amzsync apply` makes another.")


def payload(**changes: Any) -> Payload:
    return Payload(lambda console: console.print("words"), lambda: iter(['{"a": 1}\n']), **changes)


def ended(result: CommandResult | Callable[[], CommandResult], options: OutputOptions, **named: Any) -> int:
    def command(_output: Output, _resources: ExitStack) -> CommandResult:
        return result if isinstance(result, CommandResult) else result()

    with pytest.raises(typer.Exit) as end:
        invoke(command, options, **named)
    return end.value.exit_code


def raising(error: BaseException) -> Callable[[], CommandResult]:
    def raise_it() -> CommandResult:
        raise error

    return raise_it


def test_words_go_to_stdout_and_messages_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    result = CommandResult(ExitCode.FAILURES, payload(), ("a message",))
    assert ended(result, OutputOptions()) == 3
    assert capsys.readouterr() == ("words\n", "a message\n")
    assert ended(result, OutputOptions(is_quiet=True)) == 3
    assert capsys.readouterr() == ("", "")


def test_json_takes_the_place_of_words_on_stdout(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    result = CommandResult(ExitCode.DONE, payload(file=tmp_path / "r.json"), ("a message",))
    assert ended(result, OutputOptions(as_json=True)) == 0
    assert capsys.readouterr() == ('{"a": 1}\n', "a message\n")
    assert (tmp_path / "r.json").read_text() == '{"a": 1}\n'


@pytest.mark.parametrize(
    "options",
    [OutputOptions(is_quiet=True), OutputOptions(as_json=True), OutputOptions(as_json=True, is_quiet=True)],
    ids=["quiet", "json", "both"],
)
def test_what_must_be_seen_is_on_stderr_with_json_and_quiet_too(
    capsys: pytest.CaptureFixture[str], options: OutputOptions
) -> None:
    seen = payload(stream=Stream.ERR, brief=lambda console: console.print("in short"))
    assert ended(CommandResult(ExitCode.WAITING, seen), options) == 4
    out, err = capsys.readouterr()
    assert err == "in short\n"
    assert out == ('{"a": 1}\n' if options.as_json else "")


def test_the_document_of_a_result_with_an_error_is_that_of_the_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    result = CommandResult(ExitCode.STOPPED, payload(file=tmp_path / "r.json"), error=ERROR)
    assert ended(result, OutputOptions(as_json=True), target=TargetOptions(ledger=Path("some.db"))) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["next_step"] == "`amzsync apply --ledger some.db --yes` makes another."
    assert err == "amzsync: The ledger is gone. `amzsync apply --ledger some.db --yes` makes another.\n"
    assert (tmp_path / "r.json").exists()
    with pytest.raises(LedgerError):
        invoke(lambda _output, _resources: result, OutputOptions(verbosity=2))


def test_a_document_is_read_before_what_it_reads_from_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    is_open = True

    def close() -> None:
        nonlocal is_open
        is_open = False

    def command(_output: Output, resources: ExitStack) -> CommandResult:
        resources.callback(close)
        return CommandResult(ExitCode.DONE, Payload(None, lambda: iter([str(is_open)])))

    with pytest.raises(typer.Exit):
        invoke(command, OutputOptions(as_json=True))
    assert capsys.readouterr().out == "True"
    assert not is_open


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (ERROR, 1, "The ledger is gone."),
        (KeyboardInterrupt(), 130, "Interrupted."),
        (ZeroDivisionError(), 1, "Unexpected error (ZeroDivisionError)."),
    ],
)
def test_what_a_command_raises_becomes_a_sentence_and_an_exit_code(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, text: str
) -> None:
    assert ended(raising(error), OutputOptions()) == code
    assert text in capsys.readouterr().err


def test_every_outcome_has_its_exit_code() -> None:
    assert {outcome: int(exit_code_of(outcome)) for outcome in Outcome} == {
        Outcome.PLANNED: 0,
        Outcome.FINISHED: 0,
        Outcome.FAILURES: 3,
        Outcome.INTERRUPTED: 130,
        Outcome.WAITING: 4,
        Outcome.STOPPED: 1,
    }
