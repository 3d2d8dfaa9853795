"""The commands that are named to people: each works as it is printed, with every option that it needs."""

import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from amzsync.cli.options import MappingOptions, PaceOptions, PartOptions, TargetOptions
from amzsync.cli.planning import planned_sources
from amzsync.cli.run_options import RunOptions, resumed_options
from amzsync.cli.signature import option_fields
from amzsync.errors import LedgerError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.owner import read_owner
from amzsync.ledger.rows import Outcome
from amzsync.mapping.source import STANDARD_INPUT
from amzsync.views.next_steps import NextStep

__all__ = [
    "after_check",
    "after_leaving",
    "after_plan",
    "after_removal",
    "after_run",
    "after_status",
    "apply_command",
    "command",
    "completed",
    "options_of_last_run",
    "running_command",
    "typed_again",
    "without_dry_run",
]

_OF_PENDING_ROWS = ("skip_existing", "allow_private_urls", "rate_limits", "min_size", "skip_small")
"""What `apply` without a mapping must be told again, as a ledger does not tell it."""

_WITH_ACCOUNT = ("apply", "check", "doctor", "plan", "prune", "undo")
_WITHOUT_LEDGER = ("init",)
_RESUMABLE = ("apply", "resume", "prune", "undo")
"""What `resume` carries on; other commands are typed again."""

_RUNS_LOOKED_AT = 50
_MAPPINGS_NAMED = 3

_NAMED_COMMAND = re.compile(r"`amzsync (plan|apply|resume|check|prune|undo|status|doctor|init)\b([^`]*)`")


def command(name: str, target: TargetOptions, ledger: Ledger | None = None, *more: str) -> str:
    """A command to type, on this ledger and account; `more` are its other arguments."""
    words = ["amzsync", *name.split(), *more]
    if target.named_ledger and words[1] not in _WITHOUT_LEDGER:
        words += ["--ledger", target.named_ledger]
    if words[1] in _WITH_ACCOUNT:
        if target.config:
            words += ["--config", str(target.config)]
        # A ledger that belongs to an account names it itself.
        if target.account and not (ledger and read_owner(ledger.runs)):
            words += ["--plytix-account", target.account]
    return shlex.join(words)


def completed(text: str, target: TargetOptions) -> str:
    """A text in which every command is completed, so that it works as it is typed."""

    def whole(found: re.Match[str]) -> str:
        name, more = found.groups()
        if name == "resume" and running_command() not in _RESUMABLE:
            return f"`{typed_again()}`"
        if "--ledger" in more:
            return found[0]
        consent = " --yes" if name == "apply" and "--yes" not in more and not sys.stdin.isatty() else ""
        return f"`{command(name, target)}{more}{consent}`"

    return _NAMED_COMMAND.sub(whole, text)


def running_command() -> str:
    """The name of the command that is running."""
    return next((word for word in sys.argv[1:] if not word.startswith("-")), "")


def typed_again(*but: str) -> str:
    """The command that is running, without these flags."""
    return shlex.join(["amzsync", *(word for word in sys.argv[1:] if word not in but)])


def after_run(ledger: Ledger, options: RunOptions, outcome: Outcome) -> tuple[NextStep, ...]:
    """What to type after a run."""
    if outcome is Outcome.FINISHED:
        chosen = ledger.selection.chosen
        everything = replace(options, part=PartOptions())
        return (NextStep(apply_command(ledger, everything)),) if chosen and chosen.left_open else ()
    if outcome is Outcome.PLANNED:
        return (NextStep(apply_command(ledger, options)),)
    if outcome is Outcome.FAILURES:
        return (NextStep(command("status", options.target)), *_of_shortfalls(ledger, options))
    resume = _resume(options, is_confirmed=True)
    if outcome is Outcome.STOPPED and ledger.queries.failure_count():
        return NextStep(command("status", options.target)), resume
    return (resume,)


def after_leaving(options: RunOptions) -> str:
    """The last words of a run that does not wait for its last answers."""
    is_resumable = running_command() in _RESUMABLE
    again = command("resume", options.target) if is_resumable else typed_again()
    return f"Stopped at once. All progress is saved. Next: {again}"


def after_status(ledger: Ledger, options: RunOptions, *, has_work: bool) -> tuple[NextStep, ...]:
    """What to type where a ledger stands like this; `options` are those of its last run."""
    unfinished = ledger.runs.last_unfinished()
    if unfinished and (has_work or not unfinished.is_planned):
        return (_resume(options, is_confirmed=unfinished.is_confirmed),)
    if has_work:
        return (NextStep(apply_command(ledger, options)),)
    return tuple(_of_shortfalls(ledger, options))


def options_of_last_run(options: RunOptions, ledger: Ledger) -> RunOptions:
    """The options of the last run, but for those given now; its part is none of these."""
    for run in ledger.runs.latest(1):
        # Whoever only looks need not mind options that `resume` refuses.
        with suppress(LedgerError):
            return replace(resumed_options(options, run.options), part=options.part)
    return options


def after_check(
    ledger: Ledger,
    options: RunOptions,
    outcome: Outcome,
    *,
    is_repairable: bool,
    has_changed_pictures: bool = False,
) -> tuple[NextStep, ...]:
    """What to type after a check; `is_repairable`: something differs that can be put right."""
    if outcome in (Outcome.INTERRUPTED, Outcome.WAITING):
        return (NextStep(typed_again()),)
    wanted = ("--refresh",) * is_repairable + ("--pictures",) * has_changed_pictures
    return (NextStep(apply_command(ledger, options, *wanted)),) if wanted else ()


def after_plan(
    ledger: Ledger, options: RunOptions, outcome: Outcome = Outcome.PLANNED, *, has_account: bool = True
) -> tuple[NextStep, ...]:
    """What to type after a plan or a dry run, which may have ended before it had read everything."""
    steps = [step for step in _of_shortfalls(ledger, options) if step.when]
    if outcome in (Outcome.INTERRUPTED, Outcome.WAITING):
        return NextStep(typed_again()), *steps
    if options.apply.dry_run:
        return NextStep(_without_dry_run(options)), *steps
    if has_account and ledger.work().has_open_work():
        return NextStep(apply_command(ledger, options)), *steps
    return tuple(steps)


def after_removal(options: RunOptions, outcome: Outcome) -> tuple[NextStep, ...]:
    """What to type after a prune or an undo."""
    is_over = outcome in (Outcome.FINISHED, Outcome.FAILURES, Outcome.PLANNED)
    return () if is_over else (_resume(options, is_confirmed=True),)


def without_dry_run(options: RunOptions, *more: str) -> NextStep:
    """The same command for real; `more` are arguments that it needs besides."""
    return NextStep(shlex.join([*shlex.split(_without_dry_run(options)), *more]))


def _without_dry_run(options: RunOptions) -> str:
    is_asked = running_command() != "plan" and not {"--yes", "--execute", "-y"}.intersection(sys.argv)
    return shlex.join([*shlex.split(typed_again("--dry-run")), *_consent(options, is_asked=is_asked)])


def _of_shortfalls(ledger: Ledger, options: RunOptions) -> Iterator[NextStep]:
    causes = ledger.unfinished.causes()
    retry = apply_command(ledger, options, "--retry-failed")
    if causes.transient:
        yield NextStep(retry)
    if causes.addresses:
        mappings = [word for source in _sources(ledger) for word in ("--mapping", source)]
        others = _given(options.mapping, but=("mappings", *_OF_PENDING_ROWS))
        when = "once the listing or the mapping is corrected"
        yield NextStep(apply_command(ledger, options, *mappings, *others), when)
    if not causes.transient:
        if causes.products:
            yield NextStep(retry, "once the products are corrected in Plytix")
        elif any(True for _ in ledger.unfinished.not_found()):
            yield NextStep(retry, "once the products are in Plytix")


def _sources(ledger: Ledger) -> tuple[str, ...]:
    """The mappings that failed addresses are from; a placeholder where that cannot be told."""
    if not ledger.unfinished.has_addresses_of_earlier_mappings():
        named = planned_sources(ledger)
        return named if named and str(STANDARD_INPUT) not in named else ("FILE",)
    runs = ledger.runs.latest(_RUNS_LOOKED_AT)
    earlier = dict.fromkeys(name for run in reversed(runs) for name, _ in run.mappings)
    is_known = 0 < len(earlier) <= _MAPPINGS_NAMED and str(STANDARD_INPUT) not in earlier
    return tuple(earlier) if is_known else ("FILE",)


def _resume(options: RunOptions, *, is_confirmed: bool) -> NextStep:
    more = ["--same-account"] if options.target.same_account else []
    return NextStep(
        command("resume", options.target, None, *more, *_consent(options, is_asked=not is_confirmed))
    )


def apply_command(ledger: Ledger, options: RunOptions, *more: str) -> str:
    """The command that works through what is pending, with the options that it needs for that."""
    kept = [
        word for group in (options.mapping, options.pace) for word in _given(group, only=_OF_PENDING_ROWS)
    ]
    kept += _given(options.part)
    return command("apply", options.target, ledger, *more, *kept, *_consent(options, is_asked=True))


def _consent(options: RunOptions, *, is_asked: bool) -> list[str]:
    """Where nobody can be asked, or nobody was."""
    return ["--yes"] if is_asked and (options.apply.is_confirmed or not sys.stdin.isatty()) else []


def _given(
    group: MappingOptions | PaceOptions | PartOptions, *, only: Iterable[str] = (), but: Iterable[str] = ()
) -> list[str]:
    """The options of a group as they are typed, where they are not the defaults."""
    wanted = set(only) or {option.name for option in option_fields(type(group))}
    return [
        word
        for option in option_fields(type(group))
        if option.name in wanted.difference(but) and getattr(group, option.name) != option.default
        for word in option.arguments(getattr(group, option.name))
    ]
