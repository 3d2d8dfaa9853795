"""Faults that stay: what can go on goes on, the rest ends in words that say what to do, without a storm."""

from collections.abc import Mapping
from typing import Any

import pytest
from proof.fault_harness import KINDS, FaultHarness, picture, product
from proof.scenarios import FAST
from proof.test_faults_that_pass import HTML, PAGE, UNDISTURBED_REQUESTS, account, stands
from sandbox_faults import Answer, DropAfterWork, DropBeforeWork, Fault, RunBefore, Sandbox, Transform

from amzsync.executor.engine import throttle
from amzsync.sandbox import TypeClass

ATTEMPTS = 10
"""As many as the outage time of these tests has room for, with their pauses."""

SPARE = 4
"""Attempts that were in flight when a fault showed itself, and health checks."""

UNANSWERED = {
    "503 html": Answer(503, PAGE, HTML),
    "reset before the work": DropBeforeWork(),
    "reset after the work": DropAfterWork(),
    "not json": Answer(200, b"OK"),
    "data missing": Answer(200, b'{"pagination": {}}'),
}
ROWS_FAIL = ("upload", "product write", "link", "product read")


def refusal(status: int, text: str) -> Answer:
    return Answer(status, b'{"error": {"msg": "%s"}}' % text.encode())


@pytest.mark.timeout(20)
@pytest.mark.parametrize("fault", UNANSWERED)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in (*ROWS_FAIL, "token")])
def test_a_read_that_all_rests_on_ends_the_run_when_the_outage_time_is_over(
    kind: str, fault: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(UNANSWERED[fault], times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (1, [])
    # The health check is itself an asset search.
    assert ("has not answered" if kind == "asset search" else "could not be read (") in ran.said
    assert "`amzsync resume`" in ran.said
    assert ATTEMPTS / 2 <= len(sandbox.faults.fired) <= ATTEMPTS + SPARE
    sandbox.faults.clear()
    assert harness.run("resume").code == 0
    stands(sandbox)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("fault", UNANSWERED)
def test_a_token_that_never_comes_ends_the_run(fault: str, harness: FaultHarness, sandbox: Sandbox) -> None:
    sandbox.faults.add(KINDS["token"].goes(UNANSWERED[fault], times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (1, [])
    assert "Plytix has not answered" in ran.said
    assert "then `amzsync resume`." in ran.said
    assert ran.total <= 20
    sandbox.faults.clear()
    assert harness.run("resume").code == 0
    stands(sandbox)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("fault", UNANSWERED)
@pytest.mark.parametrize("kind", ROWS_FAIL)
def test_rows_that_fail_leave_the_others_alone_and_can_be_retried(
    kind: str, fault: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(UNANSWERED[fault], times=None))
    ran = harness.apply(account(sandbox))
    assert ran.code == 3
    assert ran.failures
    assert {failure["sku"] for failure in ran.failures} <= {"NEW", "KEPT", "SILENT"}
    assert all(failure["attempts"] <= ATTEMPTS + 1 for failure in ran.failures)
    rows = {"upload": 4, "product write": 3, "link": 2, "product read": 1}[kind]
    assert len(sandbox.faults.fired) <= (ATTEMPTS + 1) * rows
    assert "--retry-failed" in ran.said
    sandbox.faults.clear()
    again = harness.run("apply", "--retry-failed", "--yes", *FAST)
    assert (again.code, again.failures) == (0, []), again.said
    stands(sandbox)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "token"])
def test_tokens_that_are_never_accepted_end_the_run_after_a_few(
    kind: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(refusal(401, "The token is not valid"), times=None))
    ran = harness.apply(account(sandbox))
    assert ran.code == 1
    assert "does not accept the access tokens" in ran.said
    assert ran.requests["POST /auth/api/get-token"] <= 8
    assert ran.total <= UNDISTURBED_REQUESTS + 3 * 8


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "token"])
@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
def test_a_401_in_the_middle_costs_a_token_and_the_request_again(
    kind: str, times: int, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(refusal(401, "expired"), times=times))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)
    assert ran.total <= UNDISTURBED_REQUESTS + 2 * times + 1


def test_wrong_credentials_are_tried_once(
    harness: FaultHarness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLYTIX_API_PASSWORD", "wrong-3d77")
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.total) == (1, 1)
    assert "PLYTIX_API_PASSWORD" in ran.said
    assert "wrong-3d77" not in ran.said


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "token"])
def test_a_role_that_may_not_ends_the_run_at_once_and_says_which_role(
    kind: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(refusal(403, "Forbidden"), times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (1, [])
    assert "Give this API key a role in Plytix that may read and write products and assets." in ran.said
    assert len(sandbox.faults.fired) <= 4, "only what was in flight already"
    sandbox.faults.clear()
    assert harness.run("resume").code == 0
    stands(sandbox)


@pytest.mark.parametrize("kind", KINDS)
def test_a_redirect_is_not_followed_and_names_the_setting(
    kind: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(Answer(302, b"", {"Location": "https://login.example/"}), times=None))
    ran = harness.apply(account(sandbox))
    assert ran.code == 1
    assert ("PLYTIX_AUTH_URL" if kind == "token" else "PLYTIX_API_URL") in ran.said
    assert "login.example" in ran.said
    assert len(sandbox.faults.fired) <= 6


WAITS: Mapping[str, Answer] = {
    "2,000 s in the header": Answer(429, b"", {"Retry-After": "2000"}),
    "2,000 s in the body": Answer(429, b'{"error": {"msg": "slow", "retry_after": 2000}}'),
    "2,000.5 s": Answer(429, b'{"error": {"msg": "slow", "retry_after": 2000.5}}'),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_longer_than_asked_for_ends_with_4_and_goes_on_later(
    kind: str, wait: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS[kind].goes(WAITS[wait]))
    ran = harness.apply(account(sandbox), "--max-wait", "10s")
    assert (ran.code, ran.failures) == (4, []), ran.said
    assert "amzsync resume" in ran.said
    assert ran.total <= UNDISTURBED_REQUESTS + 1
    if kind != "token":
        early = harness.run("resume")
        assert (early.code, early.requests) == (4, {}), "the account is left alone until the wait is over"
        harness.let_the_told_wait_pass()
    last = harness.run("resume")
    assert (last.code, last.failures) == (0, []), last.said
    stands(sandbox)


@pytest.mark.parametrize(
    ("kind", "answer"), [("product search", Answer(429, b"")), ("upload", Answer(429, PAGE, HTML))]
)
def test_a_429_that_tells_no_wait_costs_no_longer_one_than_the_tightest_window(
    kind: str, answer: Answer, harness: FaultHarness, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds for a window of ten, as the tests of the throttle say; here the window lasts one."""
    monkeypatch.setattr(throttle, "_UNTOLD_WAIT_S", 1.0)
    sandbox.faults.add(KINDS[kind].goes(answer))
    ran = harness.apply(account(sandbox), "--max-wait", "1s")
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("told", [b'{"error": {"retry_after": 0}}', b'{"error": {"retry_after": 0.001}}'])
def test_a_429_without_end_is_asked_less_and_less_often(
    told: bytes, harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS["product search"].goes(Answer(429, told), times=None))
    ran = harness.apply(account(sandbox), "--max-wait", "900ms")
    assert ran.code == 4
    assert len(sandbox.faults.fired) <= 6


# One thing that is not as it should be.


def test_a_409_without_an_id_is_found_by_its_name(harness: FaultHarness, sandbox: Sandbox) -> None:
    sandbox.faults.add(
        KINDS["asset search"].goes(Transform(lambda _: {"data": []})),
        Fault("POST", "/assets", Transform(lambda _: {"error": {"msg": "Asset already exists"}}), times=None),
    )
    sandbox.seed(["A"])
    sandbox.add_asset("amazon_01_MAIN_x1.jpg", picture("x1"))
    ran = harness.apply([product("A", "x1")])
    assert (ran.code, ran.failures) == (0, []), ran.said
    assert sandbox.snapshot().pictures["A"] == ("amazon_01_MAIN_x1.jpg", ("amazon_01_MAIN_x1.jpg",))
    assert ran.requests["POST /assets"] == 1


def test_a_product_deleted_between_search_and_write_is_left_alone_the_others_are_done(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.seed(["GONE", "HERE"])
    gone = sandbox.product_id("GONE")
    sandbox.faults.add(Fault("PATCH", f"/products/{gone}", RunBefore(lambda: sandbox.delete_product("GONE"))))
    ran = harness.apply([product("GONE", "x1"), product("HERE", "x1", "x2")])
    assert ran.code == 3, ran.said
    assert len(sandbox.snapshot().products["HERE"].gallery) == 2
    assert "GONE" in ran.said
    assert harness.states("links") == {"skipped": 1, "done": 2}


def test_an_asset_deleted_between_look_up_and_link_is_brought_again(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.seed(["A"])
    hand, old = sandbox.add_asset("hand.jpg"), sandbox.add_asset("amazon_01_MAIN_x1.jpg", picture("x1"))
    sandbox.set_gallery("A", [hand])
    sandbox.faults.add(KINDS["link"].goes(RunBefore(lambda: sandbox.delete_asset(old))))
    ran = harness.apply([product("A", "x1", "x2")])
    assert (ran.code, ran.failures) == (0, []), ran.said
    gallery = sandbox.snapshot().products["A"].gallery
    assert (gallery[0], set(gallery[1:])) == (
        "hand.jpg",
        {"amazon_01_MAIN_x1.jpg", "amazon_02_PT01_x2.jpg"},
    )


def test_an_asset_that_many_products_miss_is_brought_again_once(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    skus = [f"P{number}" for number in range(6)]
    sandbox.seed(skus)
    hand, old = sandbox.add_asset("hand.jpg"), sandbox.add_asset("amazon_01_MAIN_x1.jpg", picture("x1"))
    for sku in skus[:3]:
        sandbox.set_gallery(sku, [hand])
    is_there = [True]

    def delete() -> None:
        if is_there:
            is_there.clear()
            sandbox.delete_asset(old)

    for kind in ("link", "product write"):
        sandbox.faults.add(KINDS[kind].goes(RunBefore(delete)))
    ran = harness.apply([product(sku, "x1") for sku in skus])
    assert (ran.code, ran.failures) == (0, []), ran.said
    assert ran.requests["POST /assets"] == 1
    assert all(
        state.gallery[-1] == state.thumbnail == "amazon_01_MAIN_x1.jpg"
        for state in sandbox.snapshot().products.values()
    )


def test_an_asset_deleted_between_look_up_and_write_is_brought_again(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.seed(["A"])
    old = sandbox.add_asset("amazon_01_MAIN_x1.jpg", picture("x1"))
    sandbox.faults.add(KINDS["product write"].goes(RunBefore(lambda: sandbox.delete_asset(old))))
    ran = harness.apply([product("A", "x1", "x2")])
    assert (ran.code, ran.failures) == (0, []), ran.said
    shown = sandbox.snapshot().products["A"]
    assert set(shown.gallery) == {"amazon_01_MAIN_x1.jpg", "amazon_02_PT01_x2.jpg"}
    assert shown.thumbnail == "amazon_01_MAIN_x1.jpg"


def without(*names: str) -> Transform:
    def change(payload: Any) -> Any:
        for row in payload["data"]:
            for name in names:
                row.pop(name, None)
        return payload

    return Transform(change)


@pytest.mark.parametrize("names", [["attributes"], ["attributes", "assets"]], ids=" and ".join)
def test_a_search_that_omits_the_gallery_never_costs_a_persons_picture(
    names: list[str], harness: FaultHarness, sandbox: Sandbox
) -> None:
    sandbox.faults.add(KINDS["product search"].goes(without(*names), times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)
    assert ran.requests["GET /products/{id}"] <= 3


def as_ids(payload: Any) -> Any:
    for row in payload["data"]:
        for label, value in row.get("attributes", {}).items():
            row["attributes"][label] = [one["id"] for one in value] if isinstance(value, list) else value
    return payload


def test_a_gallery_given_as_ids_is_a_gallery(harness: FaultHarness, sandbox: Sandbox) -> None:
    for kind in ("product search", "product read", "product write"):
        sandbox.faults.add(KINDS[kind].goes(Transform(as_ids), times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)


def test_counts_that_are_missing_are_not_missed(harness: FaultHarness, sandbox: Sandbox) -> None:
    def uncounted(payload: Any) -> Any:
        payload.pop("pagination", None)
        return payload

    for kind in ("product search", "asset search", "attribute"):
        sandbox.faults.add(KINDS[kind].goes(Transform(uncounted), times=None))
    ran = harness.apply(account(sandbox))
    assert (ran.code, ran.failures) == (0, []), ran.said
    stands(sandbox)


def test_a_gallery_that_does_not_exist_is_said_before_the_first_upload(
    harness: FaultHarness, sandbox: Sandbox
) -> None:
    ran = harness.apply(account(sandbox), "--gallery", "no_such_label")
    assert ran.code == 1
    assert "'no_such_label'" in ran.said
    assert "--gallery LABEL" in ran.said
    assert not ran.requests.get("POST /assets")


@pytest.mark.parametrize("kind", [TypeClass.MEDIA, TypeClass.TEXT], ids=str)
def test_an_attribute_that_is_no_gallery_is_said_before_the_first_upload(
    kind: TypeClass, harness: FaultHarness, sandbox: Sandbox
) -> None:
    label = sandbox.add_attribute("Front Picture", kind)
    ran = harness.apply(account(sandbox), "--gallery", label)
    assert ran.code == 1
    assert str(kind) in ran.said
    assert "--gallery LABEL" in ran.said
    assert not ran.requests.get("POST /assets")


def test_a_product_that_is_full_keeps_all_it_has_and_says_so(harness: FaultHarness, sandbox: Sandbox) -> None:
    sandbox.seed(["FULL", "FREE"])
    hand = [sandbox.add_asset(f"hand{number}.jpg") for number in range(299)]
    sandbox.set_gallery("FULL", hand)
    ran = harness.apply([product("FULL", "x1", "x2", "x3"), product("FREE", "x1")])
    assert ran.code == 3
    shown = sandbox.snapshot().products
    assert len(shown["FULL"].gallery) == 300
    assert shown["FULL"].gallery_ids[:299] == tuple(hand)
    assert len(shown["FREE"].gallery) == 1
    assert {failure["sku"] for failure in ran.failures} == {"FULL"}
    assert any("300" in failure["message"] for failure in ran.failures)
