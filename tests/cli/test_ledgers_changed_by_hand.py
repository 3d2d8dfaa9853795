"""A ledger can have been changed by hand, or have come from somebody else."""

import json
import sqlite3
from contextlib import closing

import pytest
from catalogue import picture
from cli.shop import FAST, Shop, flat
from cli.terminal import amzsync
from sandbox_faults import Answer, Fault

WITHIN = "http://169.254.169.254/latest/meta-data.jpg"


def change(shop: Shop, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(shop.ledger)) as ledger, ledger:
        assert ledger.execute(statement, values).rowcount == 1


def uploaded(shop: Shop) -> set[str]:
    return {asset.source_url for asset in shop.sandbox.snapshot().assets}


@pytest.mark.parametrize("url", [WITHIN, "file:///etc/passwd", "https://user@a.example/1.jpg", "no address"])
@pytest.mark.parametrize("state", ["pending", "in_flight", "skipped"])
def test_an_address_that_was_changed_by_hand_is_judged_again_before_it_is_uploaded(
    shop: Shop, url: str, state: str
) -> None:
    amzsync("plan", "--mapping", shop.mapping([flat("A", "a", "b"), flat("B", "c", "b")]))
    change(shop, "UPDATE addresses SET url = ? WHERE url = ?", url, picture("b"))
    change(
        shop,
        "UPDATE assets SET state = ?, reason = 'x' WHERE id = (SELECT id FROM urls WHERE url = ?)",
        state,
        url,
    )
    said = shop.apply(None, "--json")
    assert said.code == 3, said.err
    assert {(one["product_sku"], one["url"]) for one in said.json["errors"]} == {("A", url), ("B", url)}
    assert uploaded(shop) == {picture("a"), picture("c")}
    assert [len(gallery) for _, gallery in shop.sandbox.snapshot().pictures.values()] == [1, 1]
    again = shop.apply(None, "--retry-failed")
    assert again.code == 3
    assert uploaded(shop) == {picture("a"), picture("c")}


def test_an_address_is_judged_again_where_an_asset_is_lost_and_would_be_uploaded_anew(shop: Shop) -> None:
    shop.apply(shop.mapping([flat("A", "a")]))
    amzsync("plan", "--mapping", shop.mapping([flat("A", "a", "b")]))
    change(shop, "UPDATE addresses SET url = ? WHERE url = ?", WITHIN, picture("a"))
    change(shop, "UPDATE assets SET plytix_id = 'gone' WHERE filename LIKE '%MAIN%'")
    change(shop, "UPDATE links SET state = 'pending' WHERE state = 'done'")
    said = shop.apply()
    assert said.code == 3, said.err
    assert WITHIN not in uploaded(shop)


def test_private_addresses_are_uploaded_where_that_was_asked_for(shop: Shop) -> None:
    private = "http://10.0.0.5/pictures/1.jpg"
    mapping = shop.mapping([{"suggested_sku": "A", "image_urls": [private]}])
    said = shop.apply(mapping, "--allow-private-urls")
    assert said.code == 0, said.err
    assert uploaded(shop) == {private}


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
def test_recorded_options_are_checked_like_typed_ones(shop: Shop, damage: str) -> None:
    shop.sandbox.faults.add(Fault("POST", "/assets", Answer(403, b"{}"), times=None))
    assert shop.apply(shop.mapping([flat("A", "a")])).code == 1
    change(shop, "UPDATE runs SET options = ? WHERE command = 'apply'", json.dumps(DAMAGED[damage]))
    before = shop.sandbox.total
    said = amzsync("resume", *FAST)
    assert said.code == 1
    assert "not as amzsync wrote them" in said.complaint
    assert "`amzsync apply`" in said.complaint
    assert shop.sandbox.total == before
    assert amzsync("status").code == 0
