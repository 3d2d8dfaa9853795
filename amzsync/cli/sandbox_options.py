"""The options of the embedded Plytix."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from amzsync.cli import option_checks

__all__ = ["ImportMode", "ImportOptions", "SandboxOptions"]


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What the embedded Plytix is started with."""

    port: Annotated[int, typer.Option("--port", metavar="N", min=0, max=65535, help="0: any free port.")] = 0
    store: Annotated[
        Path | None,
        typer.Option("--store", metavar="FILE", help="Where it keeps its state. Default: in memory."),
    ] = None
    seeded_skus: Annotated[
        tuple[str, ...],
        typer.Option("--sku", metavar="SKU", help="A product that it has; repeat it."),
    ] = ()
    behaviours: Annotated[
        tuple[str, ...],
        typer.Option(
            "--behave",
            metavar="KEY=VALUE[,…]",
            callback=option_checks.check_behaviours,
            help="How it answers where the real API is not documented, such as patch=append; repeat it.",
        ),
    ] = ()


class ImportMode(StrEnum):
    """Which assets are taken, as the sandbox names it (which is not loaded for `--help`)."""

    ADD_AND_UPDATE = "add-and-update"
    ONLY_NEW = "only-new"
    ONLY_UPDATE = "only-update"


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What is imported into the embedded Plytix, and how."""

    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of `amzsync export plytix`.")]
    mode: Annotated[
        ImportMode,
        typer.Option("--mode", help="Which assets are taken: new ones, those that are there, or both."),
    ] = ImportMode.ADD_AND_UPDATE
