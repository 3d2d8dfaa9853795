"""What a run was asked to do, also as the ledger keeps it, so that resuming needs no option again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import typer

from amzsync.cli.image_options import ImageOptions
from amzsync.cli.options import ApplyOptions, MappingOptions, PaceOptions, PartOptions, TargetOptions
from amzsync.cli.removal_options import RemovalOptions
from amzsync.cli.report_options import PageOptions
from amzsync.cli.signature import OptionField, option_fields
from amzsync.errors import LedgerError
from amzsync.mapping.source import STANDARD_INPUT

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["RunOptions", "record", "recorded_options", "resumed_options"]

_Group = TypeVar("_Group", bound="DataclassInstance")
_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was asked to do."""

    target: TargetOptions = field(default_factory=TargetOptions)
    mapping: MappingOptions = field(default_factory=MappingOptions)
    apply: ApplyOptions = field(default_factory=ApplyOptions)
    pace: PaceOptions = field(default_factory=PaceOptions)
    part: PartOptions = field(default_factory=PartOptions)
    removal: RemovalOptions = field(default_factory=RemovalOptions)
    page: PageOptions = field(default_factory=PageOptions)
    images: ImageOptions = field(default_factory=ImageOptions)


def record(options: RunOptions) -> dict[str, object]:
    """The options as the ledger keeps them."""
    return {
        option.name: _plain(getattr(group, option.name))
        for group in _groups(options)
        for option in option_fields(type(group))
        if option.is_recorded
    }


def recorded_options(target: TargetOptions, text: str) -> RunOptions:
    """The options of a run, checked like typed ones; names that are no option are left out.

    Raises:
        LedgerError: one of them could not have been typed.
    """
    try:
        values = _object_in(text)
        options = RunOptions(*(_with_recorded(group, values) for group in _groups(RunOptions())))
    except (ValueError, TypeError, RecursionError, typer.BadParameter):
        raise LedgerError(
            f"The options of the last run in the ledger {target.ledger} have been changed by hand.",
            "`amzsync apply` works through what is pending, with the options given to it.",
        ) from None
    return replace(options, target=replace(options.target, ledger=target.ledger))


def resumed_options(now: RunOptions, text: str) -> RunOptions:
    """The recorded options of a run, but for those that are given now.

    Raises:
        LedgerError: one of them could not have been typed.
    """
    earlier = recorded_options(now.target, text)
    return RunOptions(*map(_given_over, _groups(now), _groups(earlier)))


def _object_in(text: str) -> dict[str, object]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise TypeError
    return values


def _groups(options: RunOptions) -> list[Any]:
    return [getattr(options, group.name) for group in fields(options)]


def _with_recorded(group: _Group, values: Mapping[str, object]) -> _Group:
    recorded = {
        option.name: _checked(option, values[option.name])
        for option in option_fields(type(group))
        if option.is_recorded and values.get(option.name) is not None
    }
    return replace(group, **recorded)


def _given_over(now: _Group, earlier: _Group) -> _Group:
    given = {
        option.name: getattr(now, option.name)
        for option in option_fields(type(now))
        if getattr(now, option.name) != option.default
    }
    return replace(earlier, **given)


def _plain(value: object) -> object:
    """A value for JSON."""
    if isinstance(value, tuple):
        # The run may be resumed from another folder.
        return [
            str(item.absolute()) if isinstance(item, Path) and item != STANDARD_INPUT else _plain(item)
            for item in value
        ]
    return str(value) if isinstance(value, Path) else value


def _checked(option: OptionField, value: object) -> object:
    """The value of a recorded option, checked by what checks a typed one."""
    if option.is_repeated:
        if not isinstance(value, list):
            raise TypeError
        items = [_item(option, item) for item in value]
        return tuple(_called_back(option, items))
    return _called_back(option, _item(option, value))


def _item(option: OptionField, value: object) -> object:
    (kind,) = {*(get_args(option.type) or (option.type,))} - {type(None)}
    if type(value) is not (str if kind is Path else kind):
        raise TypeError
    if isinstance(value, str) and "\0" in value:
        raise ValueError
    if isinstance(value, int) and not _is_between(option.info.min, value, option.info.max):
        raise ValueError
    return Path(value) if kind is Path and isinstance(value, str) else value


def _is_between(least: float | None, value: int, most: float | None) -> bool:
    return (least is None or least <= value) and (most is None or value <= most)


def _called_back(option: OptionField, value: _Value) -> _Value:
    return option.info.callback(value) if option.info.callback else value
