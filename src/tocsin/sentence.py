"""Sentences that still know what they were made of, so that they can be said in other languages.

The domain speaks English and knows no other language. What it says of a decision is a template and what fills it: whoever shows it to people
may put the template into their language (`translated`); for everybody else it is the English text that it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import reduce
from typing import TypeAlias

AND = "%(some)s and %(last)s"
OR = "%(some)s or %(last)s"
COMMA = "%(some)s, %(last)s"
SEMICOLON = "%(some)s; %(last)s"
COMMA_AND = "%(some)s, and %(last)s"
COMMA_OR = "%(some)s, or %(last)s"
SPACE = "%(some)s %(last)s"
JOINTS = (AND, OR, COMMA, SEMICOLON, COMMA_AND, COMMA_OR, SPACE)
"""How the parts of a list are joined."""

Say: TypeAlias = Callable[[str], str]


class Sentence(str):
    """An English text that is a template, filled.

    Attributes:
        template: with places such as `%(name)s`; its English is its name in catalogues.
        given: what fills the places: names and other data as they are, or sentences.
    """

    __slots__ = ("given", "template")

    template: str
    given: dict[str, str]

    def translated(self, say: Say, given: Say = str) -> str:
        """Return it with the template, and those of the sentences in it, put by `say`, and with data put by `given`."""
        filling = {
            name: each.translated(say, given) if isinstance(each, Sentence) else given(each)
            for name, each in self.given.items()
        }
        return _fill(say(self.template), filling)


def sentence(template: str, /, **given: str) -> Sentence:
    """Return a sentence. Without anything to fill, a `%` in the template is a `%`."""
    made = Sentence(_fill(template, given))
    made.template, made.given = template, given
    return made


def listed(parts: Iterable[str], joint: str = AND) -> str:
    """Return parts as a list in words, joined as one of `JOINTS` says; "" for none."""
    found = list(parts)
    return reduce(lambda some, last: sentence(joint, some=some, last=last), found) if found else ""


def _fill(template: str, given: dict[str, str]) -> str:
    return template % given if given else template
