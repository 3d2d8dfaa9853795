"""The report: exactly the contract's keys and types, and in place whole or not at all."""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from views.factories import METADATA, failure, report

from amzsync.errors import ConfigError
from amzsync.ledger.rows import Failure
from amzsync.views.report import Metadata, check_output, report_json, write_report

CONTRACT = {
    "total_products": int,
    "products_with_images": int,
    "total_image_refs": int,
    "unique_images": int,
    "images_uploaded": int,
    "images_skipped": int,
    "links_created": int,
    "errors": list,
    "main_image_links": int,
    "parent_links_created": int,
    "parent_main_image_links": int,
    "metadata": dict,
}


def made(*failures: Failure, metadata: Metadata = METADATA) -> dict[str, Any]:
    document: dict[str, Any] = json.loads("".join(report_json(report(metadata=metadata), failures)))
    return document


def test_every_key_of_the_contract_is_there_in_its_order_and_of_its_type() -> None:
    document = made(failure())

    assert list(document)[: len(CONTRACT)] == list(CONTRACT)
    assert {key: type(document[key]) for key in CONTRACT} == CONTRACT


def test_a_run_counts_what_stands_and_not_what_is_open() -> None:
    document = made()

    assert document["images_uploaded"] == 5
    assert document["images_skipped"] == 7
    assert document["links_created"] == 20
    assert document["main_image_links"] == 4
    assert document["parent_links_created"] == 3
    assert document["parent_main_image_links"] == 1


def test_a_dry_run_counts_what_would_be() -> None:
    document = made(metadata=replace(METADATA, dry_run=True))

    assert document["images_uploaded"] == 4_005
    assert document["images_skipped"] == 7
    assert document["links_created"] == 9_000
    assert document["main_image_links"] == 1_190
    assert document["parent_links_created"] == 100
    assert document["parent_main_image_links"] == 15


def test_an_error_has_its_url_its_cause_its_product_its_status_and_its_attempts() -> None:
    assert made(failure("A", "https://x/1.jpg", "no image"))["errors"] == [
        {
            "url": "https://x/1.jpg",
            "error": "no image",
            "product_sku": "A",
            "status": 422,
            "attempts": 2,
            "table": "assets",
        }
    ]


def test_the_metadata_tell_the_sources_and_the_moment_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    metadata = replace(METADATA, synced_at=datetime(2025, 12, 23, 8, 0, 47, tzinfo=there))

    assert made(metadata=metadata)["metadata"] == {
        "source_file": "a.json, b.json",
        "sync_date": "2025-12-23T06:00:47Z",
        "dry_run": False,
        "skip_existing": True,
    }


def test_more_is_told_beyond_the_contract() -> None:
    document = made()

    assert document["requests"] == 155
    assert document["seconds"] == 31.2
    assert document["requests_by_kind"] == {"upload": 100}
    assert document["products_not_found"] == ["GONE-1", "GONE-2"]
    assert document["products_left_alone"] == 6


def test_a_written_report_replaces_the_old_one_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o600)

    write_report(path, report_json(report(), [failure()]))

    assert json.loads(path.read_text())["requests"] == 155
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_a_report_that_breaks_off_leaves_the_old_one_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def broken() -> Iterator[str]:
        yield "{"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_report(path, broken())

    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.json"]


def test_a_report_through_a_link_lands_where_the_link_points(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "report.json"
    link.symlink_to(tmp_path / "real" / "report.json")

    write_report(link, ["{}\n"])

    assert link.is_symlink()
    assert (tmp_path / "real" / "report.json").read_text() == "{}\n"


def test_a_device_is_written_to_and_never_replaced() -> None:
    check_output_and_write = (check_output, lambda path: write_report(path, ["{}\n"]))
    null = Path(os.devnull)
    for act in check_output_and_write:
        act(null)

    assert null.is_char_device()


@pytest.mark.parametrize("name", ["", "missing/report.json"], ids=["a folder", "no such folder"])
def test_a_place_that_cannot_be_written_is_refused_before_and_after_the_work(
    tmp_path: Path, name: str
) -> None:
    path = tmp_path / name

    with pytest.raises(ConfigError, match="--output"):
        check_output(path)
    with pytest.raises(ConfigError, match="--output"):
        write_report(path, ["{}\n"])


def test_a_place_that_can_be_written_passes_and_nothing_is_made_yet(tmp_path: Path) -> None:
    check_output(tmp_path / "report.json")

    assert list(tmp_path.iterdir()) == []
