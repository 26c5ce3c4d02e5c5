"""From tokens to the syntax tree: the whole STIX patterning grammar (STIX 2.1 section 9) by recursive descent.

Recursion only follows parentheses, which are counted; chains of operators are loops. Beyond the grammar the
parser holds the MUSTs of section 9 that can be judged without the data: comparisons joined by AND can be met by one object
type (9.5), one qualifier of a kind (9.5.1), positive numbers in qualifiers, constants of IN alike, digests and
addresses that are such, indexes from 0 (9.7.2). docs/reference/stix-patterns.md lists them all.
"""

from __future__ import annotations

from typing import Final, cast

from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Both,
    Comparison,
    Constant,
    Either,
    Expression,
    FollowedBy,
    Observation,
    Operator,
    Path,
    Pattern,
    Qualified,
    Qualifier,
    Repeats,
    StartStop,
    Step,
    Test,
    Timestamp,
    Within,
)
from tocsin.stix.patterns.constants import check_hash, check_set, constant, timestamp, unescape
from tocsin.stix.patterns.lexer import Token, expected, fault, tokens
from tocsin.stix.patterns.regex import regex_fault

MAX_DEPTH: Final = 50
"""Parentheses one inside the other that a pattern may have."""

_SPELLED = {"==": "=", "<>": "!="}
_NAMES = {"[": "'['", "]": "']'", ")": "')'"}


def parse(text: str) -> Pattern:
    """Return the syntax tree of a STIX pattern.

    Raises:
        ParseError: what is wrong, its column counted from 1 and what was expected there; `rule` starts with
            `pattern-`.
    """
    parser = _Parser(tokens(text))
    expression = parser.expression()
    if parser.token.kind != "end":
        raise expected(parser.token, "AND, OR, FOLLOWEDBY, a qualifier or the end of the pattern")
    return Pattern(expression)


class _Parser:
    """One pass over the tokens of a pattern; `token` is the next one to read."""

    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._next = 0
        self._depth = 0
        self.token = found[0]

    def _advance(self) -> Token:
        """Return the current token and step to the next."""
        token = self.token
        if token.kind != "end":
            self._next += 1
            self.token = self._tokens[self._next]
        return token

    def _take(self, kind: str, what: str = "") -> Token:
        if self.token.kind != kind:
            raise expected(self.token, what or _NAMES.get(kind, kind))
        return self._advance()

    def _open(self) -> None:
        token = self._advance()
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise fault(token, "depth", f"parentheses nest deeper than {MAX_DEPTH}")

    def _close(self) -> None:
        self._take(")")
        self._depth -= 1

    # Observation expressions: FOLLOWEDBY binds weaker than OR, OR weaker than AND (section 9.5.3).

    def expression(self) -> Expression:
        first = self._either()
        if self.token.kind != "FOLLOWEDBY":
            return first
        operands = [first]
        while self.token.kind == "FOLLOWEDBY":
            self._advance()
            operands.append(self._either())
        return FollowedBy(tuple(operands))

    def _either(self) -> Expression:
        first = self._both()
        if self.token.kind != "OR":
            return first
        operands = [first]
        while self.token.kind == "OR":
            self._advance()
            operands.append(self._both())
        return Either(tuple(operands))

    def _both(self) -> Expression:
        first = self._observation()
        if self.token.kind != "AND":
            return first
        operands = [first]
        while self.token.kind == "AND":
            self._advance()
            operands.append(self._observation())
        return Both(tuple(operands))

    def _observation(self) -> Expression:
        found: Expression
        if self.token.kind == "(":
            self._open()
            found = self.expression()
            self._close()
        else:
            self._take("[", "'[' or '('")
            test, _ = self._any_of()
            self._take("]", "AND, OR or ']'")
            found = Observation(test)
        qualifiers = self._qualifiers()
        return Qualified(found, qualifiers) if qualifiers else found

    def _qualifiers(self) -> tuple[Qualifier, ...]:
        found: dict[str, Qualifier] = {}
        while (kind := self.token.kind) in {"WITHIN", "REPEATS", "START"}:
            token = self._advance()
            if kind in found:
                raise fault(token, "qualifier", f"an observation expression takes one {kind} at most")
            if kind == "WITHIN":
                found[kind] = self._within()
            elif kind == "REPEATS":
                found[kind] = self._repeats()
            else:
                found[kind] = self._start_stop()
        return tuple(found.values())

    def _within(self) -> Within:
        token = self._advance()
        if token.kind not in {"integer", "float"}:
            raise expected(token, "a number of seconds")
        seconds = cast("int | float", constant(token))
        if seconds <= 0:
            raise fault(token, "within", "WITHIN needs more than 0 seconds")
        self._take("SECONDS")
        return Within(seconds)

    def _repeats(self) -> Repeats:
        token = self._take("integer", "a number of times")
        times = cast("int", constant(token))
        if times <= 0:
            raise fault(token, "repeats", "REPEATS needs at least 1 time")
        self._take("TIMES")
        return Repeats(times)

    def _start_stop(self) -> StartStop:
        start = timestamp(self._advance())
        self._take("STOP")
        token = self._advance()
        stop = timestamp(token)
        if _later(start, stop):
            return StartStop(start, stop)
        raise fault(token, "start-stop", "STOP must be later than START")

    # Comparison expressions. Each comes with the object types that could meet it.

    def _any_of(self) -> tuple[Test, set[str]]:
        first, types = self._all_of()
        if self.token.kind != "OR":
            return first, types
        operands = [first]
        while self.token.kind == "OR":
            self._advance()
            operand, more = self._all_of()
            operands.append(operand)
            types |= more
        return AnyOf(tuple(operands)), types

    def _all_of(self) -> tuple[Test, set[str]]:
        first, types = self._test()
        if self.token.kind != "AND":
            return first, types
        operands = [first]
        while self.token.kind == "AND":
            self._advance()
            token = self.token
            operand, more = self._test()
            operands.append(operand)
            if types.isdisjoint(more):
                one, other = (" or ".join(sorted(names)[:3]) for names in (types, more))
                raise fault(
                    token,
                    "and-types",
                    f"AND joins comparisons of one object, which is not both {one} and {other}",
                )
            types &= more
        return AllOf(tuple(operands)), types

    def _test(self) -> tuple[Test, set[str]]:
        if self.token.kind == "(":
            self._open()
            found = self._any_of()
            self._close()
            return found
        comparison = self._comparison()
        return comparison, {comparison.path.type}

    def _comparison(self) -> Comparison:
        if self.token.kind in {"EXISTS", "NOT"}:
            negated = self._advance().kind == "NOT"
            if negated:
                self._take("EXISTS")
            return Comparison(self._path(), "EXISTS", None, negated)
        path = self._path()
        negated = self.token.kind == "NOT"
        if negated:
            self._advance()
        token = self._advance()
        operator = cast("Operator", _SPELLED.get(token.kind, token.kind))
        match operator:
            case "=" | "!=":
                value = self._constant(path)
            case "<" | "<=" | ">" | ">=":
                value = self._orderable()
            case "IN":
                return Comparison(path, operator, self._members(path), negated)
            case "LIKE" | "MATCHES" | "ISSUBSET" | "ISSUPERSET":
                value = self._string(path, operator)
            case _:
                raise expected(token, "a comparison operator")
        return Comparison(path, operator, value, negated)

    def _constant(self, path: Path) -> Constant:
        token = self._advance()
        value = constant(token)
        check_hash(path, value, token)
        return value

    def _orderable(self) -> Constant:
        token = self._advance()
        if token.kind in {"true", "false"}:
            raise expected(token, "a constant that has an order")
        return constant(token)

    def _string(self, path: Path, operator: str) -> str:
        token = self._take("string", "a string")
        value = unescape(token)
        if operator == "MATCHES":
            wrong = regex_fault(value)
            if wrong:
                raise fault(token, "regex", wrong)
        elif operator != "LIKE":
            check_set(path, value, token)
        return value

    def _members(self, path: Path) -> tuple[Constant, ...]:
        self._take("(", "'('")
        members: list[Constant] = []
        kinds: set[str] = set()
        while self.token.kind != ")" or members:  # a comma has been read where there are members
            token = self.token
            members.append(self._constant(path))
            kinds.add(_kind(members[-1]))
            if len(kinds) > 1:
                raise fault(token, "in-types", "the constants of IN must be of one type")
            if self.token.kind == ")":
                break
            self._take(",", "',' or ')'")
        self._take(")")
        return tuple(members)

    def _path(self) -> Path:
        name = self._take("word", "an object type, NOT, EXISTS or '('").text
        self._take(":", "':'")
        steps: list[Step] = [self._key()]
        while True:
            if self.token.kind == ".":
                self._advance()
                steps.append(self._key())
            elif self.token.kind == "[":
                self._advance()
                steps.append(self._index())
                self._take("]")
            else:
                return Path(name, tuple(steps))

    def _key(self) -> str:
        token = self._advance()
        if token.kind == "string":
            return unescape(token)
        if token.kind == "word" and "-" not in token.text:
            return token.text
        if token.kind == "word":
            raise fault(
                token, "syntax", f"a property name with a hyphen stands in quotes: '{token.text[:40]}'"
            )
        raise expected(token, "a property name")

    def _index(self) -> int | None:
        token = self._advance()
        if token.kind == "*":
            return None
        if token.kind != "integer":
            raise expected(token, "a list index or *")
        index = cast("int", constant(token))
        if token.text[0] == "-":
            raise fault(token, "index", "a list index starts from 0")
        return index


def _kind(value: Constant) -> str:
    """Return the type of a constant as IN compares them; integers and floats are both numbers."""
    return "number" if type(value) in {int, float} else type(value).__name__


def _later(start: Timestamp, stop: Timestamp) -> bool:
    """Tell whether `stop` is later, to the last digit: as texts of one form they sort by time."""
    return _moment(stop) > _moment(start)


def _moment(timestamp: Timestamp) -> tuple[str, str]:
    return timestamp.text[:19], timestamp.text[20:-1].rstrip("0")
