"""From facts to findings: each is told with its sign, its example and its next step."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amzsync.doctor.account import TokenSeen, answer_findings, error_finding, limit_findings, token_findings
from amzsync.doctor.catalogue import EvenSample, address_findings, catalogue_findings, evenly, of_mappings
from amzsync.doctor.finding import Finding, Sign, listed
from amzsync.doctor.images import ask_for_images, image_findings
from amzsync.doctor.machine import disk_findings
from amzsync.doctor.probing import probe_findings
from amzsync.doctor.products import family_findings
from amzsync.domain.beliefs import Question
from amzsync.domain.picture import Picture, PictureKind
from amzsync.errors import LedgerForeignError, StopError
from amzsync.executor.survey import ProductAnswer
from amzsync.ledger.probes import ObjectKind, ProbeObject, ProbeRecord
from amzsync.limits.windows import parse_limits
from amzsync.mapping.source import MappingSource
from amzsync.plytix.observations import Observed
from amzsync.plytix.pictures import PictureAnswer
from amzsync.plytix.wire import PlytixProduct

MIB = 1024 * 1024


def short(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.sign.value, finding.subject) for finding in findings]


def picture(url: str, side: int, status: int = 206) -> PictureAnswer:
    return PictureAnswer(url, status, picture=Picture(PictureKind.JPEG, side, side // 2))


def test_images_are_told_by_what_is_wrong_with_them() -> None:
    answers = [
        picture("https://a/1.jpg", 2000),
        picture("https://a/2.jpg", 75),
        picture("https://a/3.jpg", 0),
        PictureAnswer("https://a/4.jpg", 404),
        PictureAnswer("https://a/5.jpg", 200, content_type="text/html"),
        PictureAnswer("https://a/6.jpg", reason="a refused the connection."),
    ]
    sizes, gone, strange, small, unanswered = image_findings(answers)
    assert short([sizes, gone, strange, small, unanswered]) == [
        ("ok", "images"),
        ("problem", "images"),
        ("problem", "images"),
        ("warning", "images"),
        ("warning", "images"),
    ]
    assert sizes.text == "3 of 6 were looked at and are images, 75 to 2,000 pixels wide or high."
    assert gone.text == "1 of 6 are gone (https://a/4.jpg: HTTP 404)."
    assert strange.text == "1 of 6 are no JPEG, PNG, GIF or WEBP (https://a/5.jpg: HTTP 200 text/html)."
    assert small.text == "1 of 6 are smaller than 500 pixels (https://a/2.jpg: 75 × 37)."
    assert "https://a/6.jpg: a refused the connection)" in unanswered.text


def test_without_images_there_is_nothing_to_tell() -> None:
    assert image_findings([]) == []
    (only,) = image_findings([picture("https://a/3.jpg", 0)])
    assert only.text == "1 of 1 were looked at and are images."


def test_where_nothing_answers_the_rest_is_not_asked() -> None:
    asked = []

    def ask(url: str) -> PictureAnswer:
        asked.append(url)
        return picture(url, 900) if url == "2" else PictureAnswer(url, reason="no")

    assert len(ask_for_images("0123456789", ask)) == 6
    assert asked == list("012345")


@pytest.mark.parametrize(("free_mib", "sign"), [(49, Sign.PROBLEM), (50, Sign.WARNING), (500, Sign.OK)])
def test_a_full_disk_is_told(free_mib: int, sign: Sign, tmp_path: Path) -> None:
    (found,) = disk_findings(tmp_path / "amzsync.db", lambda _: free_mib * MIB + 1)
    assert (found.sign, found.subject) == (sign, "disk")


def test_the_room_for_a_copy_of_the_ledger_counts(tmp_path: Path) -> None:
    ledger = tmp_path / "amzsync.db"
    with ledger.open("wb") as file:
        file.truncate(100 * MIB)
    (found,) = disk_findings(ledger, lambda _: 149 * MIB)
    assert found.sign is Sign.PROBLEM


def test_a_disk_that_cannot_be_asked_is_a_problem(tmp_path: Path) -> None:
    def fail(_: Path) -> int:
        raise PermissionError(13, "Permission denied")

    (found,) = disk_findings(tmp_path / "amzsync.db", fail)
    assert (found.sign, "Permission denied" in found.text) == (Sign.PROBLEM, True)


def test_the_life_of_a_token_is_told() -> None:
    def told(claims: dict[str, object]) -> Finding:
        return token_findings(TokenSeen(claims, is_issued=True))[-1]

    assert told({"iat": 100, "exp": 1000}).text == "It is valid for 15 minutes."
    assert told({"iat": 100, "exp": 130}).sign is Sign.WARNING
    strange: list[dict[str, object]] = [{}, {"iat": True, "exp": 5}, {"iat": "x"}, {"iat": 1, "exp": 1e300}]
    for claims in strange:
        assert "does not tell how long" in told(claims).text


def test_limits_are_compared_window_by_window() -> None:
    claims = {"limits": [{"limit": 20, "window": 10}, {"limit": 5000, "window": 3600}]}
    token = TokenSeen(claims, is_issued=True)
    paid, low = parse_limits(["paid"]), parse_limits(["10/10s", "1000/1h"])
    (found,) = limit_findings(token, paid, is_configured=True)
    assert found.text.startswith("50/10s is configured, but the access token tells 20/10s and 5000/1h")
    assert short(limit_findings(token, low, is_configured=True)) == [("ok", "limits")]
    assert short(limit_findings(TokenSeen(), low, is_configured=True)) == [("ok", "limits")]
    assert short(limit_findings(TokenSeen(), paid, is_configured=False)) == [("warning", "limits")]


def test_slow_answers_and_the_clock_are_told_from_a_bound_on() -> None:
    def told(observed: Observed) -> list[tuple[str, str]]:
        return short(answer_findings(observed, "pim.example"))

    assert told(Observed(1.5, 60.0)) == [("ok", "API"), ("ok", "clock")]
    assert told(Observed(1.6, -61.0)) == [("warning", "API"), ("warning", "clock")]
    assert told(Observed()) == [("ok", "clock")]
    behind = answer_findings(Observed(None, -86_400.0), "pim.example")[0].text
    assert behind == "This machine's clock is 24 hours behind the server's."


def test_errors_are_told_under_what_they_are_about() -> None:
    assert error_finding(StopError("no", status=401)).subject == "credentials"
    assert error_finding(StopError("no", status=403, path="/products/search")).subject == "role"
    assert error_finding(StopError("no", status=500)).subject == "API"
    assert error_finding(LedgerForeignError("no")).subject == "ledger"
    assert not error_finding(StopError("no", status=403, path="/x")).ends_look


@given(st.integers(0, 20), st.integers(0, 200))
def test_a_sample_is_even_of_its_size_and_in_order(size: int, count: int) -> None:
    sample: EvenSample[int] = EvenSample(size)
    for one in range(count):
        sample.add(one)
    taken = sample.take()
    assert len(taken) == min(size, count)
    assert list(taken) == sorted(set(taken))
    if size > 1 and count >= size:
        gaps = [after - before for before, after in pairwise(taken)]
        assert max(gaps, default=0) <= 4 * count / size + 1
    assert evenly(range(count), size) == tuple(range(count)) or count > size


def test_a_reduced_size_is_told_only_where_there_is_no_larger_one(tmp_path: Path) -> None:
    base = "https://m.media-amazon.com/images/I/"
    path = tmp_path / "mapping.json"
    urls = [f"{base}{name}.jpg" for name in ("x", "x._SL75_", "y._SL75_")]
    path.write_text(json.dumps([{"suggested_sku": "A", "image_urls": urls}]), encoding="utf-8")
    found = of_mappings([MappingSource(path)], marketplace=None, allow_private=False, sample=2)
    assert (found.smaller, found.addresses, found.sample) == (1, 3, tuple(urls[:2]))


def test_a_list_names_the_first_few() -> None:
    assert listed(["A", "B"]) == "A, B"
    assert listed(map(str, range(1006)), 2) == "0, 1 and 1,004 more"


def test_entries_without_a_sku_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    image = {"image_urls": ["https://x.example/a.jpg"]}
    path.write_text(json.dumps([{"suggested_sku": "A", **image}, *[image] * 150]), encoding="utf-8")
    found = of_mappings([MappingSource(path)], marketplace=None, allow_private=False, sample=0)
    assert (found.without_sku, len(found.unreadable), found.sample) == (150, 100, ())
    told = catalogue_findings(found)[-1]
    assert told.sign is Sign.PROBLEM
    assert told.text.startswith("150 products have neither SKU nor ASIN (mapping.json, product [1]")


def test_families_that_lack_the_gallery_are_told_one_by_one() -> None:
    def answer(sku: str, family: str | None, *, has_gallery: bool | None) -> ProductAnswer:
        return ProductAnswer(sku, PlytixProduct(sku, sku, family_id=family), has_gallery)

    answers = [
        answer("A", "shoes", has_gallery=False),
        answer("B", "boots", has_gallery=True),
        answer("C", "shoes", has_gallery=False),
        answer("D", None, has_gallery=False),
        answer("E", "boots", has_gallery=None),
    ]
    shoes, none = family_findings(answers, "g")
    assert shoes.text == "The gallery 'g' is not in the family shoes: 2 of 4 products looked at (A, C)."
    assert (
        none.text
        == "The gallery 'g' is missing where products have no family: 1 of 4 products looked at (D)."
    )
    assert family_findings([answers[-1]], "g") == []


def test_addresses_that_end_like_no_picture_are_told(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    urls = [f"https://x.example/{name}" for name in ("a.jpg", "b.PNG", "c.php", "d")]
    path.write_text(json.dumps([{"suggested_sku": "A", "image_urls": urls}]), encoding="utf-8")
    found = of_mappings([MappingSource(path)], marketplace=None, allow_private=False, sample=0)
    assert found.unusual == tuple(urls[2:])
    told = address_findings(found)
    assert short(told) == [("ok", "image addresses"), ("warning", "image addresses")]
    assert told[1].text == "2 end like no picture (https://x.example/c.php)."


@pytest.mark.parametrize(
    ("answers", "sign", "words"),
    [
        ({Question.PATCH: "append", Question.LINK: "appends"}, Sign.OK, "links picture by picture"),
        ({Question.PATCH: "refuse", Question.LINK: "refused"}, Sign.PROBLEM, "no picture could be put"),
        ({}, Sign.PROBLEM, "no picture could be put"),
    ],
)
def test_what_a_probe_found_is_told(answers: dict[Question, str | float], sign: Sign, words: str) -> None:
    (found,) = probe_findings(ProbeRecord("g", "2026-12-01T00:00:00Z", answers), [])
    assert (found.sign, words in found.text) == (sign, True)


def test_what_a_killed_probe_left_is_told() -> None:
    left = [ProbeObject(ObjectKind.PRODUCT, "AMZSYNC-PROBE-x", None, 1, is_recent=False)]
    _, found = probe_findings(None, left)
    assert (found.sign, "AMZSYNC-PROBE-x" in found.text) == (Sign.WARNING, True)
