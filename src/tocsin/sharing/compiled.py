"""Policies compiled, so that one recipient is decided over thousands of label sets at once.

Cedar answers some ten thousand requests a second; a node with a hundred recipients and thousands of label sets asks millions. So each
policy's syntax tree (Cedar's own JSON form) becomes a condition over columns of facts (`columns`), once for all recipients: what compares
a fact of label sets with one of the recipient is looked up in an index, what asks of the recipient alone is asked once, and only the rest row by
row. Cedar itself stays the oracle: `decision` checks a sample against it, tests check the whole lattice and random policies.
An operator this module does not know is refused when policies are loaded, never guessed.

Cedar's own partial evaluation is experimental and outside its promise of compatibility
(docs/adr/0004-cedar-and-label-sets.md).
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import Any, TypeAlias

import msgspec

from tocsin.errors import PolicyError
from tocsin.sharing import oracle
from tocsin.sharing.audience import Organisation
from tocsin.sharing.columns import Bits, Columns
from tocsin.sharing.facts import Facts
from tocsin.sharing.policy import Policy

Tree: TypeAlias = Mapping[str, Any]
_ENUMERATIONS = {
    "Tlp",
    "Pap",
    "Timing",
    "Kind",
    "Trust",
    "Transfer",
    "Use",
}  # entity types of which only the id matters; `Facts` holds that


class Asker(msgspec.Struct, frozen=True):
    """What conditions may know beside label sets: the facts of a recipient and of a request, as plain values by name."""

    principal: Mapping[str, Any]
    context: Mapping[str, Any]


Condition: TypeAlias = Callable[[Columns, Asker], Bits]
_Value: TypeAlias = Callable[[Facts | None, Asker], Any]


def asker(recipient: Organisation) -> Asker:
    """Return what conditions may know of a recipient.

    Raises:
        PolicyError: it has no id.
    """
    principal = {name: _plain(value) for name, value in oracle.recipient_facts(recipient).items()}
    return Asker(principal, oracle.context_facts(recipient))


def _plain(value: Any) -> Any:
    return frozenset(value) if isinstance(value, list) else _literal(value)


def _literal(value: Any) -> Any:
    match value:
        case bool() | int() | str():
            return value
        case {"__entity": {"type": kind, "id": str(name)}} if kind in _ENUMERATIONS:
            return name
    raise PolicyError(f"the literal {value!r} is not supported in sharing policies")


_ANYBODY = asker(Organisation("identity--", ""))
_NAMES: Mapping[Any, Iterable[str]] = {
    "resource": Facts.__struct_fields__,
    "principal": _ANYBODY.principal,
    "context": _ANYBODY.context,
}


class Compiler:
    """The policies of a set as conditions."""

    def __init__(self, policies: Iterable[Policy]) -> None:
        """Compile all policies of a set.

        Raises:
            PolicyError: a policy uses something this module does not know.
        """
        self._policies = [(policy, _condition_of(policy)) for policy in policies]
        self._alone = {policy.id: made for policy, made in self._policies}
        self._made: dict[str, Condition] = {}

    def condition(self, action: str) -> Condition:
        """Return which label sets somebody may have for `action`: some `permit` applies and no `forbid` does."""
        found = self._made.get(action)
        if found is None:
            permits, forbids = (
                [
                    made
                    for policy, made in self._policies
                    if policy.effect == effect and covers(policy, action)
                ]
                for effect in ("permit", "forbid")
            )
            found = self._made[action] = _all([_any(permits), _not(_any(forbids))])
        return found

    def alone(self, policy: str) -> Condition:
        """Return where the policy of an id applies, for the actions that it covers and whatever the others say."""
        return self._alone[policy]


def covers(policy: Policy, action: str) -> bool:
    """Return whether a policy has a say in an action."""
    match policy.tree["action"]:
        case {"op": "All"}:
            return True
        # actions have no groups, so `in` one of them is that one
        case {"op": "==" | "in", "entity": {"type": "Action", "id": name}}:
            return bool(name == action)
        case {"op": "in", "entities": [*listed]}:
            return action in {entity["id"] for entity in listed}
    raise PolicyError(f"policy {policy.id}: this form of action is not supported")


def _condition_of(policy: Policy) -> Condition:
    tree = policy.tree
    covers(policy, "")  # or it is refused
    if tree["principal"] != {"op": "All"} or tree["resource"] != {"op": "All"}:
        raise PolicyError(f"policy {policy.id}: conditions on principal and resource belong into `when`")
    try:
        parts = [(each["kind"], _condition(each["body"])) for each in tree["conditions"]]
    except PolicyError as error:
        raise PolicyError(f"policy {policy.id}: {error}") from error
    return _all([_not(part) if kind == "unless" else part for kind, part in parts])


# --- what is true or false, of all rows at once -----------------------------------------------------------------------


def _condition(tree: Tree) -> Condition:
    operator, body = _parts(tree)
    match operator:
        case "&&":
            return _all([_condition(body["left"]), _condition(body["right"])])
        case "||":
            return _any([_condition(body["left"]), _condition(body["right"])])
        case "!":
            return _not(_condition(body["arg"]))
        case "!=":
            return _not(_condition({"==": body}))
        case "if-then-else":
            asked, then, other = (_condition(body[part]) for part in ("if", "then", "else"))
            return _any([_all([asked, then]), _all([_not(asked), other])])
        case "." if (flag := _fact(tree)) is not None:
            return lambda rows, _: rows.equal(flag, True)
        case "==" | "contains" | "containsAny":
            return _looked_up(operator, body["left"], body["right"]) or _asked(tree)
    return _asked(tree)


def _all(parts: Sequence[Condition]) -> Condition:
    return lambda rows, who: reduce(and_, (part(rows, who) for part in parts), rows.everything)


def _any(parts: Sequence[Condition]) -> Condition:
    return lambda rows, who: reduce(or_, (part(rows, who) for part in parts), 0)


def _not(part: Condition) -> Condition:
    return lambda rows, who: rows.everything ^ part(rows, who)


def _looked_up(operator: str, left: Tree, right: Tree) -> Condition | None:
    """Return the condition where one side is a fact of label sets and the other is not, None elsewhere."""
    for mine, other in ((left, right), (right, left)):
        fact = _fact(mine)
        if fact is not None and not _reads(expression := _python(other), "resource"):
            return _found(operator, fact, _function(expression), on_left=mine is left)
    return None


def _found(operator: str, fact: str, value: _Value, *, on_left: bool) -> Condition:
    match operator, on_left:
        case "==", _:
            return lambda rows, who: rows.equal(fact, value(None, who))
        case "contains", True:
            return lambda rows, who: rows.containing(fact, value(None, who))
        case "contains", False:
            return lambda rows, who: rows.any_equal(fact, value(None, who))
        case _:
            return lambda rows, who: rows.any_containing(fact, value(None, who))


def _asked(tree: Tree) -> Condition:
    """Return the condition that asks once where it hangs on the recipient alone, else row by row."""
    expression = _python(tree)
    value = _function(expression)
    if _reads(expression, "resource"):
        return lambda rows, who: rows.where(lambda facts: value(facts, who))
    return lambda rows, who: rows.everything if value(None, who) else 0


# --- values, of one row -----------------------------------------------------------------------------------------------


def _python(tree: Tree) -> ast.expr:
    """Return what an expression is in Python, with `resource` for the facts of a label set and `who` for an `Asker`."""
    operator, body = _parts(tree)
    match operator:
        case "Value":
            return ast.Constant(_literal(body))
        case ".":
            return _attribute(body)
        case "Set":
            return _set(body)
        case "!" | "isEmpty":
            return ast.UnaryOp(ast.Not(), _python(body["arg"]))
        case "if-then-else":
            return ast.IfExp(*(_python(body[part]) for part in ("if", "then", "else")))
        case _ if operator in _OPERATORS:
            return _OPERATORS[operator](_python(body["left"]), _python(body["right"]))
    raise PolicyError(f"the operator {operator!r} is not supported in sharing policies")


_OPERATORS: Mapping[str, Callable[[ast.expr, ast.expr], ast.expr]] = {
    "&&": lambda left, right: ast.BoolOp(ast.And(), [left, right]),
    "||": lambda left, right: ast.BoolOp(ast.Or(), [left, right]),
    "==": lambda left, right: ast.Compare(left, [ast.Eq()], [right]),
    "!=": lambda left, right: ast.Compare(left, [ast.NotEq()], [right]),
    "contains": lambda left, right: ast.Compare(right, [ast.In()], [left]),
    "containsAll": lambda left, right: ast.Compare(left, [ast.GtE()], [right]),
    "containsAny": lambda left, right: ast.UnaryOp(
        ast.Not(), ast.Call(ast.Attribute(left, "isdisjoint", ast.Load()), [right], [])
    ),
}


def _parts(tree: Tree) -> tuple[str, Any]:
    (part, *rest) = tree.items()
    if rest:
        raise PolicyError(f"not an expression: {sorted(tree)}")
    return part


def _fact(tree: Tree) -> str | None:
    """Return the name of the fact of label sets that an expression is, None where it is something else."""
    match tree:
        case {".": {"left": {"Var": "resource"}, "attr": str(name)}} if name in _NAMES["resource"]:
            return name
    return None


def _attribute(body: Tree) -> ast.expr:
    variable, name = body["left"].get("Var"), body["attr"]
    if name not in _NAMES.get(variable, ()):
        raise PolicyError(f"{variable or 'a record'}.{name} is not supported in sharing policies")
    if variable == "resource":
        return ast.Attribute(ast.Name("resource", ast.Load()), name, ast.Load())
    facts = ast.Attribute(ast.Name("who", ast.Load()), variable, ast.Load())
    return ast.Subscript(facts, ast.Constant(name), ast.Load())


def _set(items: Sequence[Tree]) -> ast.expr:
    if any("Value" not in item for item in items):
        raise PolicyError("only literals are supported in the sets of sharing policies")
    literals: Any = frozenset(_literal(item["Value"]) for item in items)
    return ast.Constant(literals)


def _reads(expression: ast.expr, variable: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == variable for node in ast.walk(expression))


def _function(body: ast.expr) -> _Value:
    names = [ast.arg(name) for name in ("resource", "who")]
    tree = ast.fix_missing_locations(
        ast.Expression(ast.Lambda(ast.arguments([], names, None, [], [], None, []), body))
    )
    # the tree was built in this module from nodes of its own; no text of a policy is run
    function: _Value = eval(compile(tree, "<policy>", "eval"), {"__builtins__": {}})  # noqa: S307
    return function
