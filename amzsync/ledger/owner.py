"""The account that a ledger belongs to, told by nothing secret."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from amzsync.ledger.runs import Runs

__all__ = ["Owner", "keep_owner", "read_owner"]

_LABEL = "account"
_DETAILS = "owner"
_SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Owner:
    """`name` is the account's in the configuration; the sandbox has no address.

    `key_digest` is that of the API key with `salt`, None in a ledger of an older release. `claim_name` and
    `claim_value` are what its access token told of the account, where it told any.
    """

    name: str
    api_url: str
    salt: str | None = None
    key_digest: str | None = None
    claim_name: str | None = None
    claim_value: str | None = None

    @property
    def label(self) -> str:
        return f"{self.name} at {self.api_url}" if self.api_url else self.name


def read_owner(runs: Runs) -> Owner | None:
    """Whose the ledger is; None for one that belongs to nobody yet."""
    label = runs.account()
    if label is None:
        return None
    name, _, api_url = label.rpartition(" at ") if label != _SANDBOX else (label, "", "")
    details = _details(runs.setting(_DETAILS))
    texts = {key: details.get(key) for key in ("salt", "key_digest", "claim_name", "claim_value")}
    known = {key: value for key, value in texts.items() if isinstance(value, str) and value}
    return Owner(name, api_url, **known)


def keep_owner(runs: Runs, owner: Owner) -> None:
    """Make the ledger this account's."""
    runs.keep_setting(_LABEL, owner.label)
    runs.keep_setting(_DETAILS, json.dumps(asdict(owner), sort_keys=True))


def _details(kept: str | None) -> Mapping[str, object]:
    try:
        details = json.loads(kept or "{}")
    except (ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}
