"""The faults that are put in, one at a time: an expression or a statement is replaced by a neighbour of it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

_COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_COUNTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_NOT_CODE = {"annotation", "returns", "decorator_list", "type_ignores"}


class Mutant(NamedTuple):
    """One fault.

    Attributes:
        module: file below `src/tocsin`.
        function: the outermost function around it, as `Class.method`; "" where it stands outside of all.
        change: what became of what. With module and function it names the fault, wherever lines move.
        lines: those of the statement around it: a test that runs none of them cannot notice.
        code: of the whole module with this fault.
    """

    module: str
    function: str
    change: str
    lines: range
    code: CodeType

    @property
    def name(self) -> str:
        """What lists of survivors write."""
        return f"{self.module} {self.function or 'module'}: {self.change}"


class _Site(NamedTuple):
    """A field of a node that gets another value; `shown` tells what changes, the node itself where it is empty."""

    function: str
    lines: range
    node: ast.AST
    field: str
    value: Any
    shown: tuple[ast.AST, ...] = ()


def mutants(source: Path, module: str) -> Iterator[Mutant]:
    """Yield every fault of one module."""
    tree = ast.parse((source / module).read_text(encoding="utf-8"))
    for site in list(_sites(tree, "", range(0), inside=False)):
        before = _text(*site.shown[:1] or [site.node])
        kept = getattr(site.node, site.field)
        setattr(site.node, site.field, site.value)
        after = _text(*site.shown[1:] or [site.node])
        code = compile(ast.fix_missing_locations(tree), module, "exec", dont_inherit=True)
        setattr(site.node, site.field, kept)
        if before == after:  # `while True` with its test always true
            continue
        yield Mutant(module, site.function, f"{before} -> {after}", site.lines, code)


def _text(node: ast.AST) -> str:
    return " ".join(ast.unparse(node).split())


def _sites(node: ast.AST, path: str, lines: range, *, inside: bool) -> Iterator[_Site]:
    """Yield the changes below `node`; `path` names the function or class around it, `inside` tells that it is a function."""
    for field, value in ast.iter_fields(node):
        if field in _NOT_CODE:
            continue
        name, within = path, inside
        if field == "body" and not inside and isinstance(node, ast.FunctionDef | ast.ClassDef):
            name, within = f"{path}.{node.name}".lstrip("."), isinstance(node, ast.FunctionDef)
        function = name if within else ""
        for shorter in _shorter(node, field, value):
            yield _Site(function, lines, node, field, shorter)
        for place, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _is_for_readers(child):
                continue
            around = _lines(child) or lines
            for other in _others(child):
                new = [*value[:place], other, *value[place + 1 :]] if isinstance(value, list) else other
                # a bare constant says little: what it stands in is shown with it
                alone = not isinstance(child, ast.Constant) or isinstance(node, ast.stmt | ast.FormattedValue)
                yield _Site(function, around, node, field, new, (child, other) if alone else ())
            if not isinstance(child, ast.JoinedStr):
                yield from _sites(child, name, around, inside=within)
                continue
            for part in child.values:  # what stands between the braces; the words are one fault together
                if isinstance(part, ast.FormattedValue):
                    yield from _sites(part, name, around, inside=within)


def _lines(node: ast.AST) -> range | None:
    """Return the lines of a simple statement, or of the head of one that contains others."""
    first: ast.AST
    if isinstance(node, ast.match_case):
        first, inner = node.pattern, node.body[0]
    elif isinstance(node, ast.Match):
        first, inner = node, node.cases[0].pattern  # type: ignore[assignment]
    elif isinstance(node, ast.stmt):
        body = getattr(node, "body", None)
        first, inner = node, body[0] if body else None  # type: ignore[assignment]
    else:
        return None
    start, end = first.lineno, first.end_lineno or first.lineno  # type: ignore[attr-defined]
    return range(start, max(start, inner.lineno - 1) + 1 if inner is not None else end + 1)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_readers(node: ast.AST) -> bool:
    """Tell what runs nothing: docstrings, and names of what is public."""
    return _is_docstring(node) or (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "__all__"
    )


def _shorter(node: ast.AST, field: str, value: Any) -> Iterator[list[Any]]:
    """Yield lists without one of their parts: arguments of a call, cases of a match."""
    if (isinstance(node, ast.Call) and field in {"args", "keywords"}) or (
        field == "cases" and len(value) > 1
    ):
        for place in range(len(value)):
            yield [*value[:place], *value[place + 1 :]]


def _others(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of `node`."""
    match node:
        case ast.Compare(left, [operator], [right]):
            yield from (ast.Compare(left, [each()], [right]) for each in _COMPARED[type(operator)])
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
            for place in range(len(values)):
                rest = [*values[:place], *values[place + 1 :]]
                yield rest[0] if len(rest) == 1 else ast.BoolOp(operator, rest)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.BinOp(left, operator, right):
            if type(operator) in _COUNTED:
                yield ast.BinOp(left, _COUNTED[type(operator)](), right)
            yield from (left, right)
        case ast.IfExp(test, body, orelse):
            yield from (ast.IfExp(test, orelse, body), body, orelse)
        case ast.comprehension(target, iterable, [*conditions], is_async) if conditions:
            yield ast.comprehension(target, iterable, [], is_async)
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() as value):
            yield ast.Constant(value + 1)
        case ast.Constant(str() as value):
            yield ast.Constant(f"XX{value}")
        case ast.JoinedStr():
            yield ast.Constant("XX")
        case ast.Return(ast.expr() as value) if not isinstance(value, ast.Constant):
            yield ast.Return(ast.Constant(None))
        case ast.If(test, body, orelse) | ast.While(test, body, orelse):
            yield type(node)(ast.Constant(True), body, orelse)
            yield type(node)(ast.Constant(False), body, orelse)
        case ast.AugAssign(target, operator, value) if type(operator) in _COUNTED:
            yield ast.AugAssign(target, _COUNTED[type(operator)](), value)
            yield ast.Pass()
        case ast.Raise() | ast.AugAssign() | ast.Continue() | ast.Break() | ast.Expr():
            yield ast.Pass()
        case ast.Assign(
            [ast.Attribute() | ast.Subscript()]
        ):  # without another target a name would be unbound
            yield ast.Pass()
