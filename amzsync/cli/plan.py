"""`amzsync plan`: what a mapping wants, compared with the ledger and, with --refresh, with Plytix."""

import os
from contextlib import ExitStack
from functools import partial

from amzsync.cli.accounts import chosen_account, perhaps_account
from amzsync.cli.begin import fingerprints
from amzsync.cli.binding import AccountBinding
from amzsync.cli.exits import exit_code_of
from amzsync.cli.limits import chosen_limits
from amzsync.cli.next_steps import after_plan
from amzsync.cli.output import Output
from amzsync.cli.plan_words import plan_words
from amzsync.cli.planning import (
    check_mappings,
    choose_part,
    open_for_planning,
    plan_into,
    plan_view,
)
from amzsync.cli.result import CommandResult, Payload
from amzsync.cli.run_options import RunOptions, record
from amzsync.ledger.rows import Outcome
from amzsync.views.plan import plan_json, render_plan

__all__ = ["plan"]


def plan(options: RunOptions, output: Output, resources: ExitStack) -> CommandResult:
    """Plan, and with --refresh read what Plytix has."""
    with_refresh = options.apply.refresh
    choose = chosen_account if with_refresh else perhaps_account
    account = None if options.target.ledger.exists() else choose(options)
    sources = check_mappings(options)
    opened = resources.enter_context(open_for_planning(options.target.ledger, dry_run=options.apply.dry_run))
    ledger = opened.ledger
    account = account or choose(options, ledger)
    for warning in account.warnings if account else ():
        output.warn(warning)
    limits = chosen_limits(options, account, ledger)
    if account and (with_refresh or options.target.account):
        AccountBinding(ledger, account, same_account=options.target.same_account).check()
    run_id = ledger.runs.start("plan", record(options), os.getpid(), fingerprints(sources))
    outcome, refreshed = Outcome.STOPPED, Outcome.FINISHED
    try:
        plan_into(ledger, options, sources)
        choose_part(ledger, options)
        if with_refresh and account:
            from amzsync.cli.plan_refresh import refresh_plan

            refreshed = refresh_plan(opened, options, account, limits, output)
            limits = chosen_limits(options, account, ledger)
        outcome = Outcome.PLANNED
    finally:
        ledger.runs.end(run_id, outcome, {})
    view = plan_view(opened, options, limits, account=account, refreshed=with_refresh)
    queries = ledger.queries
    words = plan_words(
        partial(render_plan, view, listing=output.listing),
        ledger,
        after_plan(ledger, options, refreshed, has_account=account is not None),
    )
    payload = Payload(
        words.words,
        lambda: plan_json(
            view,
            queries.products(),
            queries.failures(),
            ledger.changes.small_images(options.images.min_size),
        ),
        brief=words.brief,
    )
    return CommandResult(exit_code_of(refreshed), payload)
