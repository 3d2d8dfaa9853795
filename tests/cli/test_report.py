"""`amzsync report`, and the page that other commands write at their end."""

import json
from pathlib import Path

import pytest
from catalogue import picture
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from views.report_pages import Element, read_page


def page(name: str = "r.html") -> Element:
    return read_page(Path(name).read_text(encoding="utf-8"))


def signs(name: str = "r.html") -> dict[str, list[str]]:
    return {
        product.one("h3").text: [one.text for one in product.all("span", "sign")]
        for product in page(name).all("article")
    }


def test_a_page_is_written_of_what_the_ledger_holds_without_a_request(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a", "b"), flat("B", "c"), flat("C", "d")]}, seed=False)
    setup.sandbox.seed(["A", "B"])
    assert setup.apply(mapping, "--sku", "A").code == 0
    before = setup.sandbox.total
    result = amzsync("report", "r.html")
    assert setup.sandbox.total == before
    assert (result.code, result.out, result.err) == (0, "3 products reported in r.html.\n", "")
    assert signs() == {"A": [], "B": ["+1 image", "~ thumbnail"], "C": ["+1 image", "~ thumbnail"]}
    assert page().all("img")[0].attributes["src"] == picture("a._SL160_")
    assert setup.apply().code == 3
    amzsync("report", "missing.html", "--only", "missing", "-q")
    assert signs("missing.html") == {"C": ["? not in Plytix"]}
    amzsync("report", "changed.html", "--only", "changed")
    assert list(signs("changed.html")) == ["B"]
    amzsync("report", "part.html", "--sku", "?", "--limit", "2")
    assert list(signs("part.html")) == ["A", "B"]


def test_apply_writes_a_page_at_its_end_also_where_not_everything_is_in_place(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("B", "b")]}, seed=False)
    setup.sandbox.seed(["A"])
    planned = amzsync("apply", "--mapping", mapping, "--dry-run", "--report", "plan.html")
    assert planned.code == 0
    assert signs("plan.html") == {"A": ["+1 image", "~ thumbnail"], "B": ["+1 image", "~ thumbnail"]}
    done = setup.apply(mapping, "--report", "r.html", "--json")
    assert done.code == 3
    assert done.json["total_products"] == 2
    assert signs() == {"A": [], "B": ["? not in Plytix"]}
    assert amzsync("resume", "--report", "again.html").code == 3
    assert signs("again.html") == signs()


def test_check_writes_what_it_has_just_read(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a", "b"), flat("B", "c")]})
    assert setup.apply(mapping).code == 0
    first, _ = setup.sandbox.snapshot().products["A"].gallery_ids
    setup.sandbox.set_gallery("A", [first])
    result = amzsync("check", "--report", "r.html", *FAST)
    assert result.code == 3
    assert signs() == {"A": ["+1 image"], "B": []}
    assert "as Plytix was just read" in page().one("header").text
    assert amzsync("report", "ledger.html").code == 0
    assert signs("ledger.html") == {"A": [], "B": []}


def test_a_run_that_ends_early_writes_its_page_too(setup: Setup) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a"), flat("B", "b")]})
    limits = ("--rate-limit", "5/1h", "--max-wait", "1s")
    assert amzsync("apply", "--mapping", mapping, "--yes", "--report", "r.html", *limits).code == 4
    assert signs()["B"] == ["+1 image", "~ thumbnail"]
    ran = amzsync("check", "--report", "check.html", *limits)
    assert ran.code == 4
    assert signs("check.html")["B"] == ["+1 image", "~ thumbnail"]
    assert "where the check did not come to, as the ledger knows it" in page("check.html").one("header").text


@pytest.mark.parametrize("words", [("apply", "--yes"), ("check",), ("resume",), ("report",)])
def test_nothing_is_done_where_the_page_could_not_be_written(setup: Setup, words: tuple[str, ...]) -> None:
    mapping = setup.mapping({"matched": [flat("A", "a")]})
    amzsync("plan", "--mapping", mapping)
    target = [mapping] if words == ("report",) else ["--report", mapping]
    before = setup.sandbox.total
    result = amzsync(*words, *target)
    assert result.code == 1
    assert result.error_text == f"{mapping} exists and is no HTML page. Choose a FILE.html of its own."
    assert json.loads(mapping.read_text())["matched"]
    assert setup.sandbox.total == before


def test_without_a_ledger_there_is_no_page() -> None:
    assert amzsync("report", "r.html").code == 1
    assert amzsync("report").code == 2
    assert amzsync("report", "r.html", "--only", "good").code == 2
    assert not Path("r.html").exists()
