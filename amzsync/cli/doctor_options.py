"""The options of doctor and init, defined as all others are (`options`)."""

from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = ["DoctorOptions"]

_MOST_FETCHED = 200


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """How much is looked at, and whether it is tried as well."""

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
    is_probe: Annotated[
        bool,
        typer.Option(
            "--probe",
            help="Try instead how the account answers where nothing is documented, on a product and assets"
            " that it makes and removes again; runs use what it finds.",
        ),
    ] = False
    image_urls: Annotated[
        tuple[str, ...],
        typer.Option(
            "--image-url",
            metavar="URL",
            help="A picture to probe with; name two or three. Default: some of the mapping's or ledger's.",
        ),
    ] = ()
