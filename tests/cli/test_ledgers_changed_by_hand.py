"""A ledger can have been changed by hand, or have come from somebody else."""

import json
import sqlite3
from contextlib import closing

import pytest
from catalogue import picture
from cli.fixtures import FAST, Setup, flat
from cli.terminal import amzsync
from sandbox_faults import Answer, Fault

WITHIN = "http://169.254.169.254/latest/meta-data.jpg"


def change(setup: Setup, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(setup.ledger)) as ledger, ledger:
        assert ledger.execute(statement, values).rowcount == 1


def uploaded(setup: Setup) -> set[str]:
    return {asset.source_url for asset in setup.sandbox.snapshot().assets}


@pytest.mark.parametrize("url", [WITHIN, "file:///etc/passwd", "https://user@a.example/1.jpg", "no address"])
@pytest.mark.parametrize("state", ["pending", "in_flight", "skipped"])
def test_an_address_that_was_changed_by_hand_is_judged_again_before_it_is_uploaded(
    setup: Setup, url: str, state: str
) -> None:
    amzsync("plan", "--mapping", setup.mapping([flat("A", "a", "b"), flat("B", "c", "b")]))
    change(setup, "UPDATE addresses SET url = ? WHERE url = ?", url, picture("b"))
    change(
        setup,
        "UPDATE assets SET state = ?, reason = 'x' WHERE id = (SELECT id FROM urls WHERE url = ?)",
        state,
        url,
    )
    result = setup.apply(None, "--json")
    assert result.code == 3, result.err
    assert {(one["product_sku"], one["url"]) for one in result.json["errors"]} == {("A", url), ("B", url)}
    assert uploaded(setup) == {picture("a"), picture("c")}
    assert [len(gallery) for _, gallery in setup.sandbox.snapshot().pictures.values()] == [1, 1]
    again = setup.apply(None, "--retry-failed")
    assert again.code == 3
    assert uploaded(setup) == {picture("a"), picture("c")}


def test_an_address_is_judged_again_where_an_asset_is_lost_and_would_be_uploaded_anew(
    setup: Setup,
) -> None:
    setup.apply(setup.mapping([flat("A", "a")]))
    amzsync("plan", "--mapping", setup.mapping([flat("A", "a", "b")]))
    change(setup, "UPDATE addresses SET url = ? WHERE url = ?", WITHIN, picture("a"))
    change(setup, "UPDATE assets SET plytix_id = 'gone' WHERE filename LIKE '%MAIN%'")
    change(setup, "UPDATE links SET state = 'pending' WHERE state = 'done'")
    result = setup.apply()
    assert result.code == 3, result.err
    assert WITHIN not in uploaded(setup)


def test_private_addresses_are_uploaded_where_that_was_asked_for(setup: Setup) -> None:
    private = "http://10.0.0.5/pictures/1.jpg"
    mapping = setup.mapping([{"suggested_sku": "A", "image_urls": [private]}])
    result = setup.apply(mapping, "--allow-private-urls")
    assert result.code == 0, result.err
    assert uploaded(setup) == {private}


DAMAGED = {
    "no object": [],
    "workers as text": {"workers": "4"},
    "too many workers": {"workers": 10**9},
    "negative workers": {"workers": -1},
    "a limit that is none": {"rate_limits": ["0/10s"]},
    "limits that are no list": {"rate_limits": "50/10s"},
    "a wait that is none": {"max_wait": "soon"},
    "a marketplace that is none": {"marketplace": "Germany, perhaps"},
    "a gallery that is no text": {"gallery": ["amazon_images"]},
    "an account that is no text": {"account": 7},
    "a configuration that is no text": {"config": {"a": 1}},
    "a flag that is no flag": {"allow_private_urls": "yes"},
    "a mapping that is no text": {"mappings": [1]},
    "a name with a NUL": {"config": "a\0b"},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_recorded_options_are_checked_like_typed_ones(setup: Setup, damage: str) -> None:
    setup.sandbox.faults.add(Fault("POST", "/assets", Answer(403, b"{}"), times=None))
    assert setup.apply(setup.mapping([flat("A", "a")])).code == 1
    change(setup, "UPDATE runs SET options = ? WHERE command = 'apply'", json.dumps(DAMAGED[damage]))
    before = setup.sandbox.total
    result = amzsync("resume", *FAST)
    assert result.code == 1
    assert "have been changed by hand" in result.error_text
    assert "`amzsync apply --yes`" in result.error_text
    assert setup.sandbox.total == before
    assert amzsync("status").code == 0
