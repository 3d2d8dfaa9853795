"""`amzsync doctor --probe`: try how the account answers, on a product of the probe's own, and clean up."""

import os
from contextlib import ExitStack
from functools import partial

from amzsync import __version__
from amzsync.cli.accounts import chosen_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.doctor_options import DoctorOptions
from amzsync.cli.exits import ExitCode
from amzsync.cli.interview import agrees
from amzsync.cli.limits import chosen_limits
from amzsync.cli.machine import this_machine
from amzsync.cli.network import RunRequest
from amzsync.cli.network import probe as try_account
from amzsync.cli.next_steps import typed_again
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, gallery_label, named_columns
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.cli.usage import UsageError
from amzsync.doctor.catalogue import of_mappings
from amzsync.domain.beliefs import Question
from amzsync.domain.image_url import Malformed, read_image_url
from amzsync.errors import LedgerError
from amzsync.executor.engine.engine import End
from amzsync.executor.run import ProbeResult
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.lock import WriterLock
from amzsync.mapping.source import MappingSource
from amzsync.views.next_steps import NextStep
from amzsync.views.probe import ProbeView, probe_json, render_probe, render_probe_in_short

__all__ = ["probe"]

_MOST_ADDRESSES = 3
_FEWEST_ADDRESSES = 2
_REQUESTS = 50
"""About so many a probe makes."""


def probe(
    options: RunOptions, doctor_options: DoctorOptions, output: Output, resources: ExitStack
) -> CommandResult:
    """Ask, try, remove what was made, and keep in the ledger what was found."""
    named = _named(doctor_options, options)
    path = options.target.ledger
    # A ledger is made only for an account that there is.
    account = None if path.exists() else chosen_account(options)
    sources = () if named else check_mappings(options)
    resources.enter_context(WriterLock(path))
    ledger = resources.enter_context(Ledger.write(path, this_machine().ledger_clocks))
    ledger.runs.hold("doctor", os.getpid())
    account = account or chosen_account(options, ledger)
    AccountBinding(ledger, account, same_account=options.target.same_account).check()
    addresses = named or _addresses(options, sources, ledger)
    place = account.api_host or "the sandbox"
    question = (
        f"Make a product and up to {len(addresses)} assets in {account.name} at {place}, try with them how it"
        f" answers, and remove them again (about {_REQUESTS} requests)?"
    )
    if not options.apply.is_confirmed and not agrees(question):
        return CommandResult(ExitCode.STOPPED, messages=("Nothing was done.",))
    request = RunRequest(ledger, ledger, options, account, chosen_limits(options, account, ledger), output)
    return _result(request, try_account(request, addresses))


def _addresses(options: RunOptions, sources: tuple[MappingSource, ...], ledger: Ledger) -> tuple[str, ...]:
    """Some of the mappings', else of the ledger's.

    Raises:
        LedgerError: there are too few.
    """
    wanted = options.mapping
    if sources:
        addresses = of_mappings(
            sources,
            marketplace=wanted.marketplace,
            columns=named_columns(options),
            allow_private=wanted.allow_private_urls,
            sample=_MOST_ADDRESSES,
        ).sample
    else:
        addresses = tuple(ledger.probes.some_addresses(_MOST_ADDRESSES))
    addresses = tuple(dict.fromkeys(addresses))
    if len(addresses) < _FEWEST_ADDRESSES:
        raise LedgerError(
            f"A probe needs {_FEWEST_ADDRESSES} pictures to try with, and there are {len(addresses)}.",
            "Name a mapping, or their addresses with --image-url.",
        )
    return addresses


def _named(doctor_options: DoctorOptions, options: RunOptions) -> tuple[str, ...]:
    """The addresses of --image-url, each once."""
    addresses = tuple(dict.fromkeys(doctor_options.image_urls))
    for address in addresses:
        read = read_image_url(address, allow_private=options.mapping.allow_private_urls)
        if isinstance(read, Malformed):
            raise UsageError(f"--image-url {address[:100]}: {read.reason}")
    if addresses and not _FEWEST_ADDRESSES <= len(addresses) <= _MOST_ADDRESSES:
        raise UsageError("Name two or three different addresses with --image-url.")
    return addresses


def _result(request: RunRequest, found: ProbeResult) -> CommandResult:
    options, ledger = request.options, request.ledger
    again = NextStep(typed_again(), "to try it again")
    is_well = found.is_complete and not any(one for one in found.left if not one.is_others)
    view = ProbeView(
        ledger=options.target.ledger,
        account=request.account.name,
        gallery=gallery_label(ledger, options),
        version=__version__,
        answers=found.answers,
        left=tuple((one.name, one.reason) for one in found.left),
        is_complete=found.is_complete,
        requests=found.run.requests,
        seconds=found.run.seconds,
        next_steps=() if is_well else (again,),
    )
    payload = Payload(
        partial(render_probe, view),
        partial(probe_json, view),
        brief=partial(render_probe_in_short, view),
        is_well=is_well and _can_be_written(found),
    )
    return CommandResult(_exit_code(found, is_well=is_well), payload, error=found.run.error)


def _exit_code(found: ProbeResult, *, is_well: bool) -> ExitCode:
    match found.run.end:
        case End.STOPPED:
            return ExitCode.INTERRUPTED
        case End.WAIT_TOO_LONG:
            return ExitCode.WAITING
        case End.DONE:
            return ExitCode.DONE if is_well and _can_be_written(found) else ExitCode.FAILURES


def _can_be_written(found: ProbeResult) -> bool:
    """Whether a run can put pictures into products of this account at all."""
    answers = found.answers
    is_written = answers.get(Question.PATCH) == "replace" or answers.get(Question.LINK) == "appends"
    return answers.get(Question.CREATE) == "201" and is_written
