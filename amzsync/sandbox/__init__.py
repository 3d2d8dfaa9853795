"""A Plytix on loopback, as strict as the real one: for trying things out, and for tests.

    with Sandbox() as sandbox:
        sandbox.seed(["AMZN-US-B0EXAMPLE"])
        ...  # speak HTTP with sandbox.url and sandbox.auth_url

It follows what is known of the API; where that is uncertain it takes the stricter reading, so that a
client which is at home here is at home there. It uses the standard library alone, and no other part
of this package but the error hierarchy.
"""

from amzsync.sandbox.embedded import Sandbox
from amzsync.sandbox.faults import (
    Answer,
    Delay,
    Drip,
    DropAfterWork,
    DropBeforeWork,
    Fault,
    Faults,
    Latency,
    RunBefore,
    Transform,
    Truncate,
)
from amzsync.sandbox.limits import RetryAfterForm
from amzsync.sandbox.state import AssetState, Exchange, ProductState, Snapshot, TypeClass

__all__ = [
    "Answer",
    "AssetState",
    "Delay",
    "Drip",
    "DropAfterWork",
    "DropBeforeWork",
    "Exchange",
    "Fault",
    "Faults",
    "Latency",
    "ProductState",
    "RetryAfterForm",
    "RunBefore",
    "Sandbox",
    "Snapshot",
    "Transform",
    "Truncate",
    "TypeClass",
]
