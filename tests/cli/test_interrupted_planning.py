"""A run begins before it plans: one that ended while it was planning is planned again, and carried on."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cli.shop import FAST, Shop, flat
from cli.terminal import amzsync
from sandbox_faults import Answer, Fault

from amzsync.cli import begin
from amzsync.ledger.ledger import Ledger

KILLED = """
import os, signal, sys
from amzsync.cli import app, planning
planning.settle = lambda _: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["amzsync", *sys.argv[1:]]
app.main()
"""


def killed_while_planning(shop: Shop, *arguments: object) -> None:
    """Run the real command in a process of its own that is killed before its plan stands in the ledger."""
    paths = os.pathsep.join(filter(None, sys.path))
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, arguments)],
        cwd=shop.folder,
        env={**os.environ, **shop.env, "PYTHONPATH": paths},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def pictures(shop: Shop) -> dict[str, int]:
    return {sku: len(gallery) for sku, (_, gallery) in shop.sandbox.snapshot().pictures.items()}


def apply_killed(shop: Shop, mapping: Path, *more: object) -> None:
    killed_while_planning(shop, "apply", "--mapping", mapping.name, "--yes", *FAST, *more)


def test_resume_plans_again_what_was_killed_while_planning(shop: Shop, monkeypatch, tmp_path) -> None:
    apply_killed(shop, shop.mapping([flat("A", "a", "b")]))
    assert shop.sandbox.total == 0
    assert amzsync("status", "--json").json["next"] == ["amzsync resume"]
    other_folder = tmp_path / "elsewhere"
    other_folder.mkdir()
    monkeypatch.chdir(other_folder)
    said = amzsync("resume", "--ledger", shop.ledger)
    assert said.code == 0, said.err
    assert "Planning it again" in said.err
    assert "has changed" not in said.err
    assert pictures(shop) == {"A": 2}
    assert "There is no unfinished run" in amzsync("resume", "--ledger", shop.ledger).err


def test_an_older_unfinished_run_is_not_completed_in_place_of_the_newer_one(shop: Shop) -> None:
    older = shop.mapping([flat("A", "a", "b"), flat("B", "c")], "older.json")
    limits = ("--rate-limit", "2/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", older, "--yes", *limits).code == 4
    newer = shop.mapping([flat("A", "n"), flat("B", "c")], "newer.json")
    apply_killed(shop, newer)
    said = amzsync("resume", *FAST, "--json")
    assert said.code == 0, said.err
    assert said.json["metadata"]["source_file"].endswith("newer.json")
    assert {sku: shown for sku, (_, shown) in shop.sandbox.snapshot().pictures.items()} == {
        "A": ("amazon_01_MAIN_n.jpg",),
        "B": ("amazon_01_MAIN_c.jpg",),
    }


def test_a_mapping_that_has_changed_since_is_told_and_planned_as_it_is_now(shop: Shop) -> None:
    same = shop.mapping([flat("B", "b")], "same.json")
    changed = shop.mapping([flat("A", "a")], "changed.json")
    apply_killed(shop, same, "--mapping", changed.name)
    shop.mapping([flat("A", "a", "later")], "changed.json")
    said = amzsync("resume")
    assert said.code == 0, said.err
    assert f"{changed} has changed since" in said.err
    assert "same.json has changed" not in said.err
    assert pictures(shop) == {"A": 2, "B": 1}


def test_a_mapping_that_is_gone_is_an_error_with_its_next_step(shop: Shop) -> None:
    shop.apply(shop.mapping([flat("A", "a")], "first.json"))
    mapping = shop.mapping([flat("B", "b")])
    apply_killed(shop, mapping)
    content = mapping.read_text()
    mapping.unlink()
    said = amzsync("resume")
    assert said.code == 1
    assert str(mapping) in said.err
    assert "`amzsync resume`" in said.err
    assert "`amzsync apply`" in said.err
    mapping.write_text(content)
    assert amzsync("resume").code == 0
    assert pictures(shop) == {"A": 1, "B": 1}


def test_the_next_step_names_the_ledger_and_works_as_it_is_typed(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a")])
    content = mapping.read_text()
    apply_killed(shop, mapping, "--ledger", "my ledger.db")
    mapping.unlink()
    steps = re.findall("`amzsync ([^`]+)`", amzsync("resume", "--ledger", "my ledger.db").err)
    assert [step.split()[0] for step in steps] == ["resume", "apply"]
    mapping.write_text(content)
    assert amzsync(*shlex.split(steps[0])).code == 0
    assert pictures(shop) == {"A": 1}
    Path("my ledger.db").write_bytes(b"SQLite format 3\0" + b"x" * 4096)
    Path("other ledger.db").mkdir()
    shop.sandbox.faults.add(Fault("POST", "/auth/api/get-token", Answer(403, b"")))
    said = shop.apply(shop.mapping([flat("A", "b")]), "--ledger", "third ledger.db")
    assert said.code == 1
    assert "amzsync resume`" not in said.err


def test_a_run_with_a_lost_mapping_can_be_given_up(shop: Shop) -> None:
    mapping = shop.mapping([flat("B", "b")])
    apply_killed(shop, mapping)
    mapping.unlink()
    assert amzsync("apply", "--yes", *FAST).code == 0
    assert "There is no unfinished run" in amzsync("resume").err


def test_what_was_to_be_tried_again_is_tried_again(shop: Shop) -> None:
    mapping = shop.mapping([flat("A", "a"), flat("LATE", "b")])
    shop.sandbox.delete_product("LATE")
    shop.apply(mapping)
    shop.sandbox.seed(["LATE"])
    apply_killed(shop, mapping, "--retry-failed")
    assert amzsync("resume").code == 0
    assert pictures(shop)["LATE"] == 1


def test_a_run_that_is_interrupted_while_planning_is_carried_on(shop: Shop, monkeypatch) -> None:
    mapping = shop.mapping([flat("A", "a")])

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(begin, "plan_into", interrupt)
        said = shop.apply(mapping)
    assert said.code == 130
    assert amzsync("status", "--json").json["runs"][0]["outcome"] == "interrupted"
    assert amzsync("resume").code == 0
    assert pictures(shop) == {"A": 1}


def test_a_file_that_is_no_mapping_leaves_the_earlier_run_to_be_carried_on(shop: Shop) -> None:
    first = shop.mapping([flat("A", "a", "b")])
    assert amzsync("apply", "--mapping", first, "--yes", "--rate-limit", "2/1h", "--max-wait", "1s").code == 4
    bad = shop.folder / "bad.json"
    bad.write_text(json.dumps({"matched": 1}))
    assert shop.apply(bad).code == 1
    assert len(amzsync("status", "--json").json["runs"]) == 1
    assert amzsync("resume", *FAST).code == 0
    assert pictures(shop) == {"A": 2}


def unconfirmed(shop: Shop) -> None:
    """A run that was killed while it asked."""
    mapping = shop.mapping([flat("A", "a")])
    amzsync("plan", "--mapping", mapping)
    with Ledger.write(shop.ledger) as ledger:
        ledger.runs.start("apply", {"rate_limits": ["100000/10s"]}, 1, [], is_confirmed=False)


def test_a_run_that_nobody_agreed_to_is_not_carried_on_without_asking(shop: Shop) -> None:
    unconfirmed(shop)
    refused = amzsync("resume")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert shop.sandbox.total == 0
    assert amzsync("resume", answer="n\n").code == 1
    assert shop.sandbox.total == 0
    assert "There is no unfinished run" in amzsync("resume").err


@pytest.mark.parametrize(("more", "answer"), [((), "y\n"), (("--yes",), None)])
def test_a_run_that_somebody_agrees_to_now_is_carried_on(shop: Shop, more, answer) -> None:
    unconfirmed(shop)
    assert amzsync("resume", *more, answer=answer).code == 0
    assert pictures(shop) == {"A": 1}


def test_a_declined_plan_does_not_revive_an_earlier_run(shop: Shop) -> None:
    first = shop.mapping([flat("A", "a", "b")])
    assert amzsync("apply", "--mapping", first, "--yes", "--rate-limit", "2/1h", "--max-wait", "1s").code == 4
    second = shop.mapping([flat("A", "n")], "second.json")
    assert amzsync("apply", "--mapping", second, *FAST, answer="n\n").code == 1
    asked = shop.sandbox.total
    said = amzsync("resume", *FAST)
    assert "`amzsync apply` works through what is pending" in said.err
    assert shop.sandbox.total == asked
