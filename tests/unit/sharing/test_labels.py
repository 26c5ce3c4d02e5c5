from __future__ import annotations

from deciding import OWN_ID, PEER_ID, THIRD_ID
from tocsin.sharing.agreements import Terms
from tocsin.sharing.labels import Definitions, label_for, narrowness
from tocsin.stix.markings import TLP, id_of


def test_equal_facts_are_one_label_set() -> None:
    one = label_for(["b", "a", "a"], owner="o", communities=["2", "1"], recipients=["y", "x", "y"])
    other = label_for(iter(["a", "b"]), owner="o", communities=("1", "2"), recipients={"x", "y"})
    assert one == other
    assert hash(one) == hash(other)
    assert one.markings == ("a", "b")


def test_each_fact_tells_label_sets_apart() -> None:
    made = [
        label_for([], owner="o"),
        label_for(["a"], owner="o"),
        label_for([], owner="p"),
        label_for([], owner="o", communities=["a"]),
        label_for([], owner="o", recipients=["a"]),
        label_for([], owner="o", assumed="clear"),
    ]
    assert len(set(made)) == len(made)


def test_only_the_owner_and_this_node_say_what_a_marking_is() -> None:
    said = Definitions({("m", THIRD_ID): "statement", ("n", OWN_ID): "statement"})
    assert said.kinds("m", owner=THIRD_ID, own=OWN_ID) == ["statement"]
    assert said.kinds("m", owner=PEER_ID, own=OWN_ID) == []
    assert said.kinds("m", owner=OWN_ID, own=OWN_ID) == []
    assert said.kinds("n", owner=PEER_ID, own=OWN_ID) == ["statement"]
    assert said.kinds("n", owner=OWN_ID, own=OWN_ID) == ["statement"]


def test_what_both_say_holds() -> None:
    said = Definitions({("m", THIRD_ID): "statement", ("m", OWN_ID): "unknown"})
    assert said.kinds("m", owner=THIRD_ID, own=OWN_ID) == ["unknown", "statement"]


def test_definitions_compare_by_what_they_say() -> None:
    assert Definitions({("m", "o"): "statement"}) == Definitions({("m", "o"): "statement"})
    assert Definitions({("m", "o"): "statement"}) != Definitions()
    assert Definitions() != object()
    assert Definitions({}, {"c": Terms("Pact")}) == Definitions(terms={"c": Terms("Pact")})
    assert Definitions({}, {"c": Terms("Pact")}) != Definitions({}, {"c": Terms("Pact", closed=True)})
    assert Definitions({}, {"c": Terms("Pact")}).terms("c") == Terms("Pact")
    assert Definitions({}, {"c": Terms("Pact")}).terms("d") is None


def test_what_more_may_have_comes_first() -> None:
    ordered = [
        label_for([id_of(TLP.CLEAR)], owner="o"),
        label_for([], owner="p", assumed="green"),
        label_for([id_of(TLP.GREEN)], owner="o", holds=["victim"]),
        label_for([id_of(TLP.GREEN), "a", "b"], owner="o"),
        label_for([id_of(TLP.GREEN)], owner="o", communities=["a"]),
        label_for([id_of(TLP.CLEAR), id_of(TLP.GREEN)], owner="o", recipients=["a"]),
        label_for([], owner="o", assumed="amber+strict"),
        label_for([id_of(TLP.RED)], owner="o"),
        label_for([], owner="o"),
        label_for(["a"], owner="o"),
    ]
    ordered.reverse()
    assert sorted(ordered, key=narrowness) == ordered[::-1]


def test_what_has_no_level_comes_right_after_red() -> None:
    assert narrowness(label_for((), owner="o")) == (TLP.RED + 1, False, False, 0)


def test_all_definitions_can_be_listed() -> None:
    said = {("n", "o"): "unknown", ("m", "p"): "statement", ("m", "o"): "statement"}
    assert Definitions(said).everything() == [
        ("m", "o", "statement"),
        ("m", "p", "statement"),
        ("n", "o", "unknown"),
    ]
