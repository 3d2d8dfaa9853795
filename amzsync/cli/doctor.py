"""`amzsync doctor`: look at everything that a run needs, and say what is wrong. Changes nothing."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

from amzsync.cli.accounts import chosen_account
from amzsync.cli.binding import AccountBinding
from amzsync.cli.doctor_options import DoctorOptions
from amzsync.cli.exits import ExitCode
from amzsync.cli.limits import TokenLimits, chosen_limits
from amzsync.cli.network import RunRequest, connected
from amzsync.cli.next_steps import completed
from amzsync.cli.output import Output
from amzsync.cli.planning import check_mappings, gallery_label, named_columns
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.doctor.account import TokenSeen
from amzsync.doctor.catalogue import (
    Catalogue,
    address_findings,
    catalogue_findings,
    of_ledger,
    of_mappings,
)
from amzsync.doctor.configuration import configuration_findings
from amzsync.doctor.finding import Diagnosis, Finding, Sign, ok, problem, warning
from amzsync.doctor.images import ask_for_images, image_findings
from amzsync.doctor.look import AccountLook
from amzsync.doctor.machine import disk_findings, ledger_findings, other_run_findings
from amzsync.doctor.probing import probe_findings
from amzsync.errors import ConfigError, LedgerError, LedgerForeignError, MappingError
from amzsync.executor.engine.engine import End
from amzsync.executor.run import TokenFacts
from amzsync.executor.survey import count_runs
from amzsync.folders import state_folder
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.owner import read_owner
from amzsync.plytix.auth import Secret
from amzsync.plytix.claims import token_claims
from amzsync.plytix.pictures import PictureHost
from amzsync.views.doctor import DoctorView, doctor_json, render_doctor, render_doctor_in_short

__all__ = ["doctor"]

_OUTAGE_S = 10.0
"""So long nothing may be answered before it is said that Plytix cannot be reached."""


def doctor(options: RunOptions, doctor_options: DoctorOptions, output: Output) -> CommandResult:
    """Look at one thing after the other; what one look shows is told even where the next one fails."""
    path = options.target.ledger
    on_disk = ledger_findings(path)
    is_usable = path.exists() and not any(one.sign is Sign.PROBLEM for one in on_disk)
    with _copy(path) as ledger:
        account = _account(options, ledger)
        findings = [*configuration_findings(account), *on_disk, *_owner(ledger), *disk_findings(path)]
        findings += probe_findings(ledger.probes.record(gallery_label(ledger, options)), ledger.probes.left())
        catalogue = _catalogue(options, doctor_options.fetched, ledger, findings)
        diagnosis = Diagnosis(())
        if isinstance(account, Account):
            if not account.is_sandbox:
                findings += other_run_findings(count_runs(state_folder(), account.api_url))
            request = RunRequest(
                ledger, ledger, options, account, chosen_limits(options, account, ledger), output
            )
            skus = catalogue.skus if catalogue else ()
            diagnosis = _look(request, skus, doctor_options, counts_in_ledger=is_usable)
        images = _images(options, catalogue)
    whole = replace(diagnosis, findings=(*findings, *diagnosis.findings, *images))
    return _result(DoctorView(path, getattr(account, "name", None), whole), options)


def _copy(path: Path) -> Ledger:
    """A copy of the ledger, so that it stays as it is; an empty one where it cannot be read."""
    try:
        return Ledger.copy(path)
    except LedgerError:
        return Ledger.empty(path)


def _owner(ledger: Ledger) -> list[Finding]:
    owner = read_owner(ledger.runs)
    return [ok("ledger", f"It belongs to the account {owner.label}.")] if owner else []


def _account(options: RunOptions, ledger: Ledger) -> Account | ConfigError:
    try:
        return chosen_account(options, ledger)
    except ConfigError as error:
        return error


def _catalogue(
    options: RunOptions, fetched: int, ledger: Ledger, findings: list[Finding]
) -> Catalogue | None:
    """What the mappings want, else the ledger; None where neither can be read or there is nothing."""
    given = options.mapping
    try:
        if given.mappings:
            catalogue = of_mappings(
                check_mappings(options),
                marketplace=given.marketplace,
                columns=named_columns(options),
                allow_private=given.allow_private_urls,
                sample=fetched,
            )
        else:
            catalogue = of_ledger(ledger, allow_private=given.allow_private_urls, sample=fetched)
    except MappingError as error:
        findings.append(problem("mapping", error.message, error.next_step, ends_look=True))
        return None
    if not catalogue.skus:
        text = "None is named and the ledger holds none, so products and images were not looked at."
        findings.append(warning("mapping", text, "`amzsync doctor FILE` looks at those of a mapping."))
        return None
    findings += [*catalogue_findings(catalogue), *address_findings(catalogue)]
    return catalogue


def _images(options: RunOptions, catalogue: Catalogue | None) -> list[Finding]:
    """With --fetch, what the hosts of the images answer."""
    host = PictureHost(allow_private=options.mapping.allow_private_urls)
    return image_findings(ask_for_images(catalogue.sample if catalogue else (), host.ask))


def _look(
    request: RunRequest, skus: Sequence[str], doctor_options: DoctorOptions, *, counts_in_ledger: bool
) -> Diagnosis:
    """Ask Plytix. The requests count in the ledger, where it is this account's; nothing else is kept."""
    token = TokenSeen()
    path, account = request.options.target.ledger, request.account
    binding = AccountBinding(request.ledger, account, same_account=request.options.target.same_account)
    try:
        binding.check()
    except LedgerForeignError as error:
        token.foreign = error
    with ExitStack() as stack:
        log = _request_log(path) if counts_in_ledger and not token.foreign else None
        counted = replace(request, request_log=stack.enter_context(log) if log else request.ledger)
        context = stack.enter_context(connected(counted, skus, keeps_sandbox=False))
        context = replace(
            context,
            bounds=replace(context.bounds, outage_s=_OUTAGE_S),
            read_token=_token_reader(token, binding, counted),
        )
        look = AccountLook(
            context,
            token,
            host=account.api_host or "The sandbox",
            is_configured=not request.limits.may_be_told,
        )
        return look.look(skus, all_products=doctor_options.all_products)


def _request_log(path: Path) -> Ledger | None:
    """The ledger itself, where it need not be brought up to date first and can be written."""
    try:
        Ledger.read(path).close()
        return Ledger.write(path)
    except LedgerError:
        return None


def _token_reader(
    token: TokenSeen, binding: AccountBinding, request: RunRequest
) -> Callable[[Secret], TokenFacts]:
    """Notes what a token tells, and goes on in any case. The ledger that is bound here is a copy."""
    limits = TokenLimits(request.ledger, request.limits, _say_nothing)

    def read_token(secret: Secret) -> TokenFacts:
        token.is_issued, token.claims = True, token_claims(secret)
        token.foreign = token.foreign or binding.take_token(secret, _say_nothing)
        return TokenFacts(limits=limits.take_token(secret))

    return read_token


def _say_nothing(_text: str) -> None:
    return None


def _result(view: DoctorView, options: RunOptions) -> CommandResult:
    findings = tuple(
        replace(finding, next_step=completed(finding.next_step, options.target))
        for finding in view.diagnosis.findings
    )
    view = replace(view, diagnosis=replace(view.diagnosis, findings=findings))
    payload = Payload(
        partial(render_doctor, view),
        partial(doctor_json, view),
        brief=partial(render_doctor_in_short, view),
        is_well=all(finding.sign is Sign.OK for finding in findings),
    )
    return CommandResult(_exit_code(view.diagnosis), payload)


def _exit_code(diagnosis: Diagnosis) -> ExitCode:
    match diagnosis.end:
        case End.STOPPED:
            return ExitCode.INTERRUPTED
        case End.WAIT_TOO_LONG:
            return ExitCode.WAITING
        case End.DONE if not diagnosis.is_complete:
            return ExitCode.STOPPED
        case End.DONE:
            return ExitCode.FAILURES if diagnosis.count(Sign.PROBLEM) else ExitCode.DONE
