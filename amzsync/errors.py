"""Every way amzsync says no: one hierarchy, grouped by what the person or the program does next.

AmzsyncError                what happened, and the next step
├── ConfigError             accounts, credentials, options
├── MappingError            a file that is no mapping, with its place
├── LedgerError             the ledger cannot be used
│   ├── LedgerLockedError   another process writes to it
│   ├── LedgerForeignError  it belongs to another account, or is no ledger
│   ├── LedgerTooNewError   a newer amzsync made it
│   └── PartError           a part of it that holds no product
├── SandboxError            the embedded Plytix cannot start, or import
└── PlytixError             an answer, or its absence
    ├── RetriableError      may pass by itself: timeout, reset, 5xx, garbage
    ├── RateLimitedError    everybody waits
    ├── NotSentError        too late for it: it was never sent
    ├── TokenError          the access token is not accepted (any more)
    ├── RejectedError       this row fails, the others go on
    └── StopError           nothing can go on
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One entry of the `errors` list of an answer: the field it names and what is wrong with it."""

    field: str
    message: str


class AmzsyncError(Exception):
    """The root: `message` says what happened, `next_step` what to do about it (may be empty)."""

    def __init__(self, message: str, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.message} {self.next_step}".strip()


class ConfigError(AmzsyncError):
    """An account, a credential or an option that cannot be used."""


class MappingError(AmzsyncError):
    """A file that is no mapping; `place` names the file and, where known, the line and the field."""

    def __init__(self, place: str, cause: str, next_step: str = "") -> None:
        super().__init__(f"{place}: {cause}", next_step)
        self.place = place
        self.cause = cause


class LedgerError(AmzsyncError):
    """The ledger cannot be opened, read or written."""


class LedgerLockedError(LedgerError):
    """Another process is writing to the ledger."""


class LedgerForeignError(LedgerError):
    """The file belongs to another account, or to another program."""


class LedgerTooNewError(LedgerError):
    """A newer amzsync made this ledger."""


class PartError(LedgerError):
    """A part of the ledger's products that holds none."""


class SandboxError(AmzsyncError):
    """The embedded Plytix cannot start, or has nothing to import."""


class PlytixError(AmzsyncError):
    """A request that did not give what was asked.

    `status` is None where no answer came; `fields` is the bounded `errors` list of the answer; `attempts`
    is how often the request was tried, as far as whoever repeats it has said.
    """

    def __init__(
        self,
        message: str,
        *,
        method: str = "",
        path: str = "",
        status: int | None = None,
        fields: tuple[FieldError, ...] = (),
        next_step: str = "",
    ) -> None:
        super().__init__(message, next_step)
        self.method = method
        self.path = path
        self.status = status
        self.fields = fields
        self.attempts = 1


class RetriableError(PlytixError):
    """A timeout, a reset, a 5xx or an answer that is no answer: it may pass by itself."""


class RateLimitedError(PlytixError):
    """A 429: everybody waits `retry_after_s` seconds (plytix-api, Rate limits); None where it tells none."""

    def __init__(
        self, message: str, *, retry_after_s: float | None, method: str = "", path: str = ""
    ) -> None:
        super().__init__(message, method=method, path=path, status=429)
        self.retry_after_s = retry_after_s


class NotSentError(PlytixError):
    """What the request rests on was too old when it could leave: nothing of it was sent.

    `attempts` are those before, which failed so that they may have been done.
    """


class TokenError(PlytixError):
    """A 401 on a call: the token has aged or was never good."""


class RejectedError(PlytixError):
    """The server understood and refused: this row fails."""


class StopError(PlytixError):
    """Credentials, role, or an account that cannot take this work: nothing can go on."""
