"""A run that begins before it plans: what breaks off while planning is planned again by `resume`."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from amzsync.cli.next_steps import apply_command
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, choose_part, plan_into
from amzsync.cli.run_options import RunOptions
from amzsync.domain.timestamp import local_text, read_moment
from amzsync.errors import AmzsyncError, LedgerError, MappingError, PartError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome, Run
from amzsync.mapping.source import STANDARD_INPUT, MappingSource

__all__ = ["check_gallery", "fingerprints", "plan_again", "plan_all", "planning"]


def plan_all(
    ledger: Ledger, options: RunOptions, sources: tuple[MappingSource, ...], run_id: int | None = None
) -> None:
    """Plan what is named, whole, and choose the part of it that is worked on; a run keeps to that.

    Raises:
        MappingError: a mapping is none; the ledger stays as it was.
        PartError: the part holds no product.
    """
    plan_into(ledger, options, sources, run_id)
    choose_part(ledger, options)
    if run_id is not None:
        ledger.selection.keep(run_id)
    if options.apply.retry_failed:
        ledger.work().retry_failed()


def plan_again(ledger: Ledger, options: RunOptions, run: Run, output: Output) -> None:
    """Plan a run that ended while it was planning.

    Raises:
        MappingError: a mapping is gone or can no longer be read.
    """
    if STANDARD_INPUT in options.mapping.mappings:
        raise MappingError(
            f"Run {run.id}",
            "ended while planning, and its mapping came through standard input, which is gone",
            f"`{apply_command(ledger, options, str(STANDARD_INPUT))}` plans it anew from the same input.",
        )
    started = read_moment(run.started_at)
    at = local_text(started) if started else run.started_at
    output.notice(f"Run {run.id}, started at {at}, ended while planning. Planning it again.")
    before = {sha256 for _, sha256 in run.mappings}
    try:
        sources = check_mappings(options)
        for name, sha256 in fingerprints(sources):
            if sha256 not in before:
                output.notice(f"{name} has changed since that run started. Its current content is used.")
        plan_all(ledger, options, sources, run.id)
    except MappingError as error:
        raise MappingError(
            error.place,
            error.cause,
            "Correct the file, then `amzsync resume`. To give up that run,"
            f" `{apply_command(ledger, options)}` works through what was planned before it.",
        ) from None
    ledger.runs.keep_mappings(run.id, fingerprints(sources))


def check_gallery(ledger: Ledger, options: RunOptions) -> None:
    """A plan is for one gallery; another one takes another plan.

    Raises:
        LedgerError: another gallery is named than that of the ledger.
    """
    wanted, kept = options.mapping.gallery, ledger.runs.setting("gallery")
    if wanted and kept and wanted != kept:
        raise LedgerError(
            f"The ledger is planned for the gallery {kept!r}, not {wanted!r}.",
            "To plan it again, give --mapping FILE together with --gallery.",
        )


def fingerprints(sources: tuple[MappingSource, ...]) -> list[tuple[str, str]]:
    """The mappings' names, and what is in them."""
    return [(str(source.path), source.sha256) for source in sources]


@contextmanager
def planning(ledger: Ledger, run_id: int | None) -> Iterator[None]:
    """Inside, a run is planned; where that breaks off, the run says why, and stays unplanned."""
    try:
        yield
    except (MappingError, PartError):
        raise
    except BaseException as error:
        if run_id is not None:
            is_stopped = isinstance(error, KeyboardInterrupt)
            # The ledger itself may be what is broken: then the first error is the one to tell.
            with suppress(LedgerError):
                ledger.runs.end(
                    run_id,
                    Outcome.INTERRUPTED if is_stopped else Outcome.STOPPED,
                    {},
                    error.message if isinstance(error, AmzsyncError) else "ended while planning",
                )
        raise
    if run_id is not None:
        ledger.runs.planned(run_id)
