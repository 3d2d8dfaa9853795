"""The states of a row, and the rows as values."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "IS_OPEN",
    "Asset",
    "Counts",
    "Failure",
    "FailureGroup",
    "Kept",
    "Link",
    "Origin",
    "Outcome",
    "ProductWork",
    "Run",
    "State",
    "Table",
    "Thumbnail",
    "UnusedAsset",
]

IS_OPEN = "state IN ('pending', 'in_flight')"
"""`State.is_open` as SQL, for a work table or, after its name and a dot, one of several."""


class State(StrEnum):
    """What is known of a work row. In flight means: asked, and the answer is not known."""

    PENDING = "pending"
    IN_FLIGHT = "in_flight"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"
    OBSOLETE = "obsolete"

    @property
    def is_open(self) -> bool:
        """Whether there is still something to do."""
        return self in (State.PENDING, State.IN_FLIGHT)


class Table(StrEnum):
    """The tables of work rows."""

    URLS = "urls"
    ASSETS = "assets"
    LINKS = "links"
    THUMBNAILS = "thumbnails"


class Origin(StrEnum):
    """Who put it into Plytix: this ledger's runs (uploaded, made), or it was found there."""

    UPLOADED = "uploaded"
    MADE = "made"
    FOUND = "found"


class Outcome(StrEnum):
    """How a run ended."""

    PLANNED = "planned"
    FINISHED = "finished"
    FAILURES = "failures"
    INTERRUPTED = "interrupted"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Asset:
    """A wanted picture. `plytix_id` is known once it is done.

    `is_absent`: Plytix has said a short while ago that it has no such asset, and nothing was sent since.
    """

    id: int
    url: str
    filename: str
    state: State
    plytix_id: str | None
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A wanted place in a product's gallery. `placed` is the place at which this ledger's writes left it.

    `sent` is the place in a write of which nobody has seen yet whether it arrived.
    `is_left_out`: it is skipped by itself, on request.
    """

    asset_id: int
    variant: str
    position: int
    state: State
    origin: Origin | None
    placed: int | None
    sent: int | None = None
    is_left_out: bool = False

    @property
    def stood(self) -> bool:
        """Whether it stood there by a write of this ledger when that was seen last."""
        return self.origin is Origin.MADE and self.placed is not None


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A product's wanted thumbnail; `is_left_out`: skipped on request, as its image is."""

    asset_id: int
    state: State
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class ProductWork:
    """A product with something to do, all its links (obsolete ones too) in gallery order.

    `skip_existing`: its mapping wants it left alone where its gallery already holds any image.
    """

    id: int
    sku: str
    is_parent: bool
    plytix_id: str | None
    links: tuple[Link, ...]
    thumbnail: Thumbnail | None
    skip_existing: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """One row's failure: `attempts` is how often it was asked; 0 where no request was worth making.

    `place` tells where in a mapping a product stands that has no SKU; elsewhere it is empty.
    """

    table: Table
    url: str
    sku: str
    status: int | None
    message: str
    attempts: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one cause, with the first few of them; `message` leaves out the address of each."""

    message: str
    status: int | None
    count: int
    examples: tuple[Failure, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was left as it is, and why; `url` is empty where it concerns the whole product."""

    sku: str
    reason: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """One run, as it was recorded. Times are UTC in ISO form.

    `is_planned`: its mappings stand in the ledger; `is_confirmed`: somebody has agreed to its plan.
    """

    id: int
    command: str
    options: str
    pid: int
    started_at: str
    ended_at: str | None
    outcome: Outcome | None
    message: str | None
    counters: str
    mappings: tuple[tuple[str, str], ...]
    is_planned: bool = True
    is_confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by state of one table."""

    table: Table
    by_state: dict[State, int]

    def of(self, *states: State) -> int:
        return sum(self.by_state.get(state, 0) for state in states)


@dataclass(frozen=True, slots=True)
class UnusedAsset:
    """`plytix_id` is empty where it has been deleted."""

    id: int
    url: str
    filename: str
    plytix_id: str = ""
