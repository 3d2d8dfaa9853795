"""Whether a ledger is this account's: judged before anything is sent, and again at each new access token.

All customers of Plytix share one address, so the address alone tells nothing. What tells is the account's
id in the claims of the token, where there is one, else a salted digest of the API key. Claims are believed
only as far as they must be: the same key is the same account whatever its token says, and another key is
where the token tells the same id. The digest of a key of full strength cannot be turned back; the slow hash
is for a weak one.
"""

import hashlib
import secrets
import shlex
from collections.abc import Callable
from dataclasses import replace

from amzsync.config import Account
from amzsync.errors import LedgerForeignError, StopError
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.owner import Owner, keep_owner, read_owner
from amzsync.plytix.auth import Secret
from amzsync.plytix.claims import account_claim, claim_text, token_claims

__all__ = ["AccountBinding"]

_ROUNDS = 20_000
_SALT_BYTES = 16


class AccountBinding:
    """Of one run. `same_account`: a person says that it is the ledger's account with a new key or address."""

    def __init__(self, ledger: Ledger, account: Account, *, same_account: bool = False) -> None:
        self._ledger = ledger
        self._account = account
        self._same_account = same_account
        self._owner = read_owner(ledger.runs)
        self._salt = (self._owner.salt if self._owner else None) or secrets.token_hex(_SALT_BYTES)
        self._digest = "" if account.is_sandbox else _digest(account.credentials.api_key, self._salt)

    def check(self) -> None:
        """Refuse what shows before anything is sent.

        Raises:
            LedgerForeignError: the ledger belongs to another account.
        """
        owner, account = self._owner, self._account
        if owner is None:
            return
        if account.is_sandbox or not owner.api_url:
            if account.is_sandbox and not owner.api_url:
                return
            raise self._foreign(owner, f"not to {account.identity}", may_be_same=False)
        if self._same_account:
            return
        if owner.api_url != account.api_url or (owner.key_digest is None and owner.name != account.name):
            raise self._foreign(owner, f"not to {account.identity}")
        if owner.key_digest not in (None, self._digest) and owner.claim_name is None:
            raise self._foreign(owner, "but this API key is a different one")

    def take_token(self, token: Secret, say: Callable[[str], None]) -> StopError | None:
        """Judge a new token before it is used; a good one makes the ledger this account's."""
        owner, account = self._owner, self._account
        claims = {} if account.is_sandbox else token_claims(token)
        has_other_key = owner is not None and owner.key_digest not in (None, self._digest)
        if owner and has_other_key and owner.claim_name is not None:
            told = claim_text(claims, owner.claim_name)
            # What the token tells counts more than --same-account: a mistake there cannot mix two accounts.
            if told is None and not self._same_account:
                return _stopped(self._foreign(owner, "but this API key is a different one"))
            if told is not None and told != owner.claim_value:
                return _stopped(
                    self._foreign(owner, "but the access token belongs to another account", may_be_same=False)
                )
        claim = account_claim(claims)
        found = Owner(account.name, account.api_url)
        if not account.is_sandbox:
            found = replace(found, salt=self._salt, key_digest=self._digest)
        if claim:
            found = replace(found, claim_name=claim.name, claim_value=claim.value)
        if found != owner:
            keep_owner(self._ledger.runs, found)
            if owner and not account.is_sandbox:
                _tell(owner, found, say)
        self._owner = found
        return None

    def _foreign(self, owner: Owner, why: str, *, may_be_same: bool = True) -> LedgerForeignError:
        steps = [
            f"Use that account with --plytix-account {shlex.quote(owner.name)}",
            "use another ledger with --ledger FILE",
        ]
        if may_be_same:
            steps.append("add --same-account once, if it is the same account with a new key or address")
        return LedgerForeignError(
            f"The ledger {self._ledger.path} belongs to the account {owner.label}, {why}.",
            f"{', '.join(steps[:-1])}, or {steps[-1]}.",
        )


def _tell(owner: Owner, found: Owner, say: Callable[[str], None]) -> None:
    if owner.key_digest is None:
        say(
            f"Until now this ledger knew its account only by name. From now on it belongs to {found.label}"
            " and refuses every other account."
        )
    elif owner.key_digest != found.key_digest or owner.label != found.label:
        say(f"The account of this ledger is now recorded as {found.label}, with the current API key.")


def _stopped(error: LedgerForeignError) -> StopError:
    return StopError(error.message, next_step=error.next_step)


def _digest(key: Secret, salt: str) -> str:
    raw = key.reveal().encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", raw, salt.encode(), _ROUNDS).hex()
