from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from tocsin.sharing.resting import Resting, resolve


def naive(allowed: Sequence[Sequence[int]], resting: Sequence[Resting]) -> list[tuple[int, ...]]:
    """Say it of each label set alone: its fullest form, or None."""
    grounds = dict(resting)

    def form(number: int) -> int | None:
        found = [[f for n in one if (f := form(n)) is not None] for one in grounds.get(number, ())]
        for place, some in enumerate(allowed):
            if number in some and all(each and (place > 0 or 0 in each) for each in found):
                return place
        return None

    numbers = sorted({number for some in allowed for number in some})
    return [tuple(number for number in numbers if form(number) == place) for place in range(3)]


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[list[int]], list[Resting]]:
    size = draw(st.integers(1, 8))
    numbers = st.lists(st.integers(0, size - 1), unique=True)
    allowed = [sorted(draw(numbers)) for _ in range(draw(st.sampled_from((1, 3))))]
    resting: list[Resting] = []
    for number in range(1, size):
        if draw(st.booleans()):
            before = st.lists(st.integers(0, number - 1), max_size=3, unique=True).map(tuple)
            resting.append((number, tuple(draw(st.lists(before, min_size=1, max_size=3)))))
    return allowed, resting


@given(cases())
def test_each_goes_in_the_fullest_form_that_what_it_rests_on_allows(
    case: tuple[list[list[int]], list[Resting]],
) -> None:
    allowed, resting = case
    assert list(resolve(allowed, resting)) == naive(allowed, resting)


def test_what_rests_on_a_form_has_a_form_itself_and_so_on() -> None:
    resting = [(2, ((1,),)), (3, ((2,),)), (4, ((1,), (9,)))]
    assert resolve([[2, 3, 4], [1, 2, 3, 4], []], resting) == ((), (1, 2, 3), ())
    assert resolve([[1, 2, 3], [1, 2, 3], [1, 2, 3]], resting) == ((1, 2, 3), (), ())
    assert resolve([[2, 3], [2, 3], [1, 2, 3]], resting) == ((), (2, 3), (1,))


def test_one_label_set_of_several_is_enough_but_for_each_object() -> None:
    assert resolve([[1, 5]], [(5, ((1, 2), (1, 3)))]) == ((1, 5), (), ())
    assert resolve([[1, 5]], [(5, ((1, 2), (2, 3)))]) == ((1,), (), ())
