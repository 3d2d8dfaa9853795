"""One attempt at a time, with its error raised: what a test reads more easily than a timed value."""

from typing import TypeVar

from amzsync.errors import PlytixError
from amzsync.plytix.auth import Credentials, Secret, TokenAnswer
from amzsync.plytix.transport import Timed, Transport
from amzsync.plytix.wire import Call

T = TypeVar("T")


class RaisingTransport(Transport):
    def send(self, call: Call[T], token: Secret) -> T:
        return _value(self.send_timed(call, token))

    def fetch_token(self, credentials: Credentials) -> TokenAnswer:
        return _value(self.fetch_token_timed(credentials))


def _value(timed: Timed[T]) -> T:
    if isinstance(timed.value_or_error, PlytixError):
        raise timed.value_or_error
    return timed.value_or_error
