"""Sentences are English texts that can be said in another language."""

from __future__ import annotations

import copy
import pickle

import msgspec

from tocsin.sentence import COMMA, OR, Sentence, listed, sentence

GERMAN = {
    "%(name)s is %(how)s": "%(how)s ist %(name)s",
    "suspended": "gesperrt",
    "%(some)s and %(last)s": "%(some)s und %(last)s",
}


def german(template: str) -> str:
    return GERMAN.get(template, template)


def test_it_is_its_english_text() -> None:
    said = sentence("%(name)s is %(how)s", name="Peer", how=sentence("suspended"))
    assert said == "Peer is suspended"
    assert {said: 1}["Peer is suspended"] == 1
    assert msgspec.json.encode({"why": said}, enc_hook=str) == b'{"why":"Peer is suspended"}'


def test_it_can_be_said_in_another_language_in_another_order() -> None:
    said = sentence("%(name)s is %(how)s", name="Peer", how=sentence("suspended"))
    assert said.translated(german) == "gesperrt ist Peer"


def test_data_are_put_apart_and_never_translated() -> None:
    said = sentence("%(name)s is %(how)s", name="suspended", how=sentence("suspended"))
    assert said.translated(german, lambda data: f"<{data}>") == "gesperrt ist <suspended>"


def test_lists() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a and b and c"
    assert listed(["a", "b"], OR) == "a or b"
    assert listed(["a", "b"], COMMA) == "a, b"
    made = listed([sentence("suspended"), "b"])
    assert isinstance(made, Sentence)
    assert made.translated(german) == "gesperrt und b"


def test_a_percent_sign_is_one() -> None:
    assert sentence("100% sure").translated(german) == "100% sure"
    assert sentence("%(name)s is %(how)s", name="100%", how="%(so)s") == "100% is %(so)s"


def test_copies_keep_what_it_is_made_of() -> None:
    said = sentence("%(name)s is %(how)s", name="Peer", how=sentence("suspended"))
    for other in (pickle.loads(pickle.dumps(said)), copy.deepcopy(said)):
        assert other.translated(german) == "gesperrt ist Peer"
