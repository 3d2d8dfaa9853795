"""How a sandbox is set up."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from amzsync.sandbox.behaviour import Behaviour
from amzsync.sandbox.limits import RetryAfterForm
from amzsync.sandbox.messages import Intercept, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """The address, the account and its limits; `intercept` is a hook for tests."""

    path: Path | None = None
    """The file that keeps the account; without one it lasts as long as the sandbox runs."""

    port: int = 0
    limits: tuple[tuple[int, float], ...] = ((50, 10.0), (5000, 3600.0))
    """Requests and seconds."""

    api_key: str = "sandbox-key"
    api_password: str = "sandbox-password"  # noqa: S105 -- it protects nothing but a trial account
    token_life_s: float = 900.0
    claims: Mapping[str, Json] | None = None
    """What a token says, a JWT: by default the account's id and its limits."""

    opaque_tokens: bool = False
    """Whether a token is no JWT at all."""

    gallery_labels: tuple[str, ...] = ("amazon_images",)
    clock: Callable[[], float] = time.time
    retry_after: RetryAfterForm = RetryAfterForm.BOTH
    behaviour: Behaviour = field(default_factory=Behaviour)
    intercept: Intercept | None = None
