"""May this recipient have this? The one place that answers, for many label sets at once or for one with reasons."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence

import msgspec

from tocsin.clock import Clock, Micros, system_clock
from tocsin.errors import PolicyError
from tocsin.sharing import oracle
from tocsin.sharing.actions import ACTIONS, FORMS
from tocsin.sharing.audience import Organisation
from tocsin.sharing.columns import Bits
from tocsin.sharing.compiled import Asker, Compiler, asker
from tocsin.sharing.explain import Explanation, explain
from tocsin.sharing.facts import TLP_WORDS, facts_of
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.oracle import Decision
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.release import Clearance, clear
from tocsin.sharing.resting import resolve
from tocsin.sharing.table import Table
from tocsin.sharing.wording import Case
from tocsin.stix.markings import TLP

__all__ = ["ACTIONS", "Decider", "Decision", "Explanation"]

# Of the rows just decided, and of those decided before: what Cedar itself is asked about for each clearance
_SAMPLE = 2


class _Verdicts(msgspec.Struct):
    """What one recipient may have for some actions, as far as it has been worked out: rows of the table for each."""

    recipient: Organisation
    who: Asker
    actions: tuple[str, ...]
    epoch: int = -1
    done: int = 0
    allowed: list[Bits] = []


class Decider:
    """Decides under one set of policies, on the node of one organisation. Safe to share between threads.

    What was worked out for a recipient is kept: when label sets are added, only those are decided.
    """

    def __init__(self, policies: PolicySet, own: Organisation, clock: Clock = system_clock) -> None:
        """Take validated policies, the organisation that runs the node, and what tells the moment.

        Raises:
            PolicyError: a policy uses something that cannot be compiled, or facts do not fit the schema.
        """
        self.policies = policies
        self.own = own
        self._clock = clock
        self._table = Table(own.id)
        self._compiled = Compiler(policies.policies.values())
        self._verdicts: dict[tuple[str, str, bool], _Verdicts] = {}
        self._distrust = ""
        self._lock = threading.Lock()
        facts = facts_of(Label(markings=(), owner=own.id), Definitions(), own=own.id, now=clock())
        for action in ACTIONS:
            if errors := oracle.decide(policies, own, action, facts).errors:
                raise PolicyError(f"the policies cannot be evaluated: {errors[0]}")

    def clearance(
        self,
        recipient: Organisation,
        action: str,
        labels: Mapping[int, Label],
        definitions: Definitions,
        generation: int,
        *,
        ceiling: TLP | None = None,
    ) -> Clearance:
        """Return which of `labels` may go to `recipient` for `action`; for `receive`, also of which a form may go.

        A few of the answers are checked against Cedar itself. If they ever differ, this decider clears nothing any more.

        Args:
            recipient: who asks.
            action: one of `ACTIONS`.
            labels: all label sets of the node by id; the mapping is not changed afterwards. What one rests on has a smaller id.
            definitions: what markings mean.
            generation: of the facts above; stands in the clearance.
            ceiling: the strictest level that may go whatever the policy says; what has no TLP is stricter than all. None: no further limit.

        Raises:
            PolicyError: compiled policies and Cedar disagree, Cedar meets an error, or there is no such action: nothing may go.
        """
        with self._lock:
            if self._distrust:
                raise self._distrusted()
            self._table.update(labels, definitions, self._clock())
            below = self._below(ceiling)
            allowed = [
                self._table.since(0).numbers(some & below) for some in self._allowed(recipient, action)
            ]
            whole, redacted, minimised = resolve(allowed, self._table.resting)
        return clear(
            recipient.id,
            action,
            whole,
            generation,
            redacted=redacted,
            minimised=minimised,
            ground=str(recipient.ground),
        )

    def _below(self, ceiling: TLP | None) -> Bits:
        """Return the rows that a ceiling leaves; before it is resolved what rests on what, so that nothing tells of what was left out."""
        rows = self._table.since(0)
        if ceiling is None:
            return rows.everything
        return rows.any_equal("tlp", (word for level, word in TLP_WORDS.items() if level <= ceiling))

    def _allowed(self, recipient: Organisation, action: str) -> list[Bits]:
        """Return the rows that may go for an action, or in each form, whatever they rest on."""
        verdicts = self._of(recipient, action)
        if verdicts.epoch != self._table.epoch:
            verdicts.epoch, verdicts.done = self._table.epoch, 0
            verdicts.allowed = [0 for _ in verdicts.actions]
        new, done = self._table.since(verdicts.done), verdicts.done
        allowed = [
            known | self._compiled.condition(each)(new, verdicts.who) << done
            for each, known in zip(verdicts.actions, verdicts.allowed, strict=True)
        ]
        self._spot_check(verdicts, allowed)
        verdicts.done, verdicts.allowed = len(self._table.rows), allowed
        return allowed

    @property
    def until(self) -> Micros | None:
        """The moment at which a clearance made now may no longer hold, because a date is reached; None if there is none."""
        return self._table.until

    def decide(
        self, recipient: Organisation, action: str, label: Label, definitions: Definitions
    ) -> Decision:
        """Return Cedar's decision for one label set, with the policies that made it; an error is a no."""
        facts = facts_of(label, definitions, own=self.own.id, now=self._clock())
        return oracle.decide(self.policies, recipient, action, facts)

    def explain(
        self,
        recipient: Organisation,
        action: str,
        label: Label,
        definitions: Definitions,
        *,
        names: Mapping[str, str] | None = None,
        labels: Mapping[int, Label] | None = None,
    ) -> Explanation:
        """Return the same decision in words, and what would change it.

        Args:
            recipient: whom it is about.
            action: one of `ACTIONS`.
            label: what the object carries.
            definitions: what markings mean.
            names: of organisations and communities by id; ids stand where there is none.
            labels: of the node: the label may rest on some.
        """
        case = Case(self.own, recipient, action, label, definitions, names or {}, self._clock(), labels or {})
        return explain(self.policies, case)

    def _of(self, recipient: Organisation, action: str) -> _Verdicts:
        if action not in ACTIONS:
            raise PolicyError(f"unknown action {action!r}", hint=f"actions are {', '.join(ACTIONS)}")
        key = (recipient.id, action, recipient.encrypted)
        found = self._verdicts.get(key)
        if found is None or found.recipient != recipient:
            actions = FORMS if action == FORMS[0] else (action,)
            found = self._verdicts[key] = _Verdicts(recipient, asker(recipient), actions)
        return found

    def _spot_check(self, verdicts: _Verdicts, allowed: Sequence[Bits]) -> None:
        """Ask Cedar about some of the rows just decided and some of those before; about every other of them for further forms."""
        rows, recipient = self._table.rows, verdicts.recipient
        sample = [
            place
            for some in (range(verdicts.done, len(rows)), range(verdicts.done))
            for place in random.sample(some, min(_SAMPLE, len(some)))
        ]
        asked = [
            (action, rows[place][1], bool(some >> place & 1))
            for number, (action, some) in enumerate(zip(verdicts.actions, allowed, strict=True))
            for place in (sample if number == 0 else sample[::_SAMPLE])
        ]
        answers = oracle.decide_each(self.policies, recipient, [question[:2] for question in asked])
        for answer, (action, _, ours) in zip(answers, asked, strict=True):
            if answer.errors:
                raise PolicyError(f"the decision cannot be made: {answer.errors[0]}")
            if answer.allowed != ours:
                # a second try might draw a sample that agrees: once is enough
                self._distrust = (
                    f"compiled policies and Cedar disagree on what {recipient.id} may {action}: "
                    f"nothing goes out under policies {self.policies.version[:12]}"
                )
                raise self._distrusted()

    def _distrusted(self) -> PolicyError:
        return PolicyError(
            self._distrust, hint="restart the node, and report this with `tocsin doctor --json`"
        )
