"""Asks Plytix what a run needs to know of it, and tells what was found."""

from collections.abc import Sequence
from typing import TypeVar

from amzsync.doctor.account import TokenSeen, answer_findings, error_finding, limit_findings, token_findings
from amzsync.doctor.catalogue import evenly
from amzsync.doctor.finding import Diagnosis, Finding, ok, problem
from amzsync.doctor.products import attribute_findings, family_findings, product_findings
from amzsync.executor.engine.engine import End
from amzsync.executor.run import Asked, RunContext
from amzsync.executor.survey import GALLERY_CLASS, survey_access, survey_gallery, survey_products
from amzsync.plytix.observations import Observed

__all__ = ["SAMPLE", "AccountLook"]

T = TypeVar("T")

SAMPLE = 100
"""So many products are asked for, unless all are; as many as one search takes."""


class AccountLook:
    """One look at an account. `token` is filled by whoever is told of each new access token."""

    def __init__(self, context: RunContext, token: TokenSeen, *, host: str, is_configured: bool) -> None:
        """`host` is what people know it by; `is_configured`: the limits at work are not the token's."""
        self._context = context
        self._token = token
        self._host = host
        self._is_configured = is_configured
        self._findings: list[Finding] = []
        self._observed: list[Observed] = []
        self._requests = 0
        self._seconds = 0.0
        self._end = End.DONE
        self._may_read = True

    def look(self, skus: Sequence[str], *, all_products: bool = False) -> Diagnosis:
        """Ask step by step, as far as each is answered; of many products for some, unless all are wanted."""
        self._take(survey_access(self._context))
        self._findings[:0] = token_findings(self._token)
        if self._token.is_issued:
            self._findings += limit_findings(
                self._token, self._context.limits, is_configured=self._is_configured
            )
        if self._can_go_on:
            has_gallery = self._look_at_gallery()
            if skus and self._can_go_on:
                self._look_at_products(skus, has_gallery=has_gallery, all_products=all_products)
            if self._can_go_on and self._may_read:
                self._findings.append(ok("role", "This API key may read what a run needs."))
        self._findings += answer_findings(_together(self._observed), self._host)
        return Diagnosis(tuple(self._findings), self._requests, self._seconds, self._end)

    @property
    def _can_go_on(self) -> bool:
        """Whether Plytix answers: a role that may not read one thing may read another."""
        return self._end is End.DONE and not any(finding.ends_look for finding in self._findings)

    def _look_at_gallery(self) -> bool:
        (answer,) = self._take(survey_gallery(self._context)) or (None,)
        if answer is None:
            return False
        self._findings += attribute_findings(answer, self._context.gallery_label)
        # Not told is not known to be missing.
        return answer.definition is not None and answer.definition.type_class == GALLERY_CLASS

    def _look_at_products(self, skus: Sequence[str], *, has_gallery: bool, all_products: bool) -> None:
        sample = evenly(skus, SAMPLE)
        looked_into = frozenset(sample) if has_gallery else frozenset()
        answers = self._take(survey_products(self._context, skus if all_products else sample, looked_into))
        if answers:
            self._findings += product_findings(answers, len(skus))
            self._findings += family_findings(answers, self._context.gallery_label)

    def _take(self, asked: Asked[T]) -> tuple[T, ...]:
        """The answers, where all of them came; what went wrong is a finding."""
        self._requests += asked.run.requests
        self._seconds += asked.run.seconds
        self._observed.append(asked.observed)
        self._end = asked.run.end
        if asked.run.error:
            finding = error_finding(asked.run.error)
            self._may_read = self._may_read and finding.subject != "role"
            self._findings.append(finding)
            return ()
        if asked.run.end is End.WAIT_TOO_LONG:
            text = "The requests that the account may make are used up for now."
            self._findings.append(
                problem("limits", text, "Try again later, or with a longer --max-wait.", ends_look=True)
            )
        elif asked.run.end is End.STOPPED:
            self._findings.append(problem("API", "Interrupted before everything was asked.", ends_look=True))
        return asked.answers if asked.run.end is End.DONE else ()


def _together(observed: Sequence[Observed]) -> Observed:
    """What was seen in several parts of a look: the last part that shows anything counts."""
    took_s = [one.took_s for one in observed if one.took_s is not None]
    ahead_s = [one.ahead_s for one in observed if one.ahead_s is not None]
    return Observed(
        min(took_s, default=None),
        min(ahead_s, key=abs, default=None),
        frozenset[str]().union(*(one.deprecations for one in observed)),
    )
