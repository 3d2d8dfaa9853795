"""A part of the products is all that a command shows and works on; what it leaves out stays pending."""

import pytest
from catalogue import dump, states
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from cli.test_interrupted_planning import apply_killed

SKUS = [f"P{number}" for number in range(9)]


def nine() -> list[dict[str, object]]:
    return [dict(flat(sku, f"own{sku}", "shared")) for sku in SKUS]


def done(setup: Setup) -> list[str]:
    """The products that have both images in Plytix."""
    found = setup.sandbox.snapshot().pictures
    return [sku for sku in SKUS if sku in found and len(found[sku][1]) == 2]


def uploaded(setup: Setup) -> set[str]:
    return {name for name, state in states(setup.ledger, "assets").items() if state == "done"}


def test_three_times_three_products_are_nine(setup: Setup) -> None:
    mapping = setup.mapping(nine())
    for number in range(3):
        result = setup.apply(mapping if number == 0 else None, "--limit", "3")
        assert result.code == 0, result.err
        assert "Done: the chosen products are in place." in result.out
        left = 6 - 3 * number
        more = f", {left} of them with something to do." if left else "."
        assert f"Only 3 products (--limit 3). Left out: 6 products{more}" in result.out
        assert ("Next: amzsync apply" in result.out) == (left > 0)
        assert done(setup) == SKUS[: 3 * number + 3]
        assert uploaded(setup) == {"shared", *(f"own{sku}" for sku in done(setup))}
    result = setup.apply(None, "--limit", "3")
    assert (result.code, done(setup)) == (0, SKUS)
    assert "Nothing to do." in result.out


def test_only_the_products_named_are_shown_and_worked_on(setup: Setup) -> None:
    mapping = setup.mapping([*nine(), flat("Q1", "q")])
    plan = amzsync("plan", "--mapping", mapping, "--sku", "P[12]", "--json")
    assert (plan.code, plan.json["error"]["message"].split(" matches ")[1]) == (1, "--sku P[12].")
    plan = amzsync("plan", "--sku", "Q?", "--sku", "P3", "--json").json
    assert [change["sku"] for change in plan["changes"]] == ["P3", "Q1"]
    assert plan["part"] == {
        "skus": ["Q?", "P3"],
        "limit": None,
        "products": 2,
        "left_out": 8,
        "left_out_with_work": 8,
    }
    assert (plan["links_created"], plan["total_products"]) == (3, 10)
    report = setup.apply(None, "--sku", "Q?", "--sku", "P3", "--json").json
    assert (report["links_created"], report["images_uploaded"], report["part"]["products"]) == (3, 3, 2)
    assert done(setup) == ["P3"]
    status = amzsync("status", "--sku", "P3", "--json").json
    assert (status["tables"]["links"], status["part"]["left_out"]) == ({"done": 2}, 9)
    assert amzsync("status", "--json").json["part"] is None
    assert "Only 1 product (--sku Q1)" in amzsync("status", "--sku", "Q1").out


def test_the_exit_code_speaks_of_the_part(setup: Setup) -> None:
    mapping = setup.mapping(nine())
    setup.sandbox.delete_product("P0")
    assert setup.apply(mapping, "--sku", "P0").code == 3
    assert setup.apply(None, "--sku", "P1*").code == 0
    result = setup.apply(None, "--limit", "1", "--retry-failed")
    assert (result.code, done(setup)) == (3, ["P1"])
    setup.sandbox.seed(["P0"])
    assert setup.apply(None, "--limit", "1", "--retry-failed").code == 0
    assert done(setup) == ["P0", "P1"]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_a_sku_that_matches_nothing_ends_the_command_and_leaves_nothing_to_resume(
    setup: Setup, command: str
) -> None:
    mapping = setup.mapping(nine())
    arguments = ("--yes", *FAST) if command == "apply" else ()
    result = amzsync(command, "--mapping", mapping, "--sku", "p1", *arguments)
    assert result.code == 1
    assert "matches --sku p1" in result.err
    assert setup.sandbox.total == 0
    assert "There is no unfinished run" in amzsync("resume").err


def test_resume_keeps_to_the_products_of_its_run(setup: Setup) -> None:
    mapping = setup.mapping(nine())
    limits = ("--rate-limit", "6/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", mapping, "--limit", "4", "--yes", *limits).code == 4
    result = amzsync("resume", *FAST)
    assert result.code == 0, result.err
    assert "Only 4 products (--limit 4). Left out: 5 products" in result.out
    assert done(setup) == SKUS[:4]


def test_resume_keeps_to_the_part_of_a_run_that_was_killed_while_planning(setup: Setup) -> None:
    apply_killed(setup, setup.mapping(nine()), "--limit", "2", "--sku", "P?")
    result = amzsync("resume")
    assert result.code == 0, result.err
    assert done(setup) == SKUS[:2]


def test_resume_keeps_to_the_part_of_a_run_that_was_killed_before_its_first_request(setup: Setup) -> None:
    mapping = setup.mapping(nine())
    setup.killed("before sync", "apply", "--mapping", mapping, "--yes", "--limit", "2", *FAST)
    before = dump(setup.ledger)
    assert amzsync("plan", "--mapping", mapping).code == 0
    after = dump(setup.ledger)
    assert {table for table in before if before[table] != after[table]} <= {"settings"}
    assert amzsync("resume").code == 0
    assert done(setup) == SKUS[:2]
