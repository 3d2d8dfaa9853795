"""A command that cannot be carried out as it was typed."""

import typer

__all__ = ["UsageError"]


class UsageError(typer.BadParameter):
    """Told as it stands: no single value of an option is to blame."""

    def format_message(self) -> str:
        return self.message
