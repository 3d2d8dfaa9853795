"""The JSON report of the contract: what was done, or in a dry run what would be."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from amzsync.domain.timestamp import utc_text
from amzsync.errors import ConfigError
from amzsync.files import NewFiles
from amzsync.ledger.part import ChosenPart
from amzsync.ledger.queries import RowTotals, Totals
from amzsync.ledger.rows import Failure
from amzsync.ledger.seen import LastSeen
from amzsync.planner import PlanCounts
from amzsync.views.document import document, failure_entry
from amzsync.views.last_seen import seen_fields
from amzsync.views.parts import part_fields

__all__ = [
    "Metadata",
    "Report",
    "check_output",
    "contract_fields",
    "extra_fields",
    "is_special",
    "report_json",
    "unwritable",
    "write_report",
]


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the report was made from. `sources` are the mappings as they were named.

    `part`: the products that it is about, where it is not about all of them.
    """

    sources: tuple[str, ...]
    synced_at: datetime
    dry_run: bool
    skip_existing: bool
    part: ChosenPart | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A run's numbers: what the mapping names, what is in place now, what it took."""

    counts: PlanCounts
    totals: Totals
    metadata: Metadata
    requests: int
    seconds: float
    requests_by_kind: Mapping[str, int] = field(default_factory=dict)
    last_seen: LastSeen | None = None


def report_json(report: Report, failures: Iterable[Failure]) -> Iterator[str]:
    """The report in chunks, with every failure."""
    fields = contract_fields(
        report.counts, report.totals, report.metadata, failures, would_be=report.metadata.dry_run
    )
    return document(
        fields
        | extra_fields(report.counts, report.totals)
        | {
            "requests": report.requests,
            "seconds": round(report.seconds, 1),
            "requests_by_kind": dict(report.requests_by_kind),
            "last_seen": seen_fields(report.last_seen) if report.last_seen else None,
            **part_fields(report.metadata.part),
        }
    )


def contract_fields(
    counts: PlanCounts,
    totals: Totals,
    metadata: Metadata,
    failures: Iterable[Failure],
    *,
    would_be: bool,
) -> dict[str, object]:
    """The keys that keep their names. `would_be` adds what is open, as if all of it came true."""

    def told(rows: RowTotals) -> int:
        return rows.done + rows.open if would_be else rows.done

    return {
        "total_products": counts.total_products,
        "products_with_images": counts.products_with_images,
        "total_image_refs": counts.total_image_refs,
        "unique_images": counts.unique_images,
        "images_uploaded": totals.uploaded + (totals.open_assets if would_be else 0),
        "images_skipped": totals.present,
        "links_created": told(totals.links.plain),
        "errors": map(failure_entry, failures),
        "main_image_links": told(totals.thumbnails.plain),
        "parent_links_created": told(totals.links.parents),
        "parent_main_image_links": told(totals.thumbnails.parents),
        "metadata": {
            "source_file": ", ".join(metadata.sources),
            "sync_date": utc_text(metadata.synced_at),
            "dry_run": metadata.dry_run,
            "skip_existing": metadata.skip_existing,
        },
    }


def extra_fields(counts: PlanCounts, totals: Totals) -> dict[str, object]:
    """What plan and report tell beyond the contract's keys."""
    return {
        "superseded_images": counts.superseded_images,
        "shared_images": counts.shared_images,
        "malformed_images": counts.malformed_images,
        "repeated_images": counts.repeated_images,
        "products_without_images": counts.total_products - counts.products_with_images,
        "products_not_found": list(totals.products_not_found),
        "products_left_alone": totals.products_left_alone,
        "links_existing": totals.links_existing,
        "links_left_out": totals.links_left_out,
        "images_replaced": totals.images_replaced,
    }


def check_output(path: Path, option: str = "--output FILE") -> None:
    """Find out before the work whether a report can be written there afterwards; `option` names the place.

    Raises:
        ConfigError: it cannot.
    """
    if path.is_dir():
        raise unwritable(path, "it is a folder", option)
    if not path.parent.is_dir():
        raise unwritable(path, f"there is no folder {path.parent}", option)
    if not os.access(path if is_special(path) else path.resolve().parent, os.W_OK):
        raise unwritable(path, "writing there is not allowed", option)


def write_report(path: Path, chunks: Iterable[str]) -> None:
    """Put a report in place whole: a reader sees the old file or the new one, never a half.

    Raises:
        ConfigError: it cannot be written there.
    """
    try:
        if is_special(path):
            with path.open("w", encoding="utf-8", newline="\n") as device:
                device.writelines(chunks)
        else:
            with NewFiles() as new:
                new.write(path, chunks)
                new.put_in_place()
    except OSError as error:
        raise unwritable(path, error.strerror or "writing failed") from error


def is_special(path: Path) -> bool:
    """Whether there is something that is neither a file nor a folder."""
    # A device or a pipe has readers of its own: it is written to, never replaced.
    return path.exists() and not path.is_file() and not path.is_dir()


def unwritable(path: Path, cause: str, option: str = "--output FILE") -> ConfigError:
    """The error where nothing can be written to a place."""
    return ConfigError(
        f"The report cannot be written to {path}: {cause}.", f"Choose another place with {option}."
    )
