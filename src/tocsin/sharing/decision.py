"""May this recipient have this? The one place that answers, for many label sets at once or for one with reasons."""

from __future__ import annotations

import random
from collections.abc import Mapping

import cedarpy
import msgspec

from tocsin.errors import PolicyError
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import Facts, facts_of
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.policy import Policy, PolicySet, entities, recipient_facts
from tocsin.sharing.release import Clearance, clear
from tocsin.sharing.residual import Predicate, compile_policies

ACTIONS = ("receive", "match")
_SAMPLE = 3  # label sets of each clearance that Cedar itself is asked about


class Decision(msgspec.Struct, frozen=True):
    """An outcome and the policies that decided: permits when allowed, forbids (or none at all) when not."""

    allowed: bool
    reasons: tuple[Policy, ...]
    errors: tuple[str, ...] = ()


class Decider:
    """Decides under one set of policies, on the node of one organisation. Safe to share between threads."""

    def __init__(self, policies: PolicySet, own: Organisation) -> None:
        """Take validated policies and the organisation that runs the node.

        Raises:
            PolicyError: a policy uses something that cannot be compiled.
        """
        self.policies = policies
        self.own = own
        self._known: tuple[int, dict[int, Facts]] = (-1, {})
        for action in ACTIONS:  # an operator that cannot be compiled is found now, not at the first request
            self._predicate(own, action)

    def clearance(
        self,
        recipient: Organisation,
        action: str,
        labels: Mapping[int, Label],
        definitions: Definitions,
        generation: int,
    ) -> Clearance:
        """Return which of `labels` may go to `recipient` for `action`.

        A few of the answers are checked against Cedar itself.

        Raises:
            PolicyError: compiled policies and Cedar disagree, or Cedar meets an error: nothing may go.
        """
        predicate = self._predicate(recipient, action)
        facts = self._facts(labels, definitions, generation)
        allowed = tuple(sorted(number for number, known in facts.items() if predicate(known)))
        for number in random.sample(sorted(facts), min(_SAMPLE, len(facts))):  # noqa: S311 - a spot check
            oracle = self._ask_cedar(recipient, action, facts[number])
            if oracle.allowed != (number in allowed):
                raise PolicyError(
                    "compiled policies and Cedar disagree: nothing may go",
                    hint="report this with `tocsin doctor --json`",
                )
        return clear(recipient.id, action, allowed, generation)

    def _facts(
        self, labels: Mapping[int, Label], definitions: Definitions, generation: int
    ) -> dict[int, Facts]:
        """Facts do not depend on the recipient: one generation's are worked out once."""
        known_generation, known = self._known
        if known_generation != generation or known.keys() != labels.keys():
            known = {
                number: facts_of(label, definitions, own=self.own.id) for number, label in labels.items()
            }
            self._known = (generation, known)
        return known

    def decide(
        self, recipient: Organisation, action: str, label: Label, definitions: Definitions
    ) -> Decision:
        """Return Cedar's decision for one label set, with the policies that made it."""
        return self._ask_cedar(recipient, action, facts_of(label, definitions, own=self.own.id))

    def decide_facts(self, recipient: Organisation, action: str, facts: Facts) -> Decision:
        """Return Cedar's decision on given facts: what would be, if they were so."""
        return self._ask_cedar(recipient, action, facts)

    def _predicate(self, recipient: Organisation, action: str) -> Predicate:
        if action not in ACTIONS:
            raise PolicyError(f"unknown action {action!r}", hint=f"actions are {', '.join(ACTIONS)}")
        return compile_policies(
            list(self.policies.policies.values()),
            action,
            recipient_facts(recipient),
            {"recipient": recipient.id},
        )

    def _ask_cedar(self, recipient: Organisation, action: str, facts: Facts) -> Decision:
        request = {
            "principal": {"type": "Organisation", "id": recipient.id},
            "action": {"type": "Action", "id": action},
            "resource": {"type": "LabelSet", "id": "label"},
            "context": {"recipient": recipient.id},
        }
        try:
            result = cedarpy.is_authorized(
                request,
                self.policies.cedar,
                entities(recipient, facts, self.policies.schema),
                self.policies.schema,
            )
        except (ValueError, PolicyError) as error:
            return Decision(False, (), (str(error),))
        errors = tuple(str(e) for e in result.diagnostics.errors)
        reasons = tuple(self.policies.policies[r] for r in result.diagnostics.reasons)
        # Cedar skips a policy that errs; a skipped forbid would permit, so an error is a no
        return Decision(result.decision == cedarpy.Decision.Allow and not errors, reasons, errors)
