"""The commands for the first day, before any run."""

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from amzsync.cli.app_start import start
from amzsync.cli.doctor_options import DoctorOptions
from amzsync.cli.options import ApplyOptions, MappingOptions, OutputOptions, PaceOptions, TargetOptions
from amzsync.cli.signature import Only, takes_options
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["doctor_command", "init_command"]

_LOOKED_AT = Only(
    "files", "mappings", "gallery", "marketplace", "sku_column", "url_columns", "allow_private_urls"
)
_SHOWN = Only("as_json", "verbosity", "is_quiet", "no_color", "log_file")


@takes_options
def doctor_command(
    *,
    mapping: Annotated[MappingOptions, _LOOKED_AT],
    target: TargetOptions,
    doctor_options: DoctorOptions,
    consent: Annotated[ApplyOptions, Only("is_confirmed")],
    pace: PaceOptions,
    output_options: Annotated[OutputOptions, _SHOWN],
) -> None:
    _check_probe(doctor_options, is_confirmed=consent.is_confirmed)

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, mapping, consent, pace)
        if doctor_options.is_probe:
            from amzsync.cli.probe import probe

            return probe(options, doctor_options, output, resources)
        from amzsync.cli.doctor import doctor

        return doctor(options, doctor_options, output)

    start(command, output_options, target)


def _check_probe(options: DoctorOptions, *, is_confirmed: bool) -> None:
    if not options.is_probe:
        if options.image_urls:
            raise UsageError("--image-url is for --probe.")
        return
    if options.all_products or options.fetched:
        raise UsageError("--all and --fetch are not for --probe, which tries and does not look.")
    if not (is_confirmed or sys.stdin.isatty()):
        raise UsageError("Not a terminal, so cannot ask. Add --yes.")


@takes_options
def init_command(
    target: Annotated[TargetOptions, Only("account", "config")],
    mapping: Annotated[MappingOptions, Only("gallery")],
    consent: Annotated[ApplyOptions, Only("is_confirmed")],
    output_options: Annotated[OutputOptions, Only("verbosity", "is_quiet", "no_color")],
) -> None:
    if not (consent.is_confirmed or sys.stdin.isatty()):
        raise UsageError(
            "Not a terminal, so cannot ask. Set PLYTIX_API_KEY and PLYTIX_API_PASSWORD, and add --yes."
        )

    def command(output: "Output", _resources: ExitStack) -> "CommandResult":
        from amzsync.cli.init import init
        from amzsync.cli.run_options import RunOptions

        return init(RunOptions(target, mapping, consent), output)

    start(command, output_options, target)
