"""What a shell offers while an option is typed; nothing where nothing is known."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import typer

__all__ = ["accounts", "mappings", "marketplaces", "rate_limits"]

_MAPPING_ENDINGS = (".json", ".jsonl", ".csv", ".tsv", ".xlsx")


def accounts(ctx: typer.Context, incomplete: str) -> list[str]:
    """The accounts of the configuration, and the sandbox."""
    from amzsync.config import account_names  # noqa: PLC0415 - `--help` needs none of it
    from amzsync.folders import config_folders  # noqa: PLC0415

    names = account_names(
        config_path=_path(ctx, "config"),
        environ=os.environ,
        home=Path.home(),
        cwd=Path.cwd(),
        folders=config_folders(),
    )
    return _beginning_with(incomplete, names)


def mappings(ctx: typer.Context, incomplete: str) -> list[str]:
    """The mappings of the last runs, then files here that may be some."""
    from amzsync.ledger.ledger import Ledger  # noqa: PLC0415

    recent: list[str] = []
    with suppress(Exception), Ledger.read(_path(ctx, "ledger") or Path("amzsync.db")) as ledger:
        recent = [name for run in ledger.runs.latest(20) for name, _ in run.mappings]
    here: list[str] = []
    with suppress(OSError, ValueError):
        beside = Path(incomplete) if incomplete.endswith("/") else Path(incomplete).parent
        here = [
            f"{path}/" if path.is_dir() else str(path)
            for path in sorted(beside.iterdir())
            if path.is_dir() or path.suffix.lower() in _MAPPING_ENDINGS
        ]
    return _beginning_with(incomplete, [*recent, *here])


def rate_limits(incomplete: str) -> list[str]:
    """The presets."""
    from amzsync.limits.windows import PRESETS  # noqa: PLC0415

    return _beginning_with(incomplete, PRESETS)


def marketplaces(incomplete: str) -> list[str]:
    """The codes of Amazon's marketplaces."""
    from amzsync.domain.product import MARKETPLACE_IDS  # noqa: PLC0415

    return _beginning_with(incomplete.upper(), MARKETPLACE_IDS)


def _beginning_with(start: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(start)]


def _path(ctx: typer.Context, name: str) -> Path | None:
    value = ctx.params.get(name)
    return Path(value) if value else None
