"""What the scripts of a probe share: the names it uses, what it records, and where it looks."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from amzsync.domain.beliefs import LONGEST_LAG_S, Question
from amzsync.errors import PlytixError
from amzsync.executor.scripts.bulk import AssetsByName, ProductsBySku
from amzsync.ledger.probes import ObjectKind, Probes

__all__ = ["ASSET_PREFIX", "SKU_PREFIX", "Left", "Picture", "ProbeContext", "ProbeNames", "new_token"]

SKU_PREFIX = "AMZSYNC-PROBE-"
ASSET_PREFIX = "amzsync-probe-"

WAITS_S = (0.3, 0.7, 1.0, 2.0, 4.0, 6.0, 6.0)
"""Before each further look whether a search shows what was made: together `LONGEST_LAG_S`."""

_TOKEN_DIGITS = 12
_NUMBERED = re.compile(r"[0-9]+(_[0-9a-f]{3,8})?(\.[A-Za-z0-9]{1,5})?")
"""`1.jpg`, or `1_aefee.jpg` (plytix-api, Assets)."""

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class Left:
    """Something that stays in Plytix, and why; `name` is its SKU or filename.

    `is_others`: no probe of this ledger has made it.
    """

    name: str
    reason: str
    is_others: bool = False


def new_token(random: Callable[[], float]) -> str:
    """What tells the names of one probe from those of all others."""
    return "".join(f"{int(random() * 16):x}" for _ in range(_TOKEN_DIGITS))


@dataclass(frozen=True, slots=True)
class ProbeNames:
    """The names of all that a probe makes."""

    token: str

    @property
    def sku(self) -> str:
        return f"{SKU_PREFIX}{self.token.upper()}"

    @property
    def asset_prefix(self) -> str:
        """What every asset's name of this probe begins with."""
        return f"{ASSET_PREFIX}{self.token}-"

    def is_asset(self, name: str) -> bool:
        """Whether it is such a name, also with what Plytix adds where it has the name already."""
        return name.startswith(self.asset_prefix) and bool(
            _NUMBERED.fullmatch(name.removeprefix(self.asset_prefix))
        )

    @property
    def unreachable(self) -> str:
        """An address without a picture: the domain `invalid` is one that never exists (RFC 2606)."""
        return f"https://{ASSET_PREFIX}{self.token}.invalid/picture.jpg"

    def filename(self, number: int, url: str) -> str:
        """With the ending of the address, which Plytix keeps."""
        ending = PurePosixPath(urlsplit(url).path).suffix
        return f"{self.asset_prefix}{number}{ending if _ENDING.fullmatch(ending) else ''}"


@dataclass(frozen=True, slots=True)
class Picture:
    """An asset to try with; `is_own` where the probe has uploaded it."""

    id: str
    name: str
    is_own: bool


@dataclass(slots=True)
class ProbeContext:
    """`answers` are those so far, `failure` what kept the probe from its end, `left` what could not go."""

    gallery_label: str
    probes: Probes
    probe_id: int
    names: ProbeNames
    products: ProductsBySku
    assets: AssetsByName = field(default_factory=AssetsByName)
    waits_s: tuple[float, ...] = WAITS_S
    answers: dict[Question, str | float] = field(default_factory=dict)
    failure: PlytixError | None = None
    left: list[Left] = field(default_factory=list)

    def answer(self, question: Question, answer: str | float | None) -> None:
        """An answer, where there is one."""
        if answer is not None:
            self.answers[question] = answer

    def known_lag_s(self, kind: ObjectKind) -> float | None:
        """How many seconds searches are behind, where the probe has seen their end."""
        question = Question.PRODUCT_LAG if kind is ObjectKind.PRODUCT else Question.ASSET_LAG
        lag_s = self.answers.get(question)
        return lag_s if isinstance(lag_s, float) and lag_s < LONGEST_LAG_S else None

    def sends(self, kind: ObjectKind, name: str) -> Callable[[], None]:
        """To record that it is asked for, in the transaction before the request leaves."""
        return partial(self.probes.sent, self.probe_id, kind, name)
