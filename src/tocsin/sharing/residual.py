"""Policies specialised for one recipient: what is left to ask of a label set, as one compiled function.

Cedar evaluates about 17,000 requests a second; a node with a hundred recipients and thousands of label sets asks millions.
The recipient and the action are the same for all of them, so each policy's syntax tree (Cedar's own JSON form) is folded with
those facts, which leaves a short expression over the label set's facts. That is compiled to Python bytecode. Cedar itself
stays the oracle: `decision` checks a sample against it, tests check the whole lattice. An operator this module does
not know is refused when policies are loaded, never guessed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.errors import PolicyError
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import Policy

Predicate: TypeAlias = Callable[[Facts], bool]
_SETS = {"containsAny", "containsAll", "contains", "isEmpty"}


class _Folder:
    """Folds one tree. A folded part is a Python value; what depends on the label set is an `ast.expr`."""

    def __init__(self, principal: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        self._known = {"principal": principal, "context": context}

    def fold(self, tree: Mapping[str, Any]) -> Any:
        (operator, body), *rest = tree.items()
        if rest:
            raise PolicyError(f"not an expression: {sorted(tree)}")
        match operator:
            case "Value":
                return body
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
                return frozenset(self.fold(item) for item in body)
            case _ if operator in _SETS:
                return _on_sets(
                    operator,
                    self.fold(body.get("left", body.get("arg"))),
                    self.fold(body["right"]) if "right" in body else None,
                )
        raise PolicyError(f"the operator {operator!r} is not supported in sharing policies")

    def _attribute(self, body: Mapping[str, Any]) -> Any:
        variable = body["left"].get("Var")
        if variable == "resource":
            return ast.Attribute(ast.Name("f", ast.Load()), body["attr"], ast.Load())
        if variable in self._known:
            value = self._known[variable][body["attr"]]
            return frozenset(value) if isinstance(value, list) else value
        raise PolicyError(f"attribute of {body['left']!r} is not supported in sharing policies")

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


def fold_policy(policy: Policy, action: str, principal: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """Return False or True where the recipient settles it, else the expression over facts `f` that is left.

    Raises:
        PolicyError: the policy uses something this module does not know.
    """
    tree = policy.tree
    if tree["principal"] != {"op": "All"} or tree["resource"] != {"op": "All"}:
        raise PolicyError(f"policy {policy.id}: conditions on principal and resource belong into `when`")
    if not _covers(tree["action"], action, policy.id):
        return False
    folder = _Folder(principal, context)
    result: Any = True
    for condition in tree["conditions"]:
        part = folder.fold(condition["body"])
        if condition["kind"] == "unless":
            part = _negate(part)
        if part is False or result is False:
            return False
        if part is not True:
            result = part if result is True else ast.BoolOp(ast.And(), [result, part])
    return result


def _covers(scope: Mapping[str, Any], action: str, policy: str) -> bool:
    match scope:
        case {"op": "All"}:
            return True
        case {"op": "==", "entity": {"type": "Action", "id": name}}:
            return bool(name == action)
        case {"op": "in", "entities": [*listed]}:
            return action in {entity["id"] for entity in listed}
    raise PolicyError(f"policy {policy}: this form of action is not supported")


def compile_policies(
    policies: list[Policy], action: str, principal: Mapping[str, Any], context: Mapping[str, Any]
) -> Predicate:
    """Return one function over facts: some `permit` holds and no `forbid` does.

    Raises:
        PolicyError: a policy uses something this module does not know.
    """
    sides: dict[str, list[ast.expr]] = {"permit": [], "forbid": []}
    settled = {"permit": False, "forbid": False}
    for policy in policies:
        folded = fold_policy(policy, action, principal, context)
        if isinstance(folded, ast.expr):
            sides[policy.effect].append(folded)
        elif folded:
            settled[policy.effect] = True
    if settled["forbid"] or not (settled["permit"] or sides["permit"]):
        return _never
    permit = ast.Constant(True) if settled["permit"] else _any(sides["permit"])
    body = ast.BoolOp(ast.And(), [_negate(_any(sides["forbid"])), permit]) if sides["forbid"] else permit
    arguments = ast.arguments([], [ast.arg("f")], None, [], [], None, [])
    tree = ast.fix_missing_locations(ast.Expression(ast.Lambda(arguments, body)))
    # the tree was built above from nodes of this module alone; no text of a policy is run
    predicate: Predicate = eval(compile(tree, "<policy>", "eval"), {"__builtins__": {}})  # noqa: S307
    return predicate


def _any(parts: list[ast.expr]) -> ast.expr:
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), parts)


def _never(_facts: Facts) -> bool:
    return False
