"""What a change of policies does, in words: counts, and a case or an object as an example of each. They are sentences (`tocsin.sentence`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.node.policy_changes import Impact
from tocsin.node.reach import Reach
from tocsin.sentence import COMMA, SPACE, Sentence, listed, sentence
from tocsin.sharing.lattice import Case
from tocsin.sharing.wording import level


def impact_in_words(found: Impact) -> list[Sentence]:
    """Return a line for each way in which cases, and objects held, come out otherwise; one line where none does."""
    lines = []
    for each in found.cases:
        if each.widened and each.first_widened is not None:
            lines.append(
                sentence(
                    "%(action)s: allowed that was not in %(count)s of %(cases)s cases, such as %(example)s",
                    action=each.action,
                    count=f"{each.widened:,}",
                    cases=f"{each.cases:,}",
                    example=case_in_words(each.first_widened),
                )
            )
        if each.narrowed and each.first_narrowed is not None:
            lines.append(
                sentence(
                    "%(action)s: no longer allowed in %(count)s of %(cases)s cases, such as %(example)s",
                    action=each.action,
                    count=f"{each.narrowed:,}",
                    cases=f"{each.cases:,}",
                    example=case_in_words(each.first_narrowed),
                )
            )
    return [*(lines or [sentence("nothing changes in any case")]), *reach_in_words(found.held)]


def reach_in_words(found: Sequence[Reach]) -> Iterator[Sentence]:
    """Yield a line for each organisation that more, or fewer, of the objects held would reach."""
    for each in found:
        if each.gained:
            yield sentence(
                "%(count)s objects held here would now reach %(organisation)s, such as %(examples)s",
                count=f"{each.gained:,}",
                organisation=each.organisation,
                examples=listed(each.now_there, COMMA),
            )
        if each.lost:
            yield sentence(
                "%(count)s objects held here would no longer reach %(organisation)s, such as %(examples)s",
                count=f"{each.lost:,}",
                organisation=each.organisation,
                examples=listed(each.now_gone, COMMA),
            )


def case_in_words(case: Case) -> Sentence:
    """Return what is shared, and with whom, in a few words."""
    who, what = case.recipient, case.facts
    kind = sentence("this node's organisation") if who.own else listed(who.roles)
    about = listed(_about(case), COMMA)
    whose = (
        sentence("its own")
        if what.owner == who.id
        else sentence("this node's own")
        if what.ours
        else sentence("somebody's")
    )
    marks = listed(_marks(case), SPACE)
    kind = kind or sentence("an organisation")
    if about:
        return sentence(
            "%(whose)s %(marks)s to %(kind)s (%(about)s)", whose=whose, marks=marks, kind=kind, about=about
        )
    return sentence("%(whose)s %(marks)s to %(kind)s", whose=whose, marks=marks, kind=kind)


def _about(case: Case) -> Iterator[str]:
    who, what = case.recipient, case.facts
    if who.country:
        yield sentence("in %(country)s", country=who.country)
    if who.client:
        yield sentence("client")
    if who.suspended:
        yield sentence("suspended")
    if who.sector:
        yield sentence("sector %(sector)s", sector=who.sector)
    if set(who.communities) & what.communities:
        yield sentence("a member")
    if who.id in what.recipients:
        yield sentence("named")


def _marks(case: Case) -> Iterator[str]:
    what = case.facts
    yield level(what.tlp)
    if what.pap != "unsaid":
        yield f"PAP:{what.pap.upper()}"
    if what.timing != "current":
        yield sentence("embargoed") if what.timing == "embargoed" else sentence("expired")
    if not what.understood:
        yield sentence("with an unknown marking")
