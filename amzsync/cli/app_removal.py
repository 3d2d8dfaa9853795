"""The commands that take something back."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from amzsync.cli.app_start import check_consent, start
from amzsync.cli.options import ApplyOptions, OutputOptions, PaceOptions, PartOptions, TargetOptions
from amzsync.cli.removal_options import RemovalOptions
from amzsync.cli.signature import Only, takes_options

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["prune_command", "undo_command"]

_ASKED = Only("dry_run", "is_confirmed")


@takes_options
def prune_command(
    *,
    target: TargetOptions,
    part: PartOptions,
    removal: Annotated[RemovalOptions, Only("assets", "max_delete", "keep_runs")],
    work: Annotated[ApplyOptions, _ASKED],
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    check_consent(work)

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.removal import prune
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, apply=work, pace=pace, part=part, removal=removal)
        return prune(options, output, resources)

    start(command, output_options, target)


@takes_options
def undo_command(
    *,
    target: TargetOptions,
    part: PartOptions,
    removal: Annotated[RemovalOptions, Only("undone_run", "delete_assets", "max_delete", "keep_runs")],
    work: Annotated[ApplyOptions, _ASKED],
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    check_consent(work)

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.removal import undo
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, apply=work, pace=pace, part=part, removal=removal)
        return undo(options, output, resources)

    start(command, output_options, target)
