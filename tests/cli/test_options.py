"""An option is a field of a frozen object: the command line, the record of a run and its checks follow."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.models import OptionInfo
from typer.testing import CliRunner

from amzsync.cli import options as all_options
from amzsync.cli.options import MappingOptions, PaceOptions, TargetOptions
from amzsync.cli.run_options import RunOptions, record, recorded_options, resumed_options
from amzsync.cli.signature import Only, option_fields, takes_options
from amzsync.errors import LedgerError

LEDGER = TargetOptions(Path("some.db"))
GROUPS = [getattr(all_options, name) for name in all_options.__all__ if name.endswith("Options")]


@dataclass(frozen=True, slots=True)
class Shown:
    words: Annotated[tuple[str, ...], typer.Option("--word", help="A word.")] = ()
    times: Annotated[int, typer.Option("--times", envvar="SHOWN_TIMES", min=1, max=3)] = 1


@dataclass(frozen=True, slots=True)
class Loudness:
    unused: Annotated[bool, typer.Option("--unused")] = False
    loud: Annotated[bool, typer.Option("--loud", "-l")] = False


def said(*arguments: str) -> tuple[int, str]:
    app = typer.Typer(rich_markup_mode=None)

    @app.command()
    @takes_options
    def _show(shown: Shown, loudness: Annotated[Loudness, Only("loud")]) -> None:
        """Show words."""
        typer.echo(f"{shown.words} {shown.times} {loudness.loud}")

    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_the_fields_of_an_object_are_the_options_of_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    assert said() == (0, "() 1 False\n")
    assert said("-l", "--word", "a", "--word", "b") == (0, "('a', 'b') 1 True\n")
    monkeypatch.setenv("SHOWN_TIMES", "3")
    assert said() == (0, "() 3 False\n")
    code, text = said("--times", "4")
    assert code == 2
    assert "'--times'" in text
    help_text = said("--help")[1]
    assert "Show words." in help_text
    assert "A word." in help_text
    assert "--unused" not in help_text


def test_every_option_is_defined_once() -> None:
    options = [option for group in GROUPS for option in option_fields(group)]
    assert len({option.name for option in options}) == len(options)
    # `sandbox serve --sku` names what a server holds: no command works on a part of that.
    options = [option for option in options if option.name != "seeded_skus"]
    flags = [
        flag
        for option in options
        if isinstance(option.info, OptionInfo)
        for flag in (option.info.default, *(option.info.param_decls or ()))
    ]
    assert len(set(flags)) == len(flags)


def test_no_object_has_more_options_than_one_can_keep_in_mind() -> None:
    assert max(len(fields(group)) for group in GROUPS) <= 12


def test_recorded_options_come_back_as_they_were_given(tmp_path: Path) -> None:
    given = RunOptions(
        replace(LEDGER, account="prod", config=Path("c.json"), same_account=True),
        MappingOptions(
            (tmp_path / "a.json",), True, True, "gallery", "DE", "item_sku", ("Bild", "Bild 2"), True
        ),
        all_options.ApplyOptions(dry_run=True, is_confirmed=True, retry_failed=True, output=Path("r.json")),
        PaceOptions(4, ("50/10s",), "15m"),
        all_options.PartOptions(("A*", "B"), 3),
    )
    back = recorded_options(LEDGER, json.dumps(record(given)))
    assert back == replace(
        given,
        target=replace(given.target, same_account=False),
        apply=all_options.ApplyOptions(retry_failed=True),
    )


def test_options_given_now_come_before_the_recorded_ones() -> None:
    text = json.dumps({"workers": 4, "max_wait": "1h", "account": "prod", "unknown": 1})
    now = RunOptions(replace(LEDGER, account="test"), pace=PaceOptions(workers=2))
    resumed = resumed_options(now, text)
    assert resumed.target.account == "test"
    assert resumed.pace == PaceOptions(2, (), "1h")


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000, '{"workers": true}', '{"workers": 1025}'])
def test_a_record_that_cannot_have_been_typed_is_refused(text: str) -> None:
    with pytest.raises(LedgerError, match=r"some\.db"):
        recorded_options(LEDGER, text)
