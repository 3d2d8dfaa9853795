"""Every kind of fault at every kind of request, once and again: the end is the same, and no storm is made."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from proof.commands import KEY, PASSWORD, Commands, environment
from proof.fault_harness import KINDS, FaultHarness, product
from proof.scenarios import FAST
from sandbox_faults import Answer, Delay, Drip, DropAfterWork, DropBeforeWork, Fault, Sandbox, Truncate

from amzsync.sandbox import Snapshot

HTML = {"Content-Type": "text/html"}
PAGE = b"<html><body><h1>Bad gateway</h1></body></html>"

PASSING: Mapping[str, Any] = {
    "500": Answer(500, b""),
    "502 html": Answer(502, PAGE, HTML),
    "503 html": Answer(503, PAGE, HTML),
    "timeout before the work": Delay(0.2),
    "timeout after the work": Delay(0.2, after_work=True),
    "reset before the work": DropBeforeWork(),
    "reset after the work": DropAfterWork(),
    "truncated": Truncate(12),
    "not json": Answer(200, b"OK"),
    "data missing": Answer(200, b'{"pagination": {}}'),
    "a list where a dict was": Answer(200, b"[]"),
    "an empty list": Answer(200, b'{"data": []}'),
    "data of numbers": Answer(200, b'{"data": [1, 2]}'),
    "null id": Answer(200, b'{"data": [{"id": null, "sku": null, "label": 7, "access_token": null}]}'),
    "429 in the header": Answer(429, b"", {"Retry-After": "0.05"}),
    "429 in the body": Answer(429, b'{"error": {"msg": "slow down", "retry_after": 0.05}}'),
    "429 in both": Answer(
        429, b'{"error": {"msg": "slow down", "retry_after": 0.02}}', {"Retry-After": "0.05"}
    ),
    "drip": Drip(1, 0.2),
}


BELIEVED = {
    ("attribute", "null id"),
    ("attribute", "an empty list"),
    ("product search", "an empty list"),
    ("link", "an empty list"),
}
"""A definition needs no id, what was asked for may not exist, and a link may have stood before."""


def account(sandbox: Sandbox) -> list[dict[str, Any]]:
    """A new product, one with a person's gallery, one whose gallery no search tells."""
    sandbox.seed(["NEW", "KEPT", "SILENT"])
    hand = sandbox.add_asset("hand.jpg")
    sandbox.set_gallery("KEPT", [hand])
    sandbox.set_thumbnail("SILENT", hand)
    return [product("NEW", "a1", "b2"), product("KEPT", "b2", "c3"), product("SILENT", "d4")]


@cache
def undisturbed() -> Snapshot:
    with Sandbox(limits=(), api_key=KEY, api_password=PASSWORD) as sandbox:
        products = account(sandbox)
        a1, b2, c3, d4 = (
            sandbox.add_asset(name, url)
            for name, url in (
                ("amazon_01_MAIN_a1.jpg", "https://m.media-amazon.com/images/I/a1.jpg"),
                ("amazon_01_MAIN_b2.jpg", "https://m.media-amazon.com/images/I/b2.jpg"),
                ("amazon_02_PT01_c3.jpg", "https://m.media-amazon.com/images/I/c3.jpg"),
                ("amazon_01_MAIN_d4.jpg", "https://m.media-amazon.com/images/I/d4.jpg"),
            )
        )
        hand = sandbox.snapshot().products["KEPT"].gallery_ids[0]
        sandbox.set_gallery("NEW", [a1, b2])
        sandbox.set_gallery("KEPT", [hand, b2, c3])
        sandbox.set_gallery("SILENT", [d4])
        for one, main in zip(products, (a1, b2, d4), strict=True):
            sandbox.set_thumbnail(one["suggested_sku"], main)
        return sandbox.snapshot()


def stands(sandbox: Sandbox) -> None:
    """Fail unless the account is as an undisturbed run leaves it."""
    shown = sandbox.snapshot()
    assert shown.pictures == undisturbed().pictures
    assert sorted(a.filename for a in shown.assets) == sorted(a.filename for a in undisturbed().assets)


UNDISTURBED_REQUESTS = 4 + 1 + 4 + 5  # token, attribute and two searches; a read; uploads; writes and links


def test_undisturbed_every_kind_of_request_is_made(harness: FaultHarness, sandbox: Sandbox) -> None:
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (0, [])
    stands(sandbox)
    assert ran.total <= UNDISTURBED_REQUESTS
    asked = {(exchange.method, exchange.path.removeprefix("/api/v1")) for exchange in sandbox.history}
    for kind in KINDS.values():
        assert any(Fault(kind.method, kind.path, Answer(500)).matches(*one, None) for one in asked), kind


def once_or_twice() -> list[Any]:
    """Each fault at each kind of request; in the suite once or twice by turns, in the soak both."""
    return [
        pytest.param(kind, fault, times, marks=() if (row + column + times) % 2 else pytest.mark.soak)
        for row, kind in enumerate(KINDS)
        for column, fault in enumerate(PASSING)
        for times in (1, 2)
        if (kind, fault) not in BELIEVED
    ]


@pytest.mark.parametrize(("kind", "fault", "times"), once_or_twice())
def test_a_fault_that_passes_changes_nothing(
    kind: str, fault: str, times: int, harness: FaultHarness, sandbox: Sandbox
) -> None:
    if isinstance(PASSING[fault], Delay | Drip):
        harness.read_timeout_s = 0.1
    sandbox.faults.add(KINDS[kind].goes(PASSING[fault], times=times))
    ran = harness.apply(account(sandbox))
    assert len(sandbox.faults.fired) >= 1
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)
    # One more attempt for each fault, and before a write is repeated, one more look.
    assert ran.total <= UNDISTURBED_REQUESTS + 3 * times


@pytest.mark.parametrize("fault", ["503 html", "reset after the work", "truncated", "null id", "429 in both"])
def test_the_real_command_with_its_own_patience_comes_through_as_well(
    fault: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps(account(sandbox)))
    for kind in ("token", "product search", "upload", "product write", "link"):
        sandbox.faults.add(KINDS[kind].goes(PASSING[fault]))
    with Commands(tmp_path) as commands:
        env = environment(sandbox.url, sandbox.auth_url, tmp_path)
        ended = commands.run(env, "apply", "--mapping", mapping, "--yes", *FAST)
    assert ended.code == 0, ended.err
    assert len(sandbox.faults.fired) == 5
    stands(sandbox)
