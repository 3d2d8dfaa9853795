"""The commands that bring a catalogue into Plytix, and the one that compares."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated

from amzsync.cli.app_start import check_consent, start
from amzsync.cli.image_options import ImageOptions
from amzsync.cli.options import (
    ApplyOptions,
    MappingOptions,
    OutputOptions,
    PaceOptions,
    PartOptions,
    TargetOptions,
)
from amzsync.cli.removal_options import RemovalOptions
from amzsync.cli.report_options import PageOptions
from amzsync.cli.signature import Only, takes_options
from amzsync.cli.usage import UsageError

if TYPE_CHECKING:
    from amzsync.cli.output import Output
    from amzsync.cli.result import CommandResult

__all__ = ["apply_command", "check_command", "plan_command", "resume_command"]

_CHECKED = Only(
    "files", "mappings", "gallery", "marketplace", "sku_column", "url_columns", "allow_private_urls"
)
_APPLIED = Only("refresh", "dry_run", "is_confirmed", "retry_failed", "fail_on", "output")
_WORK = Only("dry_run", "is_confirmed", "retry_failed", "fail_on", "output")


@takes_options
def plan_command(
    *,
    mapping: MappingOptions,
    target: TargetOptions,
    part: PartOptions,
    plan_options: Annotated[ApplyOptions, Only("refresh", "dry_run")],
    images: Annotated[ImageOptions, Only("min_size", "skip_small")],
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    if not mapping.mappings and not target.ledger.exists():
        raise UsageError("There is nothing to plan. Add --mapping FILE.")

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.plan import plan
        from amzsync.cli.run_options import RunOptions

        return plan(RunOptions(target, mapping, plan_options, pace, part, images=images), output, resources)

    start(command, output_options, target)


@takes_options
def apply_command(
    *,
    mapping: MappingOptions,
    target: TargetOptions,
    part: PartOptions,
    apply_options: Annotated[ApplyOptions, _APPLIED],
    removal: Annotated[RemovalOptions, Only("prune", "max_delete", "keep_runs")],
    page: PageOptions,
    images: ImageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:
    check_consent(apply_options)

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.apply import apply
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, mapping, apply_options, pace, part, removal, page, images)
        return apply(options, output, resources)

    start(command, output_options, target)


@takes_options
def resume_command(
    target: TargetOptions,
    apply_options: Annotated[ApplyOptions, _WORK],
    page: PageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.resume import resume
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target=target, apply=apply_options, pace=pace, page=page)
        return resume(options, output, resources)

    start(command, output_options, target)


@takes_options
def check_command(
    *,
    mapping: Annotated[MappingOptions, _CHECKED],
    target: TargetOptions,
    part: PartOptions,
    page: PageOptions,
    images: ImageOptions,
    pace: PaceOptions,
    output_options: OutputOptions,
) -> None:

    def command(output: "Output", resources: ExitStack) -> "CommandResult":
        from amzsync.cli.check import check
        from amzsync.cli.run_options import RunOptions

        options = RunOptions(target, mapping, pace=pace, part=part, page=page, images=images)
        return check(options, output, resources)

    start(command, output_options, target)
