"""Policies specialised for one recipient: what is left to ask of a label set, as one compiled filter.

Cedar answers some ten thousand requests a second; a node with a hundred recipients and thousands of label sets asks millions.
The recipient and the action are the same for all of them, so each policy's syntax tree (Cedar's own JSON form) is folded with
those facts, which leaves a short expression over the label set's facts. That is compiled to Python bytecode. Cedar itself
stays the oracle: `decision` checks a sample against it, tests check the whole lattice and random policies. An operator this
module does not know is refused when policies are loaded (`check`), never guessed.

Cedar's own partial evaluation is experimental and outside its promise of compatibility
(docs/adr/0004-cedar-and-label-sets.md).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

import msgspec

from tocsin.errors import PolicyError
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import Policy

Row: TypeAlias = tuple[int, Facts]
# Facts of the recipient that stay open, and the variables that stand for them: nearly everybody has others
_OPEN = {("principal", "communities"): "c", ("context", "recipient"): "r"}
_SETS = {"containsAny", "containsAll", "contains", "isEmpty"}
_ENUMERATIONS = {
    "Tlp",
    "Pap",
    "Timing",
    "Kind",
    "Trust",
    "Transfer",
    "Use",
}  # entity types of which only the id matters; `Facts` holds that


class Filter(msgspec.Struct, frozen=True):
    """What policies let one recipient have for one action.

    Attributes:
        holds: whether a label set with these facts may go.
        select: the numbers of those rows that may go, in the rows' order.
    """

    holds: Callable[[Facts], bool]
    select: Callable[[Iterable[Row]], list[int]]


class _Folder:
    """Folds one tree. A folded part is a Python value; what depends on the label set is an `ast.expr`.

    With `symbolic` the recipient's facts stay open too: then no branch is left out.
    """

    def __init__(
        self, principal: Mapping[str, Any], context: Mapping[str, Any], *, symbolic: bool = False
    ) -> None:
        self._known = {"principal": principal, "context": context}
        self._symbolic = symbolic

    def fold(self, tree: Mapping[str, Any]) -> Any:
        (operator, body), *rest = tree.items()
        if rest:
            raise PolicyError(f"not an expression: {sorted(tree)}")
        match operator:
            case "Value":
                return _literal(body)
            case ".":
                return self._attribute(body)
            case "!":
                return _negate(self.fold(body["arg"]))
            case "&&":
                return self._shortcut(body, ast.And())
            case "||":
                return self._shortcut(body, ast.Or())
            case "==" | "!=":
                equal = _compare(self.fold(body["left"]), self.fold(body["right"]))
                return equal if operator == "==" else _negate(equal)
            case "if-then-else":
                return self._choose(body)
            case "Set":
                return self._set(body)
            case _ if operator in _SETS:
                return _on_sets(
                    operator,
                    self.fold(body.get("left", body.get("arg"))),
                    self.fold(body["right"]) if "right" in body else None,
                )
        raise PolicyError(f"the operator {operator!r} is not supported in sharing policies")

    def _attribute(self, body: Mapping[str, Any]) -> Any:
        variable, name = body["left"].get("Var"), body["attr"]
        if variable == "resource" and name in Facts.__struct_fields__:
            return _of(name)
        if name in self._known.get(variable, {}):
            value = self._known[variable][name]
            if self._symbolic:
                return _of(name)
            if (variable, name) in _OPEN:
                return ast.Name(_OPEN[variable, name], ast.Load())
            if isinstance(value, list):
                return frozenset(value)
            return _literal(value) if isinstance(value, dict) else value
        raise PolicyError(f"{variable or 'a record'}.{name} is not supported in sharing policies")

    def _set(self, items: list[Mapping[str, Any]]) -> frozenset[Any]:
        folded = [self.fold(item) for item in items]
        if any(isinstance(item, ast.expr | frozenset) for item in folded):
            raise PolicyError("only literals are supported in the sets of sharing policies")
        return frozenset(folded)

    def _shortcut(self, body: Mapping[str, Any], operator: ast.boolop) -> Any:
        decisive = isinstance(operator, ast.Or)
        left = self.fold(body["left"])
        if not isinstance(left, ast.expr):
            return left if left is decisive else self.fold(body["right"])
        right = self.fold(body["right"])
        if not isinstance(right, ast.expr):
            return right if right is decisive else left
        return ast.BoolOp(operator, [left, right])

    def _choose(self, body: Mapping[str, Any]) -> Any:
        condition = self.fold(body["if"])
        if not isinstance(condition, ast.expr):
            return self.fold(body["then"] if condition else body["else"])
        return ast.IfExp(
            condition, _expression(self.fold(body["then"])), _expression(self.fold(body["else"]))
        )


def _of(name: str) -> ast.expr:
    return ast.Attribute(ast.Name("f", ast.Load()), name, ast.Load())


def _literal(value: Any) -> Any:
    match value:
        case bool() | int() | str():
            return value
        case {"__entity": {"type": kind, "id": str(name)}} if kind in _ENUMERATIONS:
            return name
    raise PolicyError(f"the literal {value!r} is not supported in sharing policies")


def _negate(value: Any) -> Any:
    return ast.UnaryOp(ast.Not(), value) if isinstance(value, ast.expr) else not value


def _compare(left: Any, right: Any) -> Any:
    if not isinstance(left, ast.expr) and not isinstance(right, ast.expr):
        return left == right
    return ast.Compare(_expression(left), [ast.Eq()], [_expression(right)])


def _on_sets(operator: str, left: Any, right: Any) -> Any:
    if operator == "isEmpty":
        return _negate(left) if isinstance(left, ast.expr) else not left
    if not isinstance(left, ast.expr) and not isinstance(right, ast.expr):
        if operator == "contains":
            return right in left
        return left >= right if operator == "containsAll" else not left.isdisjoint(right)
    one, other = _expression(left), _expression(right)
    if operator == "contains":
        return ast.Compare(other, [ast.In()], [one])
    if operator == "containsAll":
        return ast.Compare(one, [ast.GtE()], [other])
    if frozenset() in (left, right):  # an empty set shares nothing
        return False
    return _negate(ast.Call(ast.Attribute(one, "isdisjoint", ast.Load()), [other], []))


def _expression(value: Any) -> ast.expr:
    return value if isinstance(value, ast.expr) else ast.Constant(value)


def check(policy: Policy, principal: Mapping[str, Any], context: Mapping[str, Any]) -> None:
    """Make sure that a policy can be compiled for every recipient, whatever its facts.

    Args:
        policy: any policy.
        principal: the facts of some recipient: their names count.
        context: those of some request, likewise.

    Raises:
        PolicyError: it uses something this module does not know.
    """
    _covers(policy.tree["action"], "", policy.id)
    _fold_policy(policy, _Folder(principal, context, symbolic=True))


def _fold_policy(policy: Policy, folder: _Folder) -> Any:
    """Return False or True where the recipient settles it, else the expression over facts `f` that is left."""
    tree = policy.tree
    if tree["principal"] != {"op": "All"} or tree["resource"] != {"op": "All"}:
        raise PolicyError(f"policy {policy.id}: conditions on principal and resource belong into `when`")
    result: Any = True
    try:
        for condition in tree["conditions"]:
            part = folder.fold(condition["body"])
            if condition["kind"] == "unless":
                part = _negate(part)
            if part is False:
                return False
            if part is not True:
                result = part if result is True else ast.BoolOp(ast.And(), [result, part])
    except PolicyError as error:
        raise PolicyError(f"policy {policy.id}: {error}") from error
    return result


def covers(policy: Policy, action: str) -> bool:
    """Return whether a policy has a say in an action."""
    return _covers(policy.tree["action"], action, policy.id)


def _covers(scope: Mapping[str, Any], action: str, policy: str) -> bool:
    match scope:
        case {"op": "All"}:
            return True
        # actions have no groups, so `in` one of them is that one
        case {"op": "==" | "in", "entity": {"type": "Action", "id": name}}:
            return bool(name == action)
        case {"op": "in", "entities": [*listed]}:
            return action in {entity["id"] for entity in listed}
    raise PolicyError(f"policy {policy}: this form of action is not supported")


class Compiler:
    """Compiles policies for recipients. What is compiled for one serves all that differ in their ids and communities alone."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Take all policies of a set."""
        self._policies = list(policies)
        self._made: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {}

    def filter(self, action: str, principal: Mapping[str, Any], context: Mapping[str, Any]) -> Filter:
        """Return what holds for one recipient: some `permit` applies and no `forbid` does.

        Args:
            action: what is asked for.
            principal: the recipient's facts, as Cedar gets them.
            context: the facts of the moment, likewise.

        Raises:
            PolicyError: a policy uses something this module does not know.
        """
        kind = str([action, *((name, value) for name, value in principal.items() if name != "communities")])
        made = self._made.get(kind)
        if made is None:
            condition = self._condition(action, _Folder(principal, context))
            made = self._made[kind] = _compiled(condition)
        holds, select = made
        communities, recipient = frozenset(principal["communities"]), context["recipient"]
        return Filter(
            lambda facts: bool(holds(facts, communities, recipient)),
            lambda rows: cast(list[int], select(rows, communities, recipient)),
        )

    def _condition(self, action: str, folder: _Folder) -> ast.expr:
        sides: dict[str, list[ast.expr]] = {"permit": [], "forbid": []}
        settled = {"permit": False, "forbid": False}
        for policy in self._policies:
            if not covers(policy, action):
                continue
            folded = _fold_policy(policy, folder)
            if isinstance(folded, ast.expr):
                sides[policy.effect].append(folded)
            elif folded:
                settled[policy.effect] = True
        if settled["forbid"] or not (settled["permit"] or sides["permit"]):
            return ast.Constant(False)
        permit = ast.Constant(True) if settled["permit"] else _any(sides["permit"])
        if not sides["forbid"]:
            return permit
        # what no policy permits, which is most of it, need not be asked what forbids it
        return ast.BoolOp(ast.And(), [permit, _negate(_any(sides["forbid"]))])


def _any(parts: list[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)


def _compiled(condition: ast.expr) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Compile `lambda f, c, r: CONDITION` and `lambda rows, c, r: [n for n, f in rows if CONDITION]`."""
    pair = ast.Tuple([ast.Name("n", ast.Store()), ast.Name("f", ast.Store())], ast.Store())
    each = ast.comprehension(pair, ast.Name("rows", ast.Load()), [condition], 0)
    select = ast.ListComp(ast.Name("n", ast.Load()), [each])
    return _function("f", condition), _function("rows", select)


def _function(argument: str, body: ast.expr) -> Callable[..., Any]:
    names = [ast.arg(name) for name in (argument, *_OPEN.values())]
    tree = ast.fix_missing_locations(
        ast.Expression(ast.Lambda(ast.arguments([], names, None, [], [], None, []), body))
    )
    # the tree was built in this module from nodes of its own; no text of a policy is run
    function: Callable[..., Any] = eval(compile(tree, "<policy>", "eval"), {"__builtins__": {}})  # noqa: S307
    return function
