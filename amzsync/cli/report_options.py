"""The options of the report page, defined as all others are (`options`)."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from amzsync.domain.exports import Reported

__all__ = ["PageOptions", "ReportOptions"]


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Whether a command also writes a report page."""

    page: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE", help="At the end, write a page with the images there."),
    ] = field(default=None, metadata={"is_recorded": False})


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Where a report page is written, and which products stand on it."""

    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.html", help="Where to write it; a large catalogue gets pages beside it."
        ),
    ]
    only: Annotated[
        Reported,
        typer.Option(
            "--only",
            help="changed: with changes to make, or written by the last run; failed; missing: not in Plytix.",
        ),
    ] = Reported.ALL
