"""The commands that only read the ledger."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from amzsync.cli.app_start import start
from amzsync.cli.export_options import ExportKind, ExportOptions
from amzsync.cli.image_options import ImageOptions
from amzsync.cli.options import ApplyOptions, OutputOptions, PaceOptions, PartOptions, TargetOptions
from amzsync.cli.report_options import ReportOptions
from amzsync.cli.signature import Only, takes_options

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["export_command", "report_command", "status_command"]


@takes_options
def status_command(
    target: Annotated[TargetOptions, Only("ledger")],
    part: PartOptions,
    pace: Annotated[PaceOptions, Only("rate_limits")],
    output_options: Annotated[OutputOptions, Only("as_json", "verbosity", "is_quiet", "no_color")],
) -> None:

    def command(_output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.run_options import RunOptions
        from amzsync.cli.status import status

        return status(RunOptions(target=target, pace=pace, part=part), resources)

    start(command, output_options, target)


@takes_options
def report_command(
    report_options: ReportOptions,
    target: Annotated[TargetOptions, Only("ledger")],
    part: PartOptions,
    images: Annotated[ImageOptions, Only("min_size")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:

    def command(_output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.report import report
        from amzsync.cli.run_options import RunOptions

        return report(report_options, RunOptions(target, part=part, images=images), resources)

    start(command, output_options, target)


@takes_options
def export_command(
    export_options: ExportOptions,
    target: Annotated[TargetOptions, Only("ledger")],
    output: Annotated[ApplyOptions, Only("output")],
    part: PartOptions,
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    export_options.check(output.output)

    def command(_output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, apply=output, part=part)
        if export_options.kind is ExportKind.PLYTIX:
            from amzsync.cli.export_plytix import export_plytix

            return export_plytix(export_options, options, resources)
        from amzsync.cli.export import export

        return export(export_options, options, resources)

    start(command, output_options, target)
