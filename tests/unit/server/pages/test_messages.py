"""What pages say: all of it in every language, with the same placeholders and the same markup."""

from __future__ import annotations

import itertools
import re

import pytest
from babel.messages import Message
from docs import messages as catalogues

from contract.test_sharing_words import DECIDER, RESTED_ON, cases
from deciding import DEFINITIONS
from tocsin.sentence import Sentence
from tocsin.server.pages import look
from tocsin.server.pages.messages import NAMES, say, say_many

_PLACE = re.compile(r"%\(\w+\)s|%%")
_MARKUP = re.compile(
    r"`[^`]*`|</?[a-z]+|toc_|\b[a-z]+:[a-z0-9-]+|\bCedar\b|\bSTIX\b|\bTLP\b|\bCSV\b|\bJSON\b|\bUTC\b|\bAPI\b"
)
# what is the same word in a language, or a name
_SAME_SHARE = 0.12


def _ids(message: Message) -> list[str]:
    return list(message.id) if isinstance(message.id, (list, tuple)) else [message.id]


def _strings(message: Message) -> list[str]:
    return list(message.string) if isinstance(message.string, (list, tuple)) else [message.string]


def test_every_language_there_is_has_a_catalogue() -> None:
    assert {"en", *catalogues.LANGUAGES} == set(look.LANGUAGES) == set(NAMES)
    assert len(catalogues.gathered()) > 300


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_everything_is_said(language: str) -> None:
    catalog, said = catalogues.read(language), catalogues.gathered()
    assert {str(each.id) for each in catalog if each.id} == {str(each.id) for each in said if each.id}, (
        "run `make messages`"
    )
    assert not catalog.obsolete
    same = 0
    for message in catalog:
        if not message.id:
            continue
        assert not message.fuzzy, message.id
        assert all(text and text.strip() for text in _strings(message)), (
            f"{language}: {message.id} is not translated"
        )
        same += _ids(message)[0] == _strings(message)[0]
    assert same < len(catalog) * _SAME_SHARE


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_placeholders_and_markup_agree(language: str) -> None:
    for message in catalogues.read(language):
        if not message.id:
            continue
        for text in _strings(message):
            wanted = _ids(message)[-1]
            assert sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(wanted)), f"{language}: {message.id}"
            assert sorted(_MARKUP.findall(text)) == sorted(_MARKUP.findall(wanted)), (
                f"{language}: {message.id}"
            )
            assert text[:1].isspace() == wanted[:1].isspace(), f"{language}: {message.id}"


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_every_plural_form_is_there(language: str) -> None:
    catalog = catalogues.read(language)
    plurals = [message for message in catalog if message.id and message.pluralizable]
    assert plurals
    for message in plurals:
        assert len(_strings(message)) == catalog.num_plurals, f"{language}: {message.id}"


@pytest.mark.parametrize("language", catalogues.LANGUAGES)
def test_files_are_as_the_tool_writes_them(language: str) -> None:
    """So that a change of one message is a change of one place."""
    assert catalogues.path_of(language).read_bytes() == catalogues.written(catalogues.read(language))


def test_arabic_has_its_own_numbers_of_things() -> None:
    forms = [say_many("ar", "%(num)s day", "%(num)s days", count) for count in (1, 2, 3, 11, 100)]
    assert len(set(forms)) == 5
    assert forms[3].endswith("يومًا")  # eleven to ninety-nine, and not a hundred


def test_english_is_what_the_templates_say() -> None:
    assert say("en", "Sign in") == "Sign in"
    assert say("de", "Sign in") == "Anmelden"
    assert say("de", "nobody has translated this") == "nobody has translated this"


def _templates(said: str) -> set[str]:
    if not isinstance(said, Sentence):
        return set()
    return {said.template}.union(*map(_templates, said.given.values()))


def test_every_sentence_of_a_decision_is_in_the_catalogues() -> None:
    known, told = {each.id for each in catalogues.read("ar")}, set()
    for recipient, action, label in itertools.islice(cases(), 0, None, 9):
        found = DECIDER.explain(recipient, action, label, DEFINITIONS, names={}, labels=RESTED_ON)
        steps = [step for change in found.changes for step in change.steps]
        for text in (found.why, *found.facts, *(c.words for c in found.changes), *(s.who for s in steps)):
            told |= _templates(text)
            # what a test gives as a ground, or a level, is no sentence
            assert isinstance(text, Sentence) or text == recipient.ground
    assert len(told) > 40
    assert told <= known
