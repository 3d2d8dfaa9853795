"""From option objects to a command line: the signature of a command is made from the fields of dataclasses.

An option is a field `name: Annotated[type, typer.Option(…)] = default`. A field of a tuple type is an option
that can be repeated.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import Field, dataclass, fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from typer.models import OptionInfo

__all__ = ["OptionField", "option_fields", "takes_options"]


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option: the type of its value, or of one of its values, and what typer has to know about it."""

    name: str
    type: Any
    is_repeated: bool
    info: OptionInfo
    default: object
    is_recorded: bool

    def parameter(self) -> inspect.Parameter:
        """The parameter from which typer makes the option."""
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            # An option that can be repeated is a list for typer, and None where it is not given.
            default=None if self.is_repeated else self.default,
            annotation=Annotated[list[self.type] | None if self.is_repeated else self.type, self.info],  # type: ignore[name-defined]
        )

    def value(self, parsed: object) -> object:
        """The value of the field, from what typer has parsed."""
        return tuple(parsed) if isinstance(parsed, list) else () if self.is_repeated else parsed


def option_fields(group: type) -> tuple[OptionField, ...]:
    """The options that a dataclass defines, in the order of its fields."""
    hints = get_type_hints(group, include_extras=True)
    return tuple(_option_field(field, *get_args(hints[field.name])) for field in fields(group))


def _option_field(field: Field[object], kind: type, info: OptionInfo) -> OptionField:
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
    groups = get_type_hints(function)
    groups.pop("return", None)
    options = {name: option_fields(group) for name, group in groups.items()}

    @functools.wraps(function)
    def command(**parsed: object) -> None:
        function(
            **{
                name: group(**{option.name: option.value(parsed[option.name]) for option in options[name]})
                for name, group in groups.items()
            }
        )

    parameters = [option.parameter() for group in options.values() for option in group]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command
