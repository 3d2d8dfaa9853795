"""Taking back from the command line: shown first, bounded, asked, recorded, carried on."""

import shlex

import pytest
from catalogue import picture, rows
from cli.fixtures import FAST, Setup, flat
from cli.terminal import Result, amzsync
from sandbox_faults import Answer, Fault

MAIN = "amazon_01_MAIN_a.jpg"


def prune(*more: object, answer: str | None = None) -> Result:
    return amzsync("prune", *FAST, *more, answer=answer)


def undo(*more: object, answer: str | None = None) -> Result:
    return amzsync("undo", *FAST, *more, answer=answer)


@pytest.fixture
def shrunk(setup: Setup) -> Setup:
    """Two products of three pictures, of which one is still wanted on each."""
    setup.apply(setup.mapping([flat("A", "a", "b", "c"), flat("B", "a", "d", "e")]))
    setup.apply(setup.mapping([flat("A", "a"), flat("B", "a")]))
    return setup


def galleries(setup: Setup) -> dict[str, int]:
    return {sku: len(state.gallery) for sku, state in setup.sandbox.snapshot().products.items()}


def test_a_prune_shows_skus_and_pictures_and_takes_them_out(shrunk: Setup) -> None:
    result = prune("--yes", "-v")
    assert result.code == 0, result.err
    assert "To take out: 4 images no longer wanted, from 2 products." in result.out
    assert picture("b") in result.out
    assert galleries(shrunk) == {"A": 1, "B": 1}


def test_a_prune_tells_in_one_document_what_it_did(shrunk: Setup) -> None:
    theirs = shrunk.sandbox.add_asset("theirs.jpg")
    ids = shrunk.sandbox.snapshot().products["A"].gallery_ids
    shrunk.sandbox.set_gallery("A", [theirs, *ids])
    refused = Answer(422, b'{"error":{"msg":"not now"}}')
    shrunk.sandbox.faults.add(Fault("DELETE", f"/products/[^/]+/assets/{ids[2]}", refused, times=None))
    result = prune("--yes", "--json")
    told = result.json
    assert result.code == 3
    assert (told["ledger"], told["run"], told["products"], told["links_removed"]) == ("amzsync.db", 3, 2, 3)
    assert (told["galleries_restored"], told["thumbnails_restored"], told["assets_deleted"]) == (0, 0, 0)
    assert told["left"] == [
        {"sku": "A", "url": picture("c"), "reason": "Plytix answered 422: not now."},
    ]
    assert told["requests"] > 0


def test_without_a_terminal_nothing_is_taken_out_unless_told_to(shrunk: Setup) -> None:
    for command in (prune, undo):
        result = command()
        assert result.code == 2
        assert "--yes" in result.err
    assert galleries(shrunk) == {"A": 3, "B": 3}


def test_a_terminal_is_asked_and_no_means_no(shrunk: Setup) -> None:
    assert prune(answer="n\n").code == 1
    assert galleries(shrunk) == {"A": 3, "B": 3}
    assert prune(answer="y\n").code == 0
    assert galleries(shrunk) == {"A": 1, "B": 1}


@pytest.mark.parametrize("command", [prune, undo])
def test_a_dry_run_changes_nothing_and_names_the_command_that_works(shrunk: Setup, command: object) -> None:
    before, requests = shrunk.ledger.read_bytes(), shrunk.sandbox.total
    run = {prune: "prune", undo: "undo"}[command]  # type: ignore[index]
    result = amzsync(run, *FAST, "--dry-run", "--json")
    assert result.code == 0
    assert result.json["dry_run"] is True
    assert {one["sku"] for one in result.json["changes"]} == {"A", "B"}
    assert shrunk.ledger.read_bytes() == before
    assert shrunk.sandbox.total == requests
    said = amzsync(run, *FAST, "--dry-run").out
    step = next(line for line in said.splitlines() if line.startswith("Next: "))
    assert amzsync(*shlex.split(step.removeprefix("Next: amzsync "))).code == 0


def test_more_than_allowed_is_refused_with_the_number_that_would_be_needed(setup: Setup) -> None:
    products = [f"S{number:02}" for number in range(15)]
    mapping = [flat(sku, "a", f"{sku}b", f"{sku}c") for sku in products]
    setup.apply(setup.mapping(mapping))
    result = undo("--yes")
    assert result.code == 1
    assert "45 of the 45 images in place, and at most 20 may go" in result.error_text
    assert "--max-delete 45" in result.error_text
    assert set(galleries(setup).values()) == {3}
    assert rows(setup.ledger, "SELECT count(*) FROM runs") == [(1,)]
    assert undo("--yes", "--max-delete", "99%").code == 1
    assert undo("--yes", "--max-delete", "44").code == 1
    dry = undo("--dry-run")
    assert "--max-delete 45" in dry.out
    assert undo("--yes", "--max-delete", "45").code == 0
    assert set(galleries(setup).values()) == {0}


@pytest.mark.parametrize("bad", ["ten", "-1", "10%%", "1.5", ""])
def test_a_limit_that_is_none_is_a_usage_error(shrunk: Setup, bad: str) -> None:
    assert prune("--yes", f"--max-delete={bad}").code == 2
    assert galleries(shrunk) == {"A": 3, "B": 3}


def test_a_part_of_the_products_is_taken_and_the_rest_left(shrunk: Setup) -> None:
    assert prune("--yes", "--sku", "A*").code == 0
    assert galleries(shrunk) == {"A": 1, "B": 3}
    assert prune("--yes", "--limit", "1").code == 0
    assert galleries(shrunk) == {"A": 1, "B": 1}
    assert undo("1", "--yes", "--sku", "B").code == 3


def test_nothing_to_prune_is_said_without_a_request_and_without_a_run(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("A", "a")]))
    requests = setup.sandbox.total
    result = prune("--yes")
    assert (result.code, setup.sandbox.total) == (0, requests)
    assert "Nothing to take out." in result.out
    assert prune("--yes", "--json").json["run"] is None
    assert rows(setup.ledger, "SELECT count(*) FROM runs") == [(1,)]


def test_the_last_run_that_wrote_is_undone_and_its_mapping_with_it(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("A", "a")]))
    setup.apply(setup.mapping([flat("A", "z", "y"), flat("B", "z")]))
    before = setup.sandbox.snapshot().pictures
    assert before["A"] != (MAIN, (MAIN,))
    result = undo("--yes", "--json")
    assert result.code == 0, result.err
    told = result.json
    assert (told["undone_run"], told["products"], told["thumbnails_restored"]) == (2, 2, 2)
    assert setup.sandbox.snapshot().pictures == {"A": (MAIN, (MAIN,)), "B": (None, ())}
    again = setup.apply()
    assert again.code == 0
    assert setup.sandbox.snapshot().pictures == {"A": (MAIN, (MAIN,)), "B": (None, ())}
    assert undo("--yes").code == 0
    assert setup.sandbox.snapshot().pictures == before


def test_an_unknown_run_is_told_with_what_to_type(shrunk: Setup) -> None:
    result = undo("77", "--yes")
    assert result.code == 1
    assert "nothing of a run 77" in result.error_text
    assert "amzsync status" in result.error_text
    del shrunk


def test_a_ledger_that_has_written_nothing_has_nothing_to_undo(setup: Setup) -> None:
    amzsync("plan", "--mapping", setup.mapping([flat("A", "a")]))
    assert "No run has written" in undo("--yes").error_text


@pytest.mark.parametrize("command", ["prune", "undo"])
def test_what_stops_half_way_is_resumed(shrunk: Setup, command: str) -> None:
    product = shrunk.sandbox.product_id("B")
    role = Answer(403, b'{"error":{"msg":"not your role"}}')
    fault = Fault("PATCH", f"/products/{product}", role, times=None)
    shrunk.sandbox.faults.add(fault)
    ended = amzsync(command, "--yes", *FAST)
    assert ended.code == 1
    assert galleries(shrunk)["B"] == 3
    assert "resume" in ended.out + ended.err
    shrunk.sandbox.faults.clear()
    resumed = amzsync("resume", *FAST)
    assert resumed.code == 0, resumed.err
    assert galleries(shrunk) == ({"A": 1, "B": 1} if command == "prune" else {"A": 0, "B": 0})


def test_an_unanswered_question_is_asked_again_by_resume(shrunk: Setup) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("amzsync.cli.removal._is_agreed", _interrupted)
        assert prune(answer="").code == 130
    assert amzsync("resume", *FAST).code == 2
    assert amzsync("resume", *FAST, answer="y\n").code == 0
    assert galleries(shrunk) == {"A": 1, "B": 1}


def _interrupted(*_: object) -> bool:
    raise KeyboardInterrupt


def test_unused_assets_are_deleted_only_when_asked_for(shrunk: Setup) -> None:
    prune("--yes")
    assert len(shrunk.sandbox.snapshot().assets) == 5
    dry = prune("--dry-run", "--assets")
    assert "up to 4 assets to delete" in dry.out
    planned = prune("--dry-run", "--assets", "--json").json["assets"]
    assert len(planned) == 4
    for asset in planned:
        assert f"{asset['filename']}  {asset['url']}" in dry.out
    told = prune("--yes", "--assets", "--json").json
    assert told["assets_deleted"] == 4
    assert told["assets"] == planned
    assert [asset.filename for asset in shrunk.sandbox.snapshot().assets] == [MAIN]


def test_old_runs_are_forgotten_but_for_the_last_few(setup: Setup) -> None:
    for number in range(4):
        setup.apply(setup.mapping([flat("A", "a", *(f"x{place}" for place in range(number)))]))
    assert undo("--yes", "--keep-runs", "2").code == 0
    assert [run for (run,) in rows(setup.ledger, "SELECT DISTINCT run_id FROM writes ORDER BY 1")] == [4, 5]
    assert undo("1", "--yes").code == 1


def test_apply_with_prune_takes_out_in_the_write_that_is_due_anyway(setup: Setup) -> None:
    """A write of its own only where nothing else is due; people's pictures stay."""
    setup.apply(setup.mapping([flat("A", "a", "b"), flat("B", "a", "b"), flat("C", "a", "b")]))
    theirs = setup.sandbox.add_asset("theirs.jpg")
    setup.sandbox.set_gallery("C", [theirs, *setup.sandbox.snapshot().products["C"].gallery_ids])
    mapping = setup.mapping([flat("A", "z", "c"), flat("B", "a"), flat("C", "a")])
    before = setup.sandbox.counts["PATCH /products/{id}"]
    dry = amzsync("apply", "--mapping", mapping, "--prune", "--dry-run", *FAST)
    assert dry.code == 0, dry.err
    assert "To take out: 4 images" in dry.out
    result = setup.apply(mapping, "--prune")
    assert result.code == 0, result.err
    shown = setup.sandbox.snapshot().products
    assert list(shown["A"].gallery) == ["amazon_01_MAIN_z.jpg", "amazon_02_PT01_c.jpg"]
    assert list(shown["B"].gallery) == [MAIN]
    assert list(shown["C"].gallery) == ["theirs.jpg", MAIN]
    assert setup.sandbox.counts["PATCH /products/{id}"] - before == 2
    assert setup.apply(None, "--prune").code == 0
    assert setup.sandbox.counts["PATCH /products/{id}"] - before == 2


def test_apply_with_prune_refuses_more_than_allowed_before_it_writes_anything(shrunk: Setup) -> None:
    mapping = shrunk.mapping([flat("A", "z"), flat("B", "z")])
    requests = shrunk.sandbox.total
    result = shrunk.apply(mapping, "--prune", "--max-delete", "1")
    assert result.code == 1
    assert "--max-delete 6" in result.error_text
    assert shrunk.sandbox.total == requests


def test_an_interrupted_apply_with_prune_is_resumed_with_it(shrunk: Setup) -> None:
    role = Answer(403, b'{"error":{"msg":"not your role"}}')
    product = shrunk.sandbox.product_id("B")
    shrunk.sandbox.faults.add(Fault("PATCH", f"/products/{product}", role, times=None))
    assert shrunk.apply(shrunk.mapping([flat("A", "a", "z"), flat("B", "a")]), "--prune").code == 1
    shrunk.sandbox.faults.clear()
    assert amzsync("resume", *FAST).code == 0
    assert galleries(shrunk) == {"A": 2, "B": 1}
