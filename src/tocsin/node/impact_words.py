"""What a change of policies does, in words: counts, and a case or an object as an example of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tocsin.node.policy_changes import Impact
from tocsin.node.reach import Reach
from tocsin.sharing.lattice import Case


def impact_in_words(found: Impact) -> list[str]:
    """Return a line for each way in which cases, and objects held, come out otherwise; one line where none does."""
    lines = [
        f"{each.action}: {word} in {count:,} of {each.cases:,} cases, such as {case_in_words(case)}"
        for each in found.cases
        for count, word, case in (
            (each.widened, "allowed that was not", each.first_widened),
            (each.narrowed, "no longer allowed", each.first_narrowed),
        )
        if count and case is not None
    ]
    return [*(lines or ["nothing changes in any case"]), *reach_in_words(found.held)]


def reach_in_words(found: Sequence[Reach]) -> Iterator[str]:
    """Yield a line for each organisation that more, or fewer, of the objects held would reach."""
    for each in found:
        for count, words, some in (
            (each.gained, "would now reach", each.now_there),
            (each.lost, "would no longer reach", each.now_gone),
        ):
            if count:
                yield f"{count:,} objects held here {words} {each.organisation}, such as {', '.join(some)}"


def case_in_words(case: Case) -> str:
    """Return what is shared, and with whom, in a few words."""
    who, what = case.recipient, case.facts
    kind = "this node's organisation" if who.own else " and ".join(who.roles) or "an organisation"
    about = [f"in {who.country}"] if who.country else []
    about += [word for word in ("client", "suspended") if getattr(who, word)]
    about += [f"sector {who.sector}"] if who.sector else []
    about += ["a member"] if set(who.communities) & what.communities else []
    about += ["named"] if who.id in what.recipients else []
    level = "unmarked" if what.tlp == "none" else f"TLP:{what.tlp.upper()}"
    marks = [level] + ([] if what.pap == "unsaid" else [f"PAP:{what.pap.upper()}"])
    marks += [] if what.timing == "current" else [what.timing]
    marks += [] if what.understood else ["with an unknown marking"]
    whose = "its own" if what.owner == who.id else "this node's own" if what.ours else "somebody's"
    return f"{whose} {' '.join(marks)} to {kind}{f' ({chr(44).join(about)})' if about else ''}"
