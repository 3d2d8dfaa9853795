"""The options of doctor and init, defined as all others are (`options`)."""

from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = ["DoctorOptions"]

_MOST_FETCHED = 200


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How much is looked at."""

    all_products: Annotated[
        bool, typer.Option("--all", help="Ask Plytix for all SKUs, not only for a hundred of them.")
    ] = False
    fetched: Annotated[
        int,
        typer.Option(
            "--fetch",
            metavar="N",
            min=0,
            max=_MOST_FETCHED,
            help="Also ask the images' own hosts for N of them: gone, of another kind, too small?",
        ),
    ] = 0
