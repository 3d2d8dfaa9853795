"""The options of prune and undo, defined as all others are (`options`)."""

import re
from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = ["RemovalOptions"]


def _check_max_delete(text: str | None) -> str | None:
    if text is not None and not re.fullmatch(r"\d{1,9}%?", text):
        raise typer.BadParameter(f"{text[:40]!r} is neither a number of images (500) nor a share (25%).")
    return text


@dataclass(frozen=True, slots=True)
class RemovalOptions:
    """What is taken out of Plytix, and how much of it at most."""

    undone_run: Annotated[
        int | None,
        typer.Argument(metavar="[RUN]", min=1, help="The run to take back. Default: the last that wrote."),
    ] = None
    prune: Annotated[
        bool,
        typer.Option(
            "--prune", help="Also take out what is no longer wanted and amzsync had put there (see prune)."
        ),
    ] = False
    assets: Annotated[
        bool, typer.Option("--assets", help="Also delete assets that amzsync uploaded and nobody uses.")
    ] = False
    delete_assets: Annotated[
        bool, typer.Option("--delete-assets", help="Also delete what that run uploaded and nobody uses.")
    ] = False
    max_delete: Annotated[
        str | None,
        typer.Option(
            "--max-delete",
            metavar="N|P%",
            callback=_check_max_delete,
            help="Refuse to take out more images than this. Default: 10%, at least 20.",
        ),
    ] = None
    keep_runs: Annotated[
        int,
        typer.Option("--keep-runs", metavar="N", min=1, help="How many runs can be undone later."),
    ] = 50
