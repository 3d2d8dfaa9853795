"""The plan on a console and as JSON."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace

from rich.console import Console
from views.factories import METADATA, TOTALS, change, failure, plain_console, plan_view, product

from amzsync.ledger.changes import ChangeTotals, Named
from amzsync.ledger.queries import Outstanding, ProductRow, Totals
from amzsync.planner import PlanCounts
from amzsync.views.changes import Listing, change_entry
from amzsync.views.plan import AccountView, Kept, PlanView, plan_json, render_plan


def raw(view: PlanView, listing: Listing | None = None, width: int = 120) -> str:
    console, stream = plain_console(width)
    render_plan(view, console, listing or Listing())
    return stream.getvalue()


def printed(view: PlanView, width: int = 120, listing: Listing | None = None) -> str:
    return " ".join(raw(view, listing, width).split())


def test_it_tells_the_totals_the_work_and_what_it_costs() -> None:
    text = printed(plan_view())

    assert "Plan: 1,216 products, 10,108 image references, 4,012 unique images, from a.json, b.json" in text
    assert "Gallery amazon_images, account production at https://pim.example" in text
    assert "To do: add 4,000 images to Plytix, set 9,077 gallery links and 1,200 thumbnails" in text
    assert (
        "Up to 5,300 requests, about 1 h 02 min at the account's rate limits (50 in 10s and 5,000 in 1h)."
        in text
    )


def test_it_tells_what_has_become_of_every_image() -> None:
    text = printed(plan_view())

    for words in (
        "4,000 new, 12 known to be in Plytix, 31 shared by several products",
        "7 superseded by a larger size, 2 repeated on one product, 3 malformed",
        "1,210 with images, 6 without images, 16 variation parents",
        "Gallery links 8,980 to set, 20 in place, 97 to set on parents, 3 in place on parents",
    ):
        assert words in text


def test_what_changes_comes_first_then_the_rest_in_one_number_then_the_cost() -> None:
    lines = [line for line in raw(plan_view()).splitlines() if line]

    assert lines[2] == "+~!  SKU-0   +4 images, ~ thumbnail, !1 failed, variation parent"
    assert lines[22] == "… and 1,180 more products with changes (--all)"
    assert lines[23] == "9 products unchanged."
    assert lines[-2].startswith("Up to 5,300 requests")


def test_one_change_among_thousands_is_what_stands_there() -> None:
    totals = ChangeTotals(1, 1_999)
    view = plan_view(changes=(change("SKU-77"),), change_totals=totals, failures=())
    lines = [line for line in raw(view).splitlines() if line]

    assert lines[2].split()[:2] == ["+~!", "SKU-77"]
    assert lines[3] == "1,999 products unchanged."
    assert "more product" not in raw(view)


def test_all_changes_and_their_images_are_listed_on_request() -> None:
    assert raw(plan_view(), Listing(show_all=True)).count("+4 images") == 30
    assert "+ https://x.example/3.jpg" in printed(plan_view(), listing=Listing(show_addresses=True))
    assert "+ https://x.example/3.jpg" not in printed(plan_view())


def test_products_and_images_that_are_left_out_or_no_longer_wanted_are_named() -> None:
    text = printed(plan_view())

    assert "Without images: EMPTY-1, EMPTY-2 and 10 more" in text
    assert "Products no longer wanted: GONE-9" in text
    unused = "14 images no longer used, on 16 products"
    assert f"{unused}, left in Plytix until `prune`: SKU-3 (old.jpg) and 15 more" in text
    assert f"{unused}: SKU-3 (old.jpg)" in printed(plan_view(prunes=True))


def test_a_malformed_address_and_a_refused_image_are_told_apart() -> None:
    text = printed(plan_view())
    malformed, refused = text.index("Malformed, cannot be used: 1"), text.index("Failed: 1,004")

    assert malformed < text.index("no web address SKU-9 htp:/x") < refused
    assert refused < text.index("HTTP 422: The image cannot be fetched")


def test_no_sku_is_broken_over_lines() -> None:
    skus = tuple(f"AMZN-US-B07X8Z63ZL-EXTRA-WIDE-BLACK-13-{n}" for n in range(10, 22))
    totals = ChangeTotals(12, 0, without_images=Named(40, skus[:10]))
    view = plan_view(
        changes=tuple(change(sku) for sku in skus),
        change_totals=totals,
        totals=replace(TOTALS, products_not_found=skus),
    )
    lines = raw(view, width=60).splitlines()

    for sku in skus[:10]:
        assert sum(sku in line for line in lines) == 3


def test_only_a_refreshed_plan_claims_to_know_what_is_there() -> None:
    assert "Add --refresh" in printed(plan_view())
    refreshed = printed(plan_view(refreshed=True))
    assert "Add --refresh" not in refreshed
    assert "4,000 missing in Plytix, 12 already in Plytix" in refreshed


def test_skus_that_plytix_does_not_have_are_named_up_to_a_bound() -> None:
    skus = tuple(f"GONE-{n}" for n in range(13))
    text = printed(plan_view(refreshed=True, totals=replace(TOTALS, products_not_found=skus)))

    assert "GONE-0, GONE-1" in text
    assert "GONE-9 and 3 more" in text
    assert "GONE-10" not in text


def test_a_plan_without_work_says_so_and_names_no_cost() -> None:
    text = printed(plan_view(cost=replace(plan_view().cost, outstanding=Outstanding(0, 0))))

    assert "Nothing to do." in text
    assert "Up to" not in text


def test_a_plan_made_on_a_copy_says_that_it_is_not_kept() -> None:
    assert "not saved" in printed(plan_view(kept=Kept.NOT_WHILE_IN_USE))
    assert "dry run" in printed(plan_view(kept=Kept.NOT_IN_A_DRY_RUN))
    assert "not saved" not in printed(plan_view())


def test_the_changes_are_cut_so_that_the_whole_plan_fits_into_the_terminal() -> None:
    def rows(height: int, view: PlanView) -> int:
        stream = io.StringIO()
        console = Console(file=stream, force_terminal=True, color_system=None, width=120, height=height)
        render_plan(view, console)
        assert "more products" in stream.getvalue()
        shown = stream.getvalue().count("+4 images")
        assert shown == 8 or len(stream.getvalue().splitlines()) <= height - 2
        return shown

    assert 8 == rows(20, plan_view()) < rows(50, plan_view()) < rows(60, plan_view()) < 30
    assert rows(200, plan_view()) == 30
    usual = plan_view(failures=(), change_totals=ChangeTotals(1_200))
    assert rows(24, usual) >= 8


def test_the_json_is_one_document_with_every_key_of_the_contract_as_it_would_be() -> None:
    view = plan_view()
    chunks = list(plan_json(view, (), ()))
    document = json.loads("".join(chunks))

    assert chunks[-1].endswith("}\n")
    assert (
        document
        | {
            "total_products": 1_216,
            "products_with_images": 1_210,
            "total_image_refs": 10_108,
            "unique_images": 4_012,
            "images_uploaded": 4_005,
            "images_skipped": 7,
            "links_created": 9_000,
            "main_image_links": 1_190,
            "parent_links_created": 100,
            "parent_main_image_links": 15,
            "superseded_images": 7,
            "shared_images": 31,
            "malformed_images": 3,
            "repeated_images": 2,
            "products_without_images": 6,
            "requests": 5_300,
            "seconds": 3_720.0,
            "products_not_found": ["GONE-1", "GONE-2"],
            "links_existing": 11,
            "account": "production at https://pim.example",
            "api_host": None,
            "account_source": None,
            "limits": ["50/10s", "5000/1h"],
            "kept": True,
        }
        == document
    )
    assert document["tables"]["links"] == {"done": 23, "pending": 9_077, "skipped": 40, "obsolete": 2}
    assert document["metadata"]["source_file"] == "a.json, b.json"


def test_the_json_holds_all_products_and_all_failures_that_are_handed_in() -> None:
    products = [product("A", "left alone"), product("B")]
    failures = [failure(f"SKU-{n}") for n in range(1_203)]
    document = json.loads("".join(plan_json(plan_view(), iter(products), iter(failures))))

    assert document["products"][0] == {
        "sku": "A",
        "is_parent": True,
        "images": 9,
        "done": 1,
        "pending": 5,
        "skipped": 1,
        "failed": 2,
        "new_assets": 4,
        "thumbnail": "pending",
        "reason": "left alone",
    }
    assert [one["sku"] for one in document["products"]] == ["A", "B"]
    assert [one["product_sku"] for one in document["errors"]] == [f"SKU-{n}" for n in range(1_203)]


def test_the_json_tells_every_change_in_the_form_of_the_contract() -> None:
    view = plan_view()
    document = json.loads("".join(plan_json(view, (), ())))

    assert document["changes"] == [change_entry(one) for one in view.changes]
    assert (document["changed_products"], document["unchanged_products"]) == (1_200, 9)
    assert document["unused_images"] == 14


def test_the_json_never_holds_more_than_a_stretch_of_products_in_memory() -> None:
    taken = 0

    def products() -> Iterator[ProductRow]:
        nonlocal taken
        for number in range(100_000):
            taken = number
            yield product(f"SKU-{number}")

    for chunk in plan_json(plan_view(), products(), ()):
        if "SKU-0" in chunk and "is_parent" in chunk:
            break

    assert 0 < taken < 2_000


def test_an_empty_plan_is_still_a_whole_document() -> None:
    view = plan_view(
        counts=PlanCounts(),
        totals=Totals(),
        changes=(),
        change_totals=ChangeTotals(),
        failures=(),
        metadata=METADATA,
        account=None,
    )
    document = json.loads("".join(plan_json(view, (), ())))

    assert document["errors"] == []
    assert document["account"] is None
    assert "Plan: 0 products" in printed(view)


def test_the_head_names_the_host_and_where_the_account_came_from() -> None:
    view = plan_view(account=AccountView("production", "pim.example", "/home/u/config.json"))
    assert "account production at pim.example (from /home/u/config.json)" in printed(view)
    document = json.loads("".join(plan_json(view, (), ())))
    assert (document["api_host"], document["account_source"]) == ("pim.example", "/home/u/config.json")


def test_an_account_whose_name_would_act_on_the_terminal_is_shown_escaped() -> None:
    view = plan_view(account=AccountView("evil\x1b[2J\nfake", "pim.example\u202e"))
    assert "\x1b" not in view.place
    assert "\n" not in view.place
    assert "\u202e" not in view.place
