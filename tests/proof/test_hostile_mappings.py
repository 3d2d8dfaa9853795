"""Whatever a mapping or a server says: no traceback, no hang, no unbounded memory, and nothing that acts."""

import json
import resource
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from proof.fault_harness import KINDS, FaultHarness, picture
from sandbox_faults import Answer, Sandbox

NASTY = (
    "[bold red]x[/bold red]",
    "[link=https://evil.example]x[/link]",
    "\x1b[31mred\x1b[0m",
    "\x1b]8;;https://evil.example\x07x\x1b]8;;\x07",
    "\u202egpj.exe",
    "line\nbreak\r\n",
    '=HYPERLINK("https://evil.example")',
    "<script>alert(1)</script>",
    "nul\x00byte",
    "\ud83d lone",
    "a" * 5000,
    "../../etc/passwd",
    "'; DROP TABLE urls; --",
    "",
    " ",
)

text = st.one_of(st.sampled_from(NASTY), st.text(max_size=20), st.just("B0EXAMPLE1"))
address = st.one_of(
    text,
    st.sampled_from(
        [
            picture("x1"),
            picture("x2._SL75_"),
            "http://127.0.0.1/x.jpg",
            "https://u:p@h/x.jpg",
            "file:///x",
            "https://",
        ]
    ),
)
odd = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text, st.lists(text, max_size=2))
size = st.one_of(st.integers(-5, 3000), odd)
image = st.one_of(
    st.fixed_dictionaries({}, optional={"link": address, "variant": text, "height": size, "width": size}), odd
)
FLAT = ["amazon_image_main", "amazon_image_swatch", *(f"amazon_image_variant_{n}" for n in range(1, 9))]
a_product = st.one_of(
    st.fixed_dictionaries(
        {},
        optional={
            "suggested_sku": text,
            "asin": text,
            "amazon_asin": odd,
            "title": text,
            "marketplace": odd,
            "item_classification": st.sampled_from(["VARIATION_PARENT", "BASE_PRODUCT", 7, None]),
            "is_parent": odd,
            "amazon_images": st.one_of(st.lists(image, max_size=4), odd),
            "images": st.one_of(
                st.lists(
                    st.fixed_dictionaries(
                        {},
                        optional={
                            "marketplaceId": text,
                            "images": st.one_of(st.lists(image, max_size=3), odd),
                        },
                    ),
                    max_size=2,
                ),
                odd,
            ),
            "image_urls": st.one_of(st.lists(address, max_size=4), odd),
            **{name: st.one_of(address, odd) for name in FLAT},
        },
    ),
    odd,
)
products = st.lists(a_product, max_size=4)
mapping = st.one_of(
    products,
    st.fixed_dictionaries(
        {},
        optional={
            "matched": st.one_of(products, odd),
            "unmatched_amazon": st.one_of(products, odd),
            "variants": st.one_of(products, odd),
            "metadata": odd,
            "marketplace": odd,
        },
    ),
    odd,
    st.recursive(odd, lambda inner: st.dictionaries(text, inner, max_size=3) | st.lists(inner, max_size=3)),
)


def never_acts(shown: str) -> None:
    """Fail on anything that a terminal would obey or that would reorder what people read."""
    acting = {char for char in shown if unicodedata.category(char) in ("Cc", "Cf", "Cs") and char != "\n"}
    assert not acting, acting


def plan(harness: FaultHarness, document: Any) -> None:
    harness.ledger.unlink(missing_ok=True)
    path = harness.folder / "mapping.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    arguments = ("plan", "--mapping", str(path))
    ran = harness.run(*arguments)
    assert ran.code in (0, 1), ran.said
    assert "Unexpected error" not in ran.said
    assert "Traceback" not in ran.said
    never_acts(ran.out + ran.err)
    if ran.code == 0:
        again = harness.run(*arguments, "--json")
        assert again.code == 0
        report = json.loads(again.out)
        # Products that have neither a SKU nor an ASIN are told among the errors.
        assert report["total_products"] + len(report["errors"]) >= 1
        shown = harness.run("status")
        assert shown.code == 0
        never_acts(shown.out + shown.err)


NO_FIXTURE_IS_SPOILT = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=100, suppress_health_check=NO_FIXTURE_IS_SPOILT)
@given(document=mapping)
def test_no_mapping_brings_more_than_a_sentence(harness: FaultHarness, document: Any) -> None:
    plan(harness, document)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_ten_thousand_mappings_bring_no_more_than_a_sentence_and_no_more_memory(
    harness: FaultHarness,
) -> None:
    @settings(max_examples=10_000, suppress_health_check=NO_FIXTURE_IS_SPOILT, database=None)
    @given(document=mapping)
    def of_all(document: Any) -> None:
        # What is remembered of the examples between them is not the program's.
        before_kib = most_memory_kib()
        plan(harness, document)
        assert most_memory_kib() - before_kib < 20 * 1024

    plan(harness, [])
    of_all()


def most_memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@pytest.mark.parametrize("nasty", [one for one in NASTY if one.strip()], ids=range(len(NASTY) - 2))
def test_what_a_mapping_and_a_server_say_is_shown_harmlessly_from_the_plan_to_the_failures(
    nasty: str, harness: FaultHarness, sandbox: Sandbox
) -> None:
    can_be_a_sku = len(nasty) < 500 and "\0" not in nasty and nasty.isascii() | ("\u202e" in nasty)
    sku = f"SKU {nasty}".strip() if can_be_a_sku else "SKU"
    sandbox.seed([sku, "PLAIN"])
    told = json.dumps({"error": {"msg": nasty, "errors": [{"field": nasty, "msg": nasty}]}}).encode()
    sandbox.faults.add(KINDS["upload"].goes(Answer(422, told), times=None))
    catalogue = [
        {
            "suggested_sku": sku,
            "title": nasty,
            "image_urls": [picture("x1"), nasty, f"https://h/{nasty}.jpg"],
        },
        {"suggested_sku": "PLAIN", "image_urls": [picture("x2")]},
    ]
    ran = harness.apply(catalogue, "--output", "report.json", "--log-file", "run.log", "-v")
    assert ran.code == 3, ran.said
    for shown in (ran, harness.run("status"), harness.run("plan", "--mapping", "mapping.json")):
        never_acts(shown.out + shown.err)
    assert json.loads(harness.run("status", "--json").out)["failures"]
    report = (harness.folder / "report.json").read_bytes()
    assert json.loads(report)["errors"]
    log = (harness.folder / "run.log").read_text(encoding="utf-8")
    never_acts(log)
    assert log.count("\n") < 60


@pytest.mark.parametrize("nasty", [one for one in NASTY if one.strip()], ids=range(len(NASTY) - 2))
def test_what_a_table_says_is_shown_harmlessly(nasty: str, harness: FaultHarness) -> None:
    cell = '"' + nasty.replace('"', '""').replace("\ud83d", "") + '"'
    path = harness.folder / "m.csv"
    for header in ("sku,url,title", f"{cell},url"):
        path.write_text(f"{header}\n{cell},{cell},{cell}\n", encoding="utf-8", newline="")
        ran = harness.run("plan", "--mapping", str(path), "--dry-run")
        assert ran.code in (0, 1)
        assert "Traceback" not in ran.said
        never_acts(ran.out + ran.err)


@pytest.mark.parametrize("name", ["[red]m.json", "m\x1b[31m.json", "m\u202enosj.", "m\n.json"], ids=repr)
def test_a_mapping_files_name_is_shown_harmlessly(name: str, harness: FaultHarness) -> None:
    Path(harness.folder / name).write_text("{")
    ran = harness.run("plan", "--mapping", str(harness.folder / name))
    assert ran.code == 1
    never_acts(ran.out + ran.err)
