"""A new account, tried: does it let us in, has it the gallery, and shall that be made where it is missing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from amzsync.cli.interview import agrees
from amzsync.cli.limits import chosen_limits
from amzsync.cli.network import RunRequest, connected
from amzsync.cli.output import Output
from amzsync.cli.run_options import RunOptions
from amzsync.config import Account
from amzsync.doctor.account import TokenSeen, error_finding
from amzsync.doctor.finding import Finding, Sign, ok, warning
from amzsync.doctor.look import AccountLook
from amzsync.doctor.products import families_lacking, family_findings
from amzsync.executor.engine.engine import End
from amzsync.executor.run import Asked, RunContext, TokenFacts
from amzsync.executor.setup import add_gallery_to_family, create_gallery, find_some_skus
from amzsync.executor.survey import survey_products
from amzsync.ledger.ledger import Ledger
from amzsync.plytix.auth import Secret
from amzsync.plytix.claims import token_claims
from amzsync.views.doctor import print_findings

__all__ = ["Trial", "try_account"]

T = TypeVar("T")

OUTAGE_S = 10.0
_LOOKED_INTO = 25
"""So many products are read to find the families that lack the gallery."""


@dataclass(frozen=True, slots=True)
class Trial:
    """How a trial ended: the gallery's label as Plytix has it, and whether all that a run needs is there."""

    gallery: str
    is_let_in: bool
    is_ready: bool


def try_account(account: Account, options: RunOptions, output: Output, *, may_ask: bool) -> Trial:
    """Try it, and tell each finding at once; `may_ask`: a person can agree to what is missing being made."""
    with Ledger.empty(options.target.ledger) as ledger:
        request = RunRequest(
            ledger, ledger, options, account, chosen_limits(options, account, ledger), output
        )
        return _Attempt(request, may_ask=may_ask).run()


class _Attempt:
    """Signals are those of a run only while something is asked of Plytix, not while a person is."""

    def __init__(self, request: RunRequest, *, may_ask: bool) -> None:
        self._request = request
        self._may_ask = may_ask
        self._token = TokenSeen()
        self._gallery = request.options.mapping.gallery or ""
        self._problems = 0

    def run(self) -> Trial:
        host = self._request.account.api_host or ""
        with self._context() as context:
            found = AccountLook(context, self._token, host=host, is_configured=False).look(())
        _check_end(found.end)
        is_missing = any(one.subject == "gallery" and one.sign is Sign.PROBLEM for one in found.findings)
        self._tell(*map(self._without_offer, found.findings))
        if not found.is_complete:
            return Trial(self._gallery, is_let_in=False, is_ready=False)
        has_gallery = not is_missing or self._offer_gallery()
        skus = self._skus()
        if has_gallery and skus and self._may_ask:
            self._offer_families(skus)
        return Trial(self._gallery, is_let_in=True, is_ready=not self._problems)

    def _without_offer(self, finding: Finding) -> Finding:
        """A question follows here, where elsewhere this command is named."""
        is_asked = self._may_ask and finding.subject == "gallery"
        return replace(finding, next_step="") if is_asked else finding

    @contextmanager
    def _context(self) -> Iterator[RunContext]:
        def read_token(secret: Secret) -> TokenFacts:
            self._token.is_issued, self._token.claims = True, token_claims(secret)
            return TokenFacts()

        with connected(self._request, shows_progress=False) as context:
            bounds = replace(context.bounds, outage_s=OUTAGE_S)
            yield replace(context, bounds=bounds, read_token=read_token, gallery_label=self._gallery)

    def _tell(self, *findings: Finding) -> None:
        self._problems += sum(finding.sign is Sign.PROBLEM for finding in findings)
        output = self._request.output
        shown = [one for one in findings if one.sign is not Sign.OK or not output.is_quiet]
        print_findings(shown, output.err)

    def _offer_gallery(self) -> bool:
        label = self._gallery
        if not (self._may_ask and agrees(f"Create the media gallery {label} in Plytix now?")):
            return False
        made = self._answer(create_gallery)
        if made is None:
            return False
        self._problems -= 1
        if made.label == label:
            self._tell(ok("gallery", f"The media gallery {label!r} is there now."))
        else:
            text = f"Plytix has labelled the new gallery {made.label!r}, not {label!r}."
            self._tell(warning("gallery", text, "The commands below name it."))
        self._gallery = made.label
        return True

    def _skus(self) -> tuple[str, ...]:
        skus = self._answer(find_some_skus)
        if skus:
            self._tell(ok("products", f"This API key can read products ({skus[0]})."))
        elif skus is not None:
            self._tell(
                warning("products", "Plytix shows no product.", "Create those of your mapping there first.")
            )
        return skus or ()

    def _offer_families(self, skus: tuple[str, ...]) -> None:
        looked_into = skus[:_LOOKED_INTO]
        with self._context() as context:
            asked = survey_products(context, looked_into, frozenset(looked_into))
        _check_end(asked.run.end)
        if asked.run.error:
            self._tell(error_finding(asked.run.error))
            return
        for family in families_lacking(asked.answers):
            question = f"Add {self._gallery} to the family {family.id} (of {family.lacking[0]}) now?"
            if not (family.id and agrees(question)):
                lacking = [one for one in asked.answers if one.sku in family.lacking]
                self._tell(*family_findings(lacking, self._gallery))
            elif self._answer(partial(add_gallery_to_family, family_id=family.id)):
                self._tell(ok("families", f"The family {family.id} has {self._gallery!r} now."))

    def _answer(self, ask: Callable[[RunContext], Asked[T]]) -> T | None:
        """The one answer; why there is none is told."""
        with self._context() as context:
            asked = ask(context)
        _check_end(asked.run.end)
        if asked.run.error:
            self._tell(error_finding(asked.run.error))
        return asked.answers[0] if asked.answers else None


def _check_end(end: End) -> None:
    if end is End.STOPPED:
        raise KeyboardInterrupt
