"""From option objects to a command line: the signature of a command is made from the fields of dataclasses.

A command's arguments are such objects; `Annotated[Group, Only("name")]` takes only some of their options.
An option is a field `name: Annotated[type, typer.Option(…)] = default`. A field of a tuple type is an option
that can be repeated, and one without a default an argument that must be given.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields
from typing import Annotated, Any, get_args, get_origin

from typer.models import ArgumentInfo, OptionInfo

__all__ = ["Only", "OptionField", "option_fields", "takes_options"]


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option: the type of its value, or of one of its values, and what typer has to know about it."""

    name: str
    type: Any
    is_repeated: bool
    info: OptionInfo | ArgumentInfo
    default: object
    is_recorded: bool

    def parameter(self) -> inspect.Parameter:
        """The parameter from which typer makes the option."""
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            # An option that can be repeated is a list for typer, and None where it is not given.
            default=self._default,
            annotation=Annotated[list[self.type] | None if self.is_repeated else self.type, self.info],  # type: ignore[name-defined]
        )

    @property
    def _default(self) -> object:
        if self.is_repeated:
            return None
        return inspect.Parameter.empty if self.default is MISSING else self.default

    def arguments(self, value: object) -> list[str]:
        """The option as it is typed to have this value."""
        # In an annotation typer takes the first name of an option for its default.
        names = (str(self.info.default), *(self.info.param_decls or ()))
        flag = next(name for name in names if name.startswith("--"))
        if isinstance(value, bool):
            return [flag] if value else []
        return [
            part for one in (value if isinstance(value, tuple) else (value,)) for part in (flag, str(one))
        ]

    def value(self, parsed: object) -> object:
        """The value of the field, from what typer has parsed."""
        return tuple(parsed) if isinstance(parsed, list) else () if self.is_repeated else parsed


class Only:
    """Which options of a group a command takes; the others keep their defaults."""

    def __init__(self, *names: str) -> None:
        self.names = names


def option_fields(group: type) -> tuple[OptionField, ...]:
    """The options that a dataclass defines, in the order of its fields."""
    return tuple(map(_option_field, fields(group)))


def _option_field(field: Field[object]) -> OptionField:
    kind, info = get_args(field.type)
    is_repeated = get_origin(kind) is tuple
    return OptionField(
        name=field.name,
        type=get_args(kind)[0] if is_repeated else kind,
        is_repeated=is_repeated,
        info=info,
        default=field.default,
        is_recorded=field.metadata.get("is_recorded", True),
    )


def takes_options(function: Callable[..., None]) -> Callable[..., None]:
    """A command with the options of the dataclasses that `function` takes as arguments."""
    groups = {name: _group(hint) for name, hint in function.__annotations__.items() if name != "return"}

    @functools.wraps(function)
    def command(**parsed: object) -> None:
        function(
            **{
                name: group(**{option.name: option.value(parsed[option.name]) for option in options})
                for name, (group, options) in groups.items()
            }
        )

    parameters = [option.parameter() for _, options in groups.values() for option in options]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _group(hint: type) -> tuple[type, list[OptionField]]:
    if get_origin(hint) is not Annotated:
        return hint, list(option_fields(hint))
    group, only = get_args(hint)
    by_name = {option.name: option for option in option_fields(group)}
    return group, [by_name[name] for name in only.names]
