"""The main job from the command line: what is planned, asked, done, reported."""

import json
import os
import pty
from pathlib import Path
from typing import Any

import pytest
from catalogue import picture
from cli.fixtures import FAST, Setup, boots, flat, skus_of
from cli.terminal import amzsync, run, start
from sandbox_faults import Answer, Fault, Sandbox

from amzsync.sandbox import TypeClass

REPORT_KEYS = [
    "total_products",
    "products_with_images",
    "total_image_refs",
    "unique_images",
    "images_uploaded",
    "images_skipped",
    "links_created",
    "errors",
    "main_image_links",
    "parent_links_created",
    "parent_main_image_links",
    "metadata",
]


def numbers(report: dict[str, Any]) -> dict[str, Any]:
    """What a report counts, without what differs from run to run."""
    return {key: report[key] for key in REPORT_KEYS if key != "metadata"}


def test_the_plan_of_a_real_mapping_says_its_figures(setup: Setup) -> None:
    plan = amzsync("plan", "--mapping", setup.mapping(boots()), "--json").json
    assert plan["total_products"] == 20
    assert plan["products_with_images"] == 16
    assert plan["total_image_refs"] == 108
    assert plan["unique_images"] == 12
    assert 32 <= plan["requests"] <= 34
    assert setup.sandbox.total == 0


def test_the_figures_of_the_run_are_in_its_report(setup: Setup) -> None:
    result = setup.apply(setup.mapping(boots()), "--output", "r.json")
    assert result.code == 0, result.err
    report = json.loads(Path("r.json").read_text())
    assert list(report)[: len(REPORT_KEYS)] == REPORT_KEYS
    assert report["links_created"] == 108
    assert report["main_image_links"] == 16
    assert (report["images_uploaded"], report["images_skipped"]) == (12, 0)
    assert report["requests"] == setup.sandbox.total == 32
    metadata = report["metadata"]
    assert set(metadata) >= {"source_file", "sync_date", "dry_run", "skip_existing"}
    assert metadata["source_file"] == str(setup.folder / "mapping.json")
    assert (metadata["dry_run"], metadata["skip_existing"]) == (False, False)


def test_the_same_again_asks_nothing_and_a_lost_ledger_four_reads(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    setup.apply(mapping)
    before = setup.sandbox.snapshot()
    again = setup.apply(mapping, "--json").json
    assert (again["requests"], setup.sandbox.total) == (0, 32)
    assert (again["links_created"], again["images_skipped"]) == (108, 12)
    for path in setup.folder.glob("amzsync.db*"):
        path.unlink()
    found = setup.apply(mapping, "--json").json
    assert found["requests"] <= 4
    assert setup.sandbox.total <= 36
    assert setup.sandbox.snapshot() == before
    assert (found["images_skipped"], found["links_created"], found["main_image_links"]) == (12, 108, 16)


def test_the_sandbox_account_does_the_whole_job_and_is_kept_beside_the_ledger(tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"matched": [flat("A", "a", "b"), flat("SKU-UNKNOWN", "c")]}))
    result = amzsync("apply", "--mapping", mapping, "--plytix-account", "sandbox", "--yes", "--json")
    assert result.code == 3, result.err
    assert (result.json["links_created"], result.json["products_not_found"]) == (2, ["SKU-UNKNOWN"])
    with Sandbox(tmp_path / "amzsync.db.sandbox") as sandbox:
        names = ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")
        assert sandbox.snapshot().pictures == {"A": (names[0], names)}


def test_a_dry_run_tells_what_the_run_then_does_and_writes_nothing(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    result = amzsync("apply", "--mapping", mapping, "--dry-run", "--output", "dry.json", *FAST)
    assert result.code == 0
    assert setup.sandbox.total == 0
    dry = json.loads(Path("dry.json").read_text())
    assert dry["metadata"]["dry_run"] is True
    real = setup.apply(mapping, "--json").json
    assert numbers(dry) == numbers(real)
    # Where the uploads take long, the products are read once more before their writes.
    assert real["requests"] <= dry["requests"] <= real["requests"] + 1


def test_a_dry_run_of_everything_done_is_the_report_of_it(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    real = setup.apply(mapping, "--json").json
    dry = amzsync("apply", "--mapping", mapping, "--dry-run", "--json").json
    assert numbers(dry) | {"images_uploaded": 12, "images_skipped": 0} == numbers(real)
    assert dry["requests"] == 0


def test_parents_are_counted_apart(setup: Setup) -> None:
    content = {
        "matched": [flat("A", "a", "b"), flat("P", "a", "c", item_classification="VARIATION_PARENT")],
    }
    report = setup.apply(setup.mapping(content), "--json").json
    assert (report["links_created"], report["main_image_links"]) == (2, 1)
    assert (report["parent_links_created"], report["parent_main_image_links"]) == (2, 1)


def test_a_refresh_writes_nothing_and_shows_what_is_there(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    setup.apply(mapping)
    for path in setup.folder.glob("amzsync.db*"):
        path.unlink()
    setup.sandbox.delete_product("AMZN-US-B0BOOT0015")
    before, asked = setup.sandbox.snapshot(), setup.sandbox.total
    plan = amzsync("plan", "--mapping", mapping, "--refresh", "--json", *FAST).json
    assert setup.sandbox.snapshot() == before
    assert setup.sandbox.total - asked <= 4
    assert not {one.method for one in setup.sandbox.history[asked:]} - {"GET", "POST"}
    assert not [one for one in setup.sandbox.history[asked:] if one.kind == "POST /assets"]
    assert plan["refreshed"] is True
    assert plan["products_not_found"] == ["AMZN-US-B0BOOT0015"]
    assert plan["requests"] == 0
    assert plan["images_skipped"] == 12


def test_two_mappings_are_one_plan_and_pictures_are_shared(setup: Setup) -> None:
    one = setup.mapping([flat("A", "a", "b")], "one.json")
    two = setup.mapping([flat("B", "a"), flat("A", "a", "c")], "two.json")
    result = amzsync("apply", "--mapping", one, "--mapping", two, "--yes", "--json", *FAST)
    assert (result.json["total_products"], result.json["unique_images"]) == (2, 3)
    assert setup.sandbox.snapshot().pictures["A"] == (
        "amazon_01_MAIN_a.jpg",
        ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg", "amazon_02_PT01_c.jpg"),
    )


def test_mappings_can_be_named_as_arguments(setup: Setup) -> None:
    one = setup.mapping([flat("BOOT", "a")], "one.json")
    other = setup.mapping([flat("SHOE", "b")], "other.json")
    assert amzsync("plan", one, "--mapping", other, "--json").json["total_products"] == 2
    assert amzsync("apply", other, one, "--yes", *FAST).code == 0
    assert set(setup.sandbox.snapshot().pictures) == {"BOOT", "SHOE"}
    ran = amzsync("check", one, "--json", *FAST)
    assert (ran.code, ran.json["products"]) == (0, 1)
    told = amzsync("status", "--json").json["runs"][0]
    assert {Path(name).name for name in told["options"]["mappings"]} == {"one.json", "other.json"}


def test_without_a_terminal_the_flag_that_is_missing_is_named(setup: Setup) -> None:
    result = amzsync("apply", "--mapping", setup.mapping(boots()))
    assert result.code == 2
    assert "--yes" in result.err
    assert setup.sandbox.total == 0
    assert not setup.ledger.exists()


@pytest.mark.parametrize(
    ("answer", "goes_on"), [("y\n", True), ("Yes\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_at_a_terminal_a_person_is_asked_once(setup: Setup, answer: str, *, goes_on: bool) -> None:
    result = amzsync("apply", "--mapping", setup.mapping(boots()), *FAST, answer=answer)
    assert result.err.count("[y/N]") == 1
    assert result.code == (0 if goes_on else 1)
    assert (setup.sandbox.total > 0) == goes_on
    if not goes_on:
        assert "Nothing was done" in result.err
        assert setup.apply().code == 0


def test_a_real_terminal_is_asked_too(setup: Setup) -> None:
    ours, theirs = pty.openpty()
    arguments = ("apply", "--mapping", setup.mapping(boots()), *FAST)
    with start(*arguments, cwd=setup.folder, env=setup.env, stdin=theirs) as process:
        os.close(theirs)
        os.write(ours, b"y\n")
        out, err = process.communicate(timeout=60)
        os.close(ours)
    assert process.returncode == 0, err
    assert "[y/N]" in err
    assert "Done" in out
    assert setup.sandbox.total == 32


def test_every_way_to_say_yes_is_one(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    for flag in ("--yes", "--execute", "-y"):
        assert amzsync("apply", "--mapping", mapping, flag, *FAST).code == 0


def test_failures_end_with_three_and_are_named_with_their_cause(setup: Setup) -> None:
    bad = "ht!tp://nowhere"
    setup.sandbox.faults.add(_unfetchable("b"))
    content = {"matched": [flat("A", "a", "b"), {"suggested_sku": "B", "image_urls": [bad]}]}
    result = setup.apply(setup.mapping(content), "--output", "r.json")
    assert result.code == 3
    errors = json.loads(Path("r.json").read_text())["errors"]
    assert {"url", "error", "product_sku"} <= set(errors[0])
    assert {(error["url"].rpartition("/")[2], error["product_sku"]) for error in errors} == {
        ("b.jpg", "A"),
        ("nowhere", "B"),
    }
    assert "once the listing or the mapping is corrected: amzsync apply --mapping" in result.out
    setup.sandbox.faults.clear()
    again = setup.apply(None, "--retry-failed", "--json")
    assert again.code == 3, "the malformed address stays a failure"
    assert [error["url"] for error in again.json["errors"]] == [bad]
    assert setup.sandbox.snapshot().pictures["A"][1] == ("amazon_01_MAIN_a.jpg", "amazon_02_PT01_b.jpg")


def test_a_refused_picture_and_a_malformed_address_are_told_for_every_sku_as_one_cause(
    setup: Setup,
) -> None:
    skus = ["A", "B", "C"]
    for image_id in ("refused-one", "refused-two"):
        setup.sandbox.faults.add(_unfetchable(image_id, f"Cannot download {picture(image_id)}"))
    content = {
        "matched": [
            flat(sku, "refused-one" if sku != "C" else "refused-two", "b", amazon_image_swatch="htp://x")
            for sku in skus
        ]
    }
    result = setup.apply(setup.mapping(content), "--json")
    assert result.code == 3
    errors = [(one["url"], one["product_sku"], one["status"]) for one in result.json["errors"]]
    assert sorted(errors) == sorted(
        [
            (picture("refused-one"), "A", 422),
            (picture("refused-one"), "B", 422),
            (picture("refused-two"), "C", 422),
            *(("htp://x", sku, None) for sku in skus),
        ]
    )
    status = amzsync("status", "--json").json
    assert status["failures_total"] == 6
    assert [(cause["error"], cause["count"]) for cause in status["failure_causes"]] == [
        ("Plytix answered 422: Cannot download ….", 3),
        ("the URL is not http or https", 3),
    ]


def test_a_product_that_cannot_be_named_is_a_failed_row_and_the_rest_is_done(setup: Setup) -> None:
    nameless = {"amazon_image_main": picture("n")}
    content = {"matched": [flat("A", "a"), nameless, flat("B", "b"), nameless]}
    mapping = setup.mapping(content, seed=False)
    setup.sandbox.seed(["A", "B"])
    plan = amzsync("plan", "--mapping", mapping)
    assert plan.code == 0
    assert "mapping.json, matched[1]" in plan.out
    result = setup.apply(mapping, "--output", "r.json")
    assert result.code == 3
    assert "mapping.json, matched[1]" in result.out
    report = json.loads(Path("r.json").read_text())
    assert (report["total_products"], report["links_created"]) == (2, 2)
    reason = "the product has neither suggested_sku nor amazon_asin nor asin"
    assert [(one["product_sku"], one["url"], one["error"], one["place"]) for one in report["errors"]] == [
        ("", "", reason, "mapping.json, matched[1]"),
        ("", "", reason, "mapping.json, matched[3]"),
    ]
    content["matched"] = [content["matched"][0], content["matched"][2]]
    assert setup.apply(setup.mapping(content)).code == 0


@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize(
    ("name", "code"),
    [("Germany", "DE"), ("deutschland", "DE"), ("A1PA6795UKMFR9", "DE"), ("amazon.co.uk", "UK"), ("xx", "")],
)
def test_a_marketplace_that_is_none_is_a_usage_error_that_offers_the_code(
    setup: Setup, command: str, name: str, code: str
) -> None:
    result = amzsync(command, "--mapping", setup.mapping(boots()), "--marketplace", name)
    assert result.code == 2
    words = " ".join(result.err.replace("│", " ").split())
    assert f"'{name}' is not a marketplace." in words
    assert ("Did you mean" in words) == bool(code)
    assert f"Did you mean {code}?" in words or not code
    assert not setup.ledger.exists()


def test_a_marketplace_is_taken_as_its_code_however_it_is_typed(setup: Setup) -> None:
    mapping = setup.mapping([{"asin": "B1", "amazon_image_main": picture("a")}], seed=False)
    result = amzsync("plan", "--mapping", mapping, "--marketplace", "de")
    assert result.code == 0
    assert "AMZN-DE-B1" in result.out


def _unfetchable(image_id: str, words: str = "Cannot be downloaded") -> Fault:
    answer = Answer(422, json.dumps({"error": {"msg": words}}).encode())
    return Fault(
        "POST", "/assets", answer, times=None, body=lambda body: body["url"].endswith(f"/{image_id}.jpg")
    )


def test_unknown_skus_are_listed_and_picked_up_once_they_exist(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("B", "b")]}, seed=False)
    setup.sandbox.seed(["A"])
    result = setup.apply(mapping, "--output", "r.json")
    assert result.code == 3
    assert "B" in result.out.partition("not in Plytix:")[2]
    report = json.loads(Path("r.json").read_text())
    assert (report["products_not_found"], report["links_created"]) == (["B"], 1)
    setup.sandbox.seed(["B"])
    assert setup.apply(None, "--retry-failed", "--json").json["links_created"] == 2


def test_skip_existing_is_told_and_kept(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("B", "b")]})
    setup.sandbox.set_gallery("A", [setup.sandbox.add_asset("p.jpg")])
    report = setup.apply(mapping, "--skip-existing", "--json").json
    assert (report["products_left_alone"], report["links_created"]) == (1, 1)
    assert report["metadata"]["skip_existing"] is True
    assert setup.sandbox.snapshot().pictures["A"] == (None, ("p.jpg",))


def test_another_gallery_is_filled_when_it_is_named(setup: Setup) -> None:
    label = setup.sandbox.add_attribute("Photos", TypeClass.MEDIA_GALLERY)
    setup.apply(setup.mapping([flat("A", "a")]), "--gallery", label)
    state = setup.sandbox.snapshot().products["A"]
    assert state.gallery_ids == ()
    assert len(state.linked_ids) == 1


def test_without_its_gallery_a_run_names_the_fix_before_the_first_upload(setup: Setup) -> None:
    result = setup.apply(setup.mapping([flat("A", "a")]), "--gallery", "no_such_gallery")
    assert result.code == 1
    assert "no_such_gallery" in result.err
    assert "--gallery" in result.err
    assert "POST /assets" not in setup.sandbox.counts


def test_a_report_is_put_in_place_whole_or_not_at_all(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    mapping = setup.mapping([flat("A", "a")])
    Path("r.json").write_text("the report of yesterday")

    def full(_source: object, _target: object = None) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("amzsync.views.report.os.fsync", full)
    result = setup.apply(mapping, "--output", "r.json")
    assert result.code == 1
    assert "r.json" in result.err
    assert Path("r.json").read_text() == "the report of yesterday"
    assert {path.name for path in setup.folder.iterdir() if "tmp" in path.name} == set()


def test_a_ledger_of_another_account_is_refused_untouched(setup: Setup) -> None:
    mapping = setup.mapping([flat("A", "a")])
    setup.apply(mapping)
    before = amzsync("status", "--json").json["tables"]
    asked = setup.sandbox.total
    for command in (["apply", "--yes"], ["plan", "--mapping", mapping], ["plan", "--refresh"]):
        result = amzsync(*command, "--plytix-account", "sandbox")
        assert result.code == 1
        assert "belongs to the account" in result.err
    assert amzsync("status", "--json").json["tables"] == before
    assert setup.sandbox.total == asked


def test_the_ledger_can_be_named_by_the_environment(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMZSYNC_LEDGER", str(setup.folder / "named.db"))
    amzsync("plan", "--mapping", setup.mapping([flat("A", "a")]))
    assert (setup.folder / "named.db").exists()
    assert not setup.ledger.exists()


def test_it_runs_as_a_module_in_a_process_of_its_own(setup: Setup) -> None:
    mapping = setup.mapping(boots())
    result = run("apply", "--mapping", mapping, "--yes", "--json", *FAST, cwd=setup.folder, env=setup.env)
    assert result.code == 0, result.err
    assert result.json["links_created"] == 108
    galleries = setup.sandbox.snapshot().products
    for entry in boots()["matched"]:
        state = galleries[entry["suggested_sku"]]
        assert state.gallery[0] == state.thumbnail
        assert state.gallery == tuple(sorted(state.gallery))
    assert set(skus_of(boots())) == set(galleries)
