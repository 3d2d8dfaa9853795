"""The small changes that a mutation makes to a module, one at a time, each as a changed syntax tree."""

import ast
import copy
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}
_IS_SQL = re.compile(r"^\s*(SELECT|UPDATE|INSERT|DELETE|WITH|AND|OR|FROM|SET|JOIN|LEFT|CASE)\b|\bWHERE\b")
_SQL: tuple[tuple[str, str], ...] = (
    (r"\bAND\b", "OR"),
    (r"\bOR\b(?! IGNORE| REPLACE)", "AND"),
    (r"\bIS NOT\b", "IS"),
    (r"\bIS\b(?! NOT)", "IS NOT"),
    (r"(?<=[^<])>(?!=)", ">="),
    (r"<(?![>=])", "<="),
    (r"<>", "="),
    (r"\bNOT IN\b", "IN"),
    (r"(?<!NOT )\bIN\b", "NOT IN"),
)
_NOT_MUTATED = ("annotation", "returns", "decorator_list", "format_spec", "type_params", "targets", "target")
_MAX_TEXT = 160
_CONTEXT = 40


@dataclass(frozen=True)
class Mutant:
    """One change: `place` is where in the tree, `function` the outermost function or the class around it."""

    module: str
    line: int
    function: str
    before: str
    after: str
    place: "_Place"
    node: ast.AST

    @property
    def change(self) -> str:
        return f"{self.before} -> {self.after}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it whatever stands above it in the file."""
        return self.module, self.function, self.change


@dataclass(frozen=True)
class _Place:
    parent: ast.AST
    field: str
    index: int | None

    def put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node


class Source:
    """A module's source; `mutants` are the changes that can be made to it."""

    def __init__(self, root: Path, module: str) -> None:
        self.module = module
        self.path = root / module
        self._tree = ast.parse(self.path.read_text(encoding="utf-8"))

    @cached_property
    def mutants(self) -> list[Mutant]:
        found: Counter[tuple[str, str, str]] = Counter()
        mutants = []
        for mutant in self._walk(self._tree, function=""):
            found[mutant.key] += 1
            number = found[mutant.key]
            told = mutant.after if number == 1 else f"{mutant.after} (no. {number})"
            mutants.append(replace(mutant, after=told))
        return mutants

    def with_mutant(self, mutant: Mutant | None) -> ast.Module:
        """The module with one mutant in it, or with none."""
        if mutant is None:
            return self._tree
        node = mutant.place.parent
        was = getattr(node, mutant.place.field)
        original = was if mutant.place.index is None else was[mutant.place.index]
        # A copy: the node may be a part of the tree, where its place would be another from then on.
        changed = ast.copy_location(copy.deepcopy(mutant.node), original)
        mutant.place.put(ast.fix_missing_locations(changed))
        module = copy.deepcopy(self._tree)
        mutant.place.put(original)
        return module

    def _walk(self, node: ast.AST, function: str) -> Iterator[Mutant]:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not function.endswith("()"):
            name = f"{function}.{node.name}".lstrip(".")
            # Of nested functions the outermost names them all.
            function = f"{name}()" if isinstance(node, ast.FunctionDef) else name
        for field, index, child in _children(node):
            for changed in _changes(child, is_condition=field in {"test", "ifs"}):
                before, after = _told(child, changed)
                line = getattr(child, "lineno", getattr(node, "lineno", 0))
                place = _Place(node, field, index)
                yield Mutant(self.module, line, function, before, after, place, changed)
            yield from self._walk(child, function)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for field, value in ast.iter_fields(node):
        if field in _NOT_MUTATED:
            continue
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            for index, one in enumerate(value):
                if isinstance(one, ast.AST) and not _is_docstring(one):
                    yield field, index, one


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _told(node: ast.AST, changed: ast.AST) -> tuple[str, str]:
    """Both in words, each cut to what is around the change."""
    before = " ".join(ast.unparse(node).split())
    if isinstance(changed, ast.Pass):
        return before[:_MAX_TEXT], "(nothing)"
    after = " ".join(ast.unparse(changed).split())
    if len(before) <= _MAX_TEXT and len(after) <= _MAX_TEXT:
        return before, after
    same = next((index for index, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), 0)
    start = max(0, same - _CONTEXT)
    return before[start : start + _MAX_TEXT], after[start : start + _MAX_TEXT]


def _changes(node: ast.AST, *, is_condition: bool) -> Iterator[ast.AST]:
    """Each that may stand in a node's place."""
    if isinstance(node, ast.stmt) and _may_be_left_out(node):
        yield ast.Pass()
    if isinstance(node, ast.Return) and not _is_none(node.value):
        yield ast.Return(ast.Constant(None))
    if is_condition and isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr):
        yield ast.UnaryOp(ast.Not(), node)
    if isinstance(node, ast.Call):
        yield from _changed_calls(node)
    elif isinstance(node, ast.Constant):
        yield from _changed_constants(node)
    elif isinstance(node, ast.expr):
        yield from _changed_expressions(node)


def _may_be_left_out(node: ast.stmt) -> bool:
    """Whether that says something: a missing assignment to a name alone shows at once."""
    is_call = isinstance(node, ast.Expr) and not _is_docstring(node)
    is_kept = isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute | ast.Subscript)
    return is_call or is_kept or isinstance(node, ast.AugAssign | ast.Raise | ast.Continue)


def _is_none(node: ast.expr | None) -> bool:
    """Or False, which most callers take for the same."""
    return node is None or (isinstance(node, ast.Constant) and node.value in {None, False})


def _changed_expressions(node: ast.expr) -> Iterator[ast.expr]:
    match node:
        case ast.Compare():
            for index, operator in enumerate(node.ops):
                for other in _COMPARISONS[type(operator)]:
                    changed = [*node.ops[:index], other(), *node.ops[index + 1 :]]
                    yield ast.Compare(node.left, changed, node.comparators)
        case ast.BoolOp():
            yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
            for left_out in node.values:
                left = [one for one in node.values if one is not left_out]
                yield left[0] if len(left) == 1 else ast.BoolOp(node.op, left)
        case ast.UnaryOp(op=ast.Not()):
            yield node.operand
        case ast.BinOp() if type(node.op) in _OPERATORS:
            yield ast.BinOp(node.left, _OPERATORS[type(node.op)](), node.right)
        case ast.IfExp():
            yield from (node.body, node.orelse)


def _changed_calls(node: ast.Call) -> Iterator[ast.expr]:
    if isinstance(node.func, ast.Name) and node.func.id in _NAMES:
        yield ast.Call(ast.Name(_NAMES[node.func.id], ast.Load()), node.args, node.keywords)
        return
    for index in range(len(node.args) - 1):
        one, two = node.args[index : index + 2]
        if ast.dump(one) != ast.dump(two) and not isinstance(one, ast.Starred | ast.Constant):
            args = [*node.args[:index], two, one, *node.args[index + 2 :]]
            yield ast.Call(node.func, args, node.keywords)


def _changed_constants(node: ast.Constant) -> Iterator[ast.expr]:
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield ast.Constant(value + 1)
        yield ast.Constant(value - 1)
    elif isinstance(value, str) and _IS_SQL.search(value):
        for pattern, other in _SQL:
            for found in re.finditer(pattern, value):
                yield ast.Constant(value[: found.start()] + other + value[found.end() :])
