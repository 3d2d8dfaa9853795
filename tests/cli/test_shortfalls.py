"""What is not in place is told, with a next step that helps, and decides the exit code as asked."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli.fixtures import FAST, Setup, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Answer, Fault


def refused(image_id: str, status: int = 422) -> Fault:
    answer = Answer(status, json.dumps({"error": {"msg": "Cannot be downloaded"}}).encode())
    return Fault(
        "POST", "/assets", answer, times=None, body=lambda body: body["url"].endswith(f"/{image_id}.jpg")
    )


def lines_of(result: Result) -> list[str]:
    return [line for line in (result.out + result.err).splitlines() if line.startswith("Next")]


def matched(*skus: str) -> dict[str, Any]:
    return {"matched": [flat(sku, f"image{number}") for number, sku in enumerate(skus)]}


def test_where_plytix_has_none_of_the_products_nothing_is_called_done(setup: Setup) -> None:
    result = setup.apply(setup.mapping(matched("A", "B"), seed=False))
    assert result.code == 3
    assert "Done" not in result.out + result.err
    assert "Finished, but 2 products are not in Plytix." in result.out
    assert "2 products not in Plytix: A, B" in result.out
    status = amzsync("status", "--json").json
    assert status["products_not_found"] == ["A", "B"]
    assert status["runs"][0]["outcome"] == "failures"
    assert "2 products not in Plytix: A, B" in amzsync("status").out
    assert amzsync("resume").code == 3


def test_status_names_the_products_without_images(setup: Setup) -> None:
    content = {"matched": [flat("A", "a"), {"suggested_sku": "BARE", "amazon_image_main": None}]}
    setup.apply(setup.mapping(content))
    assert amzsync("status", "--json").json["products_without_images"] == ["BARE"]
    assert "1 product without images: BARE" in amzsync("status").out


def test_quiet_tells_failures_missing_products_and_the_next_step_on_stderr(setup: Setup) -> None:
    setup.sandbox.faults.add(refused("image1"))
    mapping = setup.mapping(matched("A", "B"))
    setup.mapping(matched("A", "B", "GONE"), seed=False)
    result = setup.apply(mapping, "-q")
    assert (result.code, result.out) == (3, "")
    for words in ("1 product not in Plytix: GONE", "Cannot be downloaded", "Next: amzsync status"):
        assert words in result.err
    status = amzsync("status", "-q")
    assert (status.code, status.out) == (0, "")
    assert "GONE" in status.err
    assert "Cannot be downloaded" in status.err


def test_a_quiet_status_is_nothing_where_all_is_well(setup: Setup) -> None:
    setup.apply(setup.mapping(matched("A")))
    result = amzsync("status", "-q")
    assert (result.code, result.out, result.err) == (0, "", "")


def test_a_quiet_plan_tells_what_cannot_be_done(setup: Setup) -> None:
    mapping = setup.mapping([{"suggested_sku": "A", "image_urls": ["ht!tp://nowhere"]}])
    result = amzsync("plan", "--mapping", mapping, "-q")
    assert (result.code, result.out) == (0, "")
    assert "Failures: 1" in result.err


def test_a_quiet_run_that_stops_at_its_longest_wait_is_one_line(setup: Setup) -> None:
    mapping = setup.mapping(matched("A", "B", "C"))
    limits = ("--rate-limit", "4/1h", "--max-wait", "1s")
    result = amzsync("apply", "--mapping", mapping, "--yes", "-q", *limits)
    assert (result.code, result.out) == (4, "")
    assert result.err == "Stopped at --max-wait; work remains. Next: amzsync resume\n"


@pytest.mark.parametrize("status", [503, None])
def test_another_try_is_offered_where_it_may_help(setup: Setup, status: int | None) -> None:
    setup.sandbox.faults.add(refused("image0"))
    setup.apply(setup.mapping(matched("A")))
    with closing(sqlite3.connect(setup.ledger)) as connection, connection:
        # As after a minute of trying again, for which no test has the time.
        connection.execute("UPDATE failures SET status = ?, attempts = 9", (status,))
    assert amzsync("status", "--json").json["next"] == [
        "amzsync apply --retry-failed --rate-limit 100000/10s --yes"
    ]


def test_for_a_refused_address_the_next_step_is_the_listing_or_the_mapping(setup: Setup) -> None:
    setup.sandbox.faults.add(refused("image0"))
    mapping = setup.mapping(matched("A"))
    result = setup.apply(mapping)
    when = "Next, once the listing or the mapping is corrected:"
    assert lines_of(result) == [
        "Next: amzsync status",
        f"{when} amzsync apply --mapping {mapping} --rate-limit 100000/10s --yes",
    ]
    assert "--retry-failed" not in result.out + result.err + amzsync("status").out


def test_for_missing_products_the_next_step_is_to_create_them(setup: Setup) -> None:
    result = setup.apply(setup.mapping(matched("A"), seed=False))
    assert lines_of(result)[1:] == [
        "Next, once the products are in Plytix: amzsync apply --retry-failed --rate-limit 100000/10s --yes"
    ]


def test_a_known_failure_does_not_hide_a_new_one(setup: Setup) -> None:
    setup.sandbox.faults.add(refused("image0"), refused("image2"))
    first = setup.apply(setup.mapping(matched("A", "B")), "--fail-on", "new")
    assert first.code == 3
    known = setup.apply(None, "--fail-on", "new", "-q")
    assert (known.code, known.out, known.err) == (0, "", "")
    again = setup.apply(None, "--fail-on", "new", "--retry-failed")
    assert again.code == 0
    assert "Finished, but 1 row failed (none new)." in again.out
    worse = setup.apply(setup.mapping(matched("A", "B", "C")), "--fail-on", "new", "-q")
    assert worse.code == 3
    assert "2 rows failed (1 new)" in worse.err
    assert "New failures: 1" in worse.err
    assert setup.apply(None).code == 3


def test_a_missing_product_is_new_once(setup: Setup) -> None:
    mapping = setup.mapping(matched("A"), seed=False)
    codes = [setup.apply(mapping, "--fail-on", "new").code for _ in range(2)]
    assert codes == [3, 0]
    assert setup.apply(setup.mapping(matched("A", "B"), seed=False), "--fail-on", "new").code == 3


def test_what_a_plan_has_told_is_still_new_to_the_run(setup: Setup) -> None:
    mapping = setup.mapping([{"suggested_sku": "A", "image_urls": ["ht!tp://nowhere"]}])
    amzsync("plan", "--mapping", mapping)
    assert setup.apply(None, "--fail-on", "new").code == 3


def test_what_an_interrupted_run_has_met_is_still_new_when_it_is_resumed(setup: Setup) -> None:
    setup.sandbox.faults.add(refused("image0"))
    mapping = setup.mapping(matched("A", "B", "C"))
    limits = ("--rate-limit", "6/1h", "--max-wait", "1s", "--workers", "1")
    waited = amzsync("apply", "--mapping", mapping, "--yes", "--fail-on", "new", *limits)
    assert waited.code == 4, waited.out
    assert amzsync("status", "--json").json["failures"]
    assert amzsync("resume", *FAST).code == 3, "--fail-on is recorded with the run"
    assert setup.apply(None, "--fail-on", "new").code == 0


def test_failures_can_be_kept_out_of_the_exit_code(setup: Setup) -> None:
    setup.sandbox.faults.add(refused("image0"))
    result = setup.apply(setup.mapping(matched("A")), "--fail-on", "none", "-q")
    assert result.code == 0
    assert "1 row failed" in result.err


def test_another_word_for_fail_on_is_a_usage_error(tmp_path: Path) -> None:
    result = amzsync("apply", "--mapping", tmp_path / "m.json", "--yes", "--fail-on", "some")
    assert result.code == 2
    assert "'some' is not one of any, new, none." in result.err


def test_a_quiet_check_names_what_differs(setup: Setup) -> None:
    setup.apply(setup.mapping(matched("A", "B")))
    setup.sandbox.delete_product("B")
    result = amzsync("check", "-q", *FAST)
    assert (result.code, result.out) == (3, "")
    assert "B  ? not in Plytix" in result.err


def test_a_script_that_asks_for_the_status_is_told_nothing_besides(setup: Setup) -> None:
    setup.apply(setup.mapping(matched("A"), seed=False))
    result = amzsync("status", "--json")
    assert (result.json["products_not_found"], result.err) == (["A"], "")
