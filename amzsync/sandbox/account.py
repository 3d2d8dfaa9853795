"""What every resource works with: the store, the clock, and what is behind a source URL."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from amzsync.sandbox.behaviour import Behaviour
from amzsync.sandbox.messages import Json, Refusal, Request
from amzsync.sandbox.past import Past
from amzsync.sandbox.store import Store


@dataclass(frozen=True, slots=True)
class Account:
    """One Plytix account; `clock` gives seconds since the epoch."""

    store: Store
    clock: Callable[[], float]
    declared: dict[str, str] = field(default_factory=dict)
    """Contents by source URL, where a test says that two URLs show the same picture."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    past: Past = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "past", Past(self.store, self.clock, self.behaviour.searches.lag))

    def now(self) -> str:
        """The time as the API writes it."""
        return datetime.fromtimestamp(self.clock(), UTC).isoformat(timespec="milliseconds")

    def content_of(self, source_url: str) -> str:
        """A digest of what the URL gives: the picture is made from the URL, two URLs are two pictures."""
        return hashlib.sha256(self.declared.get(source_url, source_url).encode()).hexdigest()


def json_object(request: Request) -> dict[str, Json]:
    """The body as an object; a Refusal (422) where it is JSON of another kind."""
    body = request.json()
    if not isinstance(body, dict):
        raise Refusal(422, "Invalid input", (("body", "Invalid input type."),))
    return body


def invalid(field_name: str, msg: Json) -> Refusal:
    """The semantic refusal: understood, but wrong."""
    return Refusal(422, "Invalid input", ((field_name, msg),))


def not_found(what: str, id_: str) -> Refusal:
    return Refusal(404, f"{what} {id_} was not found", ((f"{what.lower()}.id", "Not found"),))
