"""A run begins before it plans: one that ended while it was planning is planned again, and carried on."""

import json
import re
import shlex
from pathlib import Path

import pytest
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from sandbox_faults import Answer, Fault

from amzsync.cli import begin
from amzsync.ledger.ledger import Ledger


def killed_while_planning(setup: Setup, *arguments: object) -> None:
    """Killed before its plan stands in the ledger."""
    setup.killed("before planned", *arguments)


def pictures(setup: Setup) -> dict[str, int]:
    return {sku: len(gallery) for sku, (_, gallery) in setup.sandbox.snapshot().pictures.items()}


def apply_killed(setup: Setup, mapping: Path, *more: object) -> None:
    killed_while_planning(setup, "apply", "--mapping", mapping.name, "--yes", *FAST, *more)


def test_resume_plans_again_what_was_killed_while_planning(
    setup: Setup, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    apply_killed(setup, setup.mapping([flat("A", "a", "b")]))
    assert setup.sandbox.total == 0
    assert amzsync("status", "--json").json["next"] == ["amzsync resume"]
    other_folder = tmp_path / "elsewhere"
    other_folder.mkdir()
    monkeypatch.chdir(other_folder)
    result = amzsync("resume", "--ledger", setup.ledger)
    assert result.code == 0, result.err
    assert "Planning it again" in result.err
    assert "has changed" not in result.err
    assert pictures(setup) == {"A": 2}
    assert "There is no unfinished run" in amzsync("resume", "--ledger", setup.ledger).err


def test_an_older_unfinished_run_is_not_completed_in_place_of_the_newer_one(setup: Setup) -> None:
    older = setup.mapping([flat("A", "a", "b"), flat("B", "c")], "older.json")
    limits = ("--rate-limit", "2/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", older, "--yes", *limits).code == 4
    newer = setup.mapping([flat("A", "n"), flat("B", "c")], "newer.json")
    apply_killed(setup, newer)
    result = amzsync("resume", *FAST, "--json")
    assert result.code == 0, result.err
    assert result.json["metadata"]["source_file"].endswith("newer.json")
    assert {sku: shown for sku, (_, shown) in setup.sandbox.snapshot().pictures.items()} == {
        "A": ("amazon_01_MAIN_n.jpg",),
        "B": ("amazon_01_MAIN_c.jpg",),
    }


def test_a_mapping_that_has_changed_since_is_told_and_planned_as_it_is_now(setup: Setup) -> None:
    same = setup.mapping([flat("B", "b")], "same.json")
    changed = setup.mapping([flat("A", "a")], "changed.json")
    apply_killed(setup, same, "--mapping", changed.name)
    setup.mapping([flat("A", "a", "later")], "changed.json")
    result = amzsync("resume")
    assert result.code == 0, result.err
    assert f"{changed} has changed since" in result.err
    assert "same.json has changed" not in result.err
    assert pictures(setup) == {"A": 2, "B": 1}


def test_a_mapping_that_is_gone_is_an_error_with_its_next_step(setup: Setup) -> None:
    setup.apply(setup.mapping([flat("A", "a")], "first.json"))
    mapping = setup.mapping([flat("B", "b")])
    apply_killed(setup, mapping)
    content = mapping.read_text()
    mapping.unlink()
    result = amzsync("resume")
    assert result.code == 1
    assert str(mapping) in result.err
    assert "`amzsync resume`" in result.err
    assert "`amzsync apply --rate-limit 100000/10s --yes`" in result.err
    mapping.write_text(content)
    assert amzsync("resume").code == 0
    assert pictures(setup) == {"A": 1, "B": 1}


def test_the_next_step_names_the_ledger_and_works_as_it_is_typed(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    content = mapping.read_text()
    apply_killed(setup, mapping, "--ledger", "my ledger.db")
    mapping.unlink()
    steps = re.findall("`amzsync ([^`]+)`", amzsync("resume", "--ledger", "my ledger.db").err)
    assert [step.split()[0] for step in steps] == ["resume", "apply"]
    mapping.write_text(content)
    assert amzsync(*shlex.split(steps[0])).code == 0
    assert pictures(setup) == {"A": 1}
    Path("my ledger.db").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    Path("other ledger.db").mkdir()
    setup.sandbox.faults.add(Fault("POST", "/auth/api/get-token", Answer(403, b"")))
    result = setup.apply(setup.mapping([flat("A", "b")]), "--ledger", "third ledger.db")
    assert result.code == 1
    assert "amzsync resume`" not in result.err


def test_a_run_with_a_lost_mapping_can_be_given_up(setup: Setup) -> None:
    mapping = setup.mapping([flat("B", "b")])
    apply_killed(setup, mapping)
    mapping.unlink()
    assert amzsync("apply", "--yes", *FAST).code == 0
    assert "There is no unfinished run" in amzsync("resume").err


def test_what_was_to_be_tried_again_is_tried_again(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a"), flat("LATE", "b")])
    setup.sandbox.delete_product("LATE")
    setup.apply(mapping)
    setup.sandbox.seed(["LATE"])
    apply_killed(setup, mapping, "--retry-failed")
    assert amzsync("resume").code == 0
    assert pictures(setup)["LATE"] == 1


def test_a_run_that_is_interrupted_while_planning_is_carried_on(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    mapping = setup.mapping([flat("A", "a")])

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(begin, "plan_into", interrupt)
        result = setup.apply(mapping)
    assert result.code == 130
    assert amzsync("status", "--json").json["runs"][0]["outcome"] == "interrupted"
    assert amzsync("resume").code == 0
    assert pictures(setup) == {"A": 1}


def test_a_file_that_is_no_mapping_leaves_the_earlier_run_to_be_carried_on(setup: Setup) -> None:
    first = setup.mapping([flat("A", "a", "b")])
    assert amzsync("apply", "--mapping", first, "--yes", "--rate-limit", "2/1h", "--max-wait", "1s").code == 4
    bad = setup.folder / "bad.json"
    bad.write_text(json.dumps({"matched": 1}))
    assert setup.apply(bad).code == 1
    assert len(amzsync("status", "--json").json["runs"]) == 1
    assert amzsync("resume", *FAST).code == 0
    assert pictures(setup) == {"A": 2}


def unconfirmed(setup: Setup) -> None:
    """A run that was killed while it asked."""
    mapping = setup.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping)
    with Ledger.write(setup.ledger) as ledger:
        ledger.runs.start("apply", {"rate_limits": ["100000/10s"]}, 1, [], is_confirmed=False)


def test_a_run_that_nobody_agreed_to_is_not_carried_on_without_asking(setup: Setup) -> None:
    unconfirmed(setup)
    refused = amzsync("resume")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert setup.sandbox.total == 0
    assert amzsync("resume", answer="n\n").code == 1
    assert setup.sandbox.total == 0
    assert "There is no unfinished run" in amzsync("resume").err


@pytest.mark.parametrize(("more", "answer"), [((), "y\n"), (("--yes",), None)])
def test_a_run_that_somebody_agrees_to_now_is_carried_on(
    setup: Setup, more: tuple[str, ...], answer: str | None
) -> None:
    unconfirmed(setup)
    assert amzsync("resume", *more, answer=answer).code == 0
    assert pictures(setup) == {"A": 1}


def test_a_declined_plan_does_not_revive_an_earlier_run(setup: Setup) -> None:
    first = setup.mapping([flat("A", "a", "b")])
    assert amzsync("apply", "--mapping", first, "--yes", "--rate-limit", "2/1h", "--max-wait", "1s").code == 4
    second = setup.mapping([flat("A", "n")], "second.json")
    assert amzsync("apply", "--mapping", second, *FAST, answer="n\n").code == 1
    asked = setup.sandbox.total
    result = amzsync("resume", *FAST)
    assert "--yes` works through what is pending" in result.err
    assert setup.sandbox.total == asked
