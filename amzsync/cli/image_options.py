"""The options of what is asked of images themselves, defined as all others are (`options`)."""

from dataclasses import dataclass
from typing import Annotated

import typer

__all__ = ["ImageOptions"]

_MOST_PIXELS = 32_767


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Which images are too small, and what is done about it."""

    min_size: Annotated[
        int,
        typer.Option(
            "--min-size",
            metavar="N",
            min=0,
            max=_MOST_PIXELS,
            help="Tell of images with a longer side under N pixels, where the mapping tells it; 0: of none.",
        ),
    ] = 500
    skip_small: Annotated[
        bool,
        typer.Option("--skip-small", help="Leave those images out, so long as this is given."),
    ] = False

    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures",
            help="Also ask Amazon whether images in place have changed at their address; apply renews them.",
        ),
    ] = False

    @property
    def smallest(self) -> int:
        """The pixels below which an image is left out; 0 where none is."""
        return self.min_size if self.skip_small else 0
