"""A mapping through standard input is like one in a file, as far as it can be read only once."""

import json

from catalogue import rows
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync, start

from amzsync.ledger.ledger import Ledger

CATALOGUE = [flat("A", "a", "b"), flat("B", "b", "c")]
NAMELESS = {"metadata": {"marketplace": "DE"}, "matched": [{"asin": "B1"}, {"image_urls": ["u"]}]}


def test_a_mapping_is_read_from_standard_input_and_applied(setup: Setup) -> None:
    setup.mapping(CATALOGUE)
    result = amzsync("apply", "-", "--yes", *FAST, piped=json.dumps(CATALOGUE))
    assert result.code == 0, result.err
    assert "from standard input" in result.out
    assert {sku: len(shown) for sku, (_, shown) in setup.sandbox.snapshot().pictures.items()} == {
        "A": 2,
        "B": 2,
    }


def test_it_is_read_more_than_once_where_that_is_needed(setup: Setup) -> None:
    text = json.dumps(dict(reversed(NAMELESS.items())))
    result = amzsync("plan", "--mapping", "-", "--json", piped=text)
    assert result.code == 0, result.err
    assert [error["place"] for error in result.json["errors"]] == ["standard input, matched[1]"]
    assert result.json["metadata"]["source_file"] == "standard input"
    assert result.json["products_without_images"] == 1
    assert rows(setup.ledger, "SELECT sku FROM products") == [("AMZN-DE-B1",)]


def test_a_real_pipe_is_read_to_its_end(setup: Setup) -> None:
    entries = [{**one, "note": "x" * 500_000} for one in CATALOGUE * 2]
    with start("plan", "-", cwd=setup.folder, stdin=-1) as process:
        out, err = process.communicate(json.dumps(entries), timeout=60)
    assert process.returncode == 0, err
    assert "2 products" in out


def test_nothing_through_standard_input_is_no_mapping(setup: Setup) -> None:
    result = amzsync("plan", "-")
    assert result.code == 1
    assert "standard input: the file is empty" in result.err
    assert not setup.ledger.exists()


def test_nobody_can_be_asked_once_standard_input_is_a_mapping(setup: Setup) -> None:
    setup.mapping(CATALOGUE)
    result = amzsync("apply", "-", piped=json.dumps(CATALOGUE))
    assert result.code == 2
    assert "--yes" in result.err
    assert not setup.ledger.exists()


def test_standard_input_is_named_once(setup: Setup) -> None:
    result = amzsync("plan", "-", "--mapping", "-", piped=json.dumps(CATALOGUE))
    assert result.code == 2
    assert "can be read only once" in result.err
    assert not setup.ledger.exists()


def test_what_failed_is_corrected_in_a_file_since_standard_input_is_gone(setup: Setup) -> None:
    setup.mapping(CATALOGUE)
    text = json.dumps([{"suggested_sku": "A", "image_urls": ["no address"]}])
    result = amzsync("apply", "-", "--yes", *FAST, piped=text)
    assert result.code == 3
    assert "--mapping FILE" in result.out


def test_a_run_that_ended_while_planning_it_says_that_it_is_gone(setup: Setup) -> None:
    setup.mapping(CATALOGUE)
    with Ledger.write(setup.ledger) as ledger:
        ledger.runs.start("apply", {"mappings": ["-"]}, 1, [], is_planned=False)
    result = amzsync("resume", "--yes", *FAST)
    assert result.code == 1
    assert "its mapping came through standard input, which is gone" in result.err
    assert "`amzsync apply - --rate-limit 100000/10s --yes`" in " ".join(result.err.split())
