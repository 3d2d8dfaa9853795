"""A Plytix on loopback, as strict as the real one: for trying things out, and for tests.

    with Sandbox() as sandbox:
        sandbox.seed(["AMZN-US-B0EXAMPLE"])
        ...  # speak HTTP with sandbox.url and sandbox.auth_url

It follows what is known of the API; where that is uncertain it takes the stricter reading, so that a
client that works here works there. It uses the standard library alone, and no other part of this package
but the error hierarchy.
"""

from amzsync.sandbox.behaviour import Behaviour, choices, parse_behaviour
from amzsync.sandbox.embedded import Sandbox
from amzsync.sandbox.limits import RetryAfterForm
from amzsync.sandbox.messages import Delivery, Json, Reply, Request
from amzsync.sandbox.request_log import Exchange
from amzsync.sandbox.settings import SandboxSettings
from amzsync.sandbox.state import AssetState, ProductState, Snapshot, TypeClass

__all__ = [
    "AssetState",
    "Behaviour",
    "Delivery",
    "Exchange",
    "Json",
    "ProductState",
    "Reply",
    "Request",
    "RetryAfterForm",
    "Sandbox",
    "SandboxSettings",
    "Snapshot",
    "TypeClass",
    "choices",
    "parse_behaviour",
]
