"""Puts a mutant into the running program.

The code of functions is exchanged, their defaults too, and plain constants under every name that they were
imported to. What cannot be changed in that way (a decorator, the layout of a class) is no mutant here.
"""

import functools
import importlib
import sys
import types
from collections.abc import Iterator
from typing import Any

from mutation.mutants import Mutant, Source

Change = tuple[Any, str, object]
"""Object, attribute and new value."""

_PLAIN = (int, float, str, bytes, bool, type(None))
_PARTS = ("__code__", "__defaults__", "__kwdefaults__")


class Installer:
    """Knows how a module is changed to each of its mutants."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._name = source.module.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self._module = importlib.import_module(self._name)
        self._original = self._loaded(None)

    def changes(self, mutant: Mutant) -> list[Change]:
        """What to set for it; nothing where it cannot be installed."""
        if mutant.function and not mutant.function.endswith("()"):
            return []
        try:
            mutated = self._loaded(mutant)
        except Exception:  # noqa: BLE001 - a module that cannot be imported would be noticed at once
            return []
        return [*self._in_functions(mutated), *self._in_constants(mutated)]

    def _loaded(self, mutant: Mutant | None) -> dict[str, Any]:
        module = types.ModuleType(self._name)
        module.__file__ = str(self._source.path)
        module.__package__ = self._name.rpartition(".")[0]
        exec(compile(self._source.with_mutant(mutant), module.__file__, "exec"), vars(module))
        return vars(module)

    def _in_functions(self, mutated: dict[str, Any]) -> Iterator[Change]:
        originals = dict(_functions(self._original, self._name))
        running = dict(_functions(vars(self._module), self._name))
        for name, function in _functions(mutated, self._name):
            if name not in running:
                continue
            for part in _PARTS:
                new, old = getattr(function, part), getattr(originals[name], part)
                if part == "__kwdefaults__":
                    new, old = _plain_in(new), _plain_in(old)
                if new != old and _fits(part, new, old):
                    kept = getattr(running[name], part) if part == "__kwdefaults__" else None
                    yield running[name], part, {**kept, **new} if kept else new

    def _in_constants(self, mutated: dict[str, Any]) -> Iterator[Change]:
        for name, value in mutated.items():
            old = self._original.get(name)
            if name.startswith("__") or not _is_plain(value) or value == old:
                continue
            for module in list(sys.modules.values()):
                if vars(module).get(name) == old and getattr(module, "__file__", None):
                    yield module, name, value


def install(changes: list[Change]) -> None:
    """Change this process, for good."""
    for owner, attribute, value in changes:
        setattr(owner, attribute, value)


def _fits(part: str, new: Any, old: Any) -> bool:
    """Whether it can take the other's place: code keeps the variables of the functions around it."""
    return new.co_freevars == old.co_freevars if part == "__code__" else _is_plain(new)


def _plain_in(defaults: dict[str, Any] | None) -> dict[str, Any]:
    """Those that can take another's place: an object of a class differs each time that it is loaded."""
    return {name: value for name, value in (defaults or {}).items() if _is_plain(value)}


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_plain(one) for pair in value.items() for one in pair)
    if isinstance(value, tuple | list | set | frozenset):
        return all(_is_plain(one) for one in value)
    return isinstance(value, _PLAIN)


def _functions(namespace: dict[str, Any], module: str) -> Iterator[tuple[str, types.FunctionType]]:
    """The functions of a module and of its classes, however they are wrapped."""
    for value in list(namespace.values()):
        if isinstance(value, type) and value.__module__ == module:
            yield from _functions(dict(vars(value)), module)
        else:
            for one in _unwrapped(value):
                if one.__module__ == module:
                    yield one.__qualname__, one


def _unwrapped(value: object) -> Iterator[types.FunctionType]:
    match value:
        case types.FunctionType():
            inner = getattr(value, "__wrapped__", value)
            if isinstance(inner, types.FunctionType):
                yield inner
        case property():
            yield from (one for one in (value.fget, value.fset) if isinstance(one, types.FunctionType))
        case staticmethod() | classmethod():
            yield from _unwrapped(value.__func__)
        case functools.cached_property():
            yield from _unwrapped(value.func)
        case _:
            inner = getattr(value, "__wrapped__", None)
            if isinstance(inner, types.FunctionType):
                yield inner
