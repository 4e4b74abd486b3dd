"""The plain substrate's arrays, tallies, threads and bit counting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.rt import (
    U64_MAX,
    Atomic,
    M,
    SparseMixedArray,
    SparsePlainArray,
    Tally,
    atomic,
    getm,
    i64,
    leading_zeros,
    run_on,
    trailing_zeros,
    trailing_zeros64,
)


def test_a_sparse_array_is_an_array_that_costs_what_is_written() -> None:
    array = SparsePlainArray(1 << 40, 7)
    array[1 << 39] = 8
    assert (len(array), array[0], array[1 << 39], array.touched()) == (1 << 40, 7, 8, [1 << 39])
    for index in (-1, 1 << 40):
        with pytest.raises(IndexError):
            array[index]
        with pytest.raises(IndexError):
            array[index] = 0


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(0, 3)), max_size=12))
def test_filling_a_sparse_array_is_writing_each_element(steps: list[tuple[int, int, int]]) -> None:
    array = SparsePlainArray(12, 9)
    model: dict[int, int] = {}
    for low, high, value in steps:
        if low > high:
            array[high] = model[high] = value
        else:
            array.fill(low, high, value)
            model.update(dict.fromkeys(range(low, high), value))
        assert [array[i] for i in range(12)] == [model.get(i, 9) for i in range(12)]
        assert array.touched() == sorted(model)


def test_a_sparse_array_is_not_filled_beyond_its_ends() -> None:
    array = SparsePlainArray(4, 0)
    for low, high in ((-1, 2), (3, 5)):
        with pytest.raises(IndexError):
            array.fill(low, high, 1)
    assert array.touched() == []


def test_atomic_functions_work_on_elements_of_a_sparse_array() -> None:
    array = SparseMixedArray(1 << 40, 0)
    atomic.or64(array, 5, 6)
    atomic.and64(array, 5, 3)
    assert atomic.load8(array, 5) == 2


def test_a_tally_wraps_as_a_uint64() -> None:
    tally = Tally()
    tally.add(-1)
    assert tally.load() == U64_MAX
    tally.add(3)
    assert tally.load() == 2


def test_a_swap_answers_the_old_value() -> None:
    word = Atomic[int]()
    word.or_(12)
    word.and_(5)
    assert (word.swap(9), word.load()) == (4, 9)


def test_the_running_thread_is_the_one_that_was_chosen_last() -> None:
    first, other = getm(), M()
    with run_on(other):
        assert getm() is other
    assert getm() is first
    assert first.p is None


@given(st.integers(0, U64_MAX))
def test_zeros_are_counted_at_both_ends(x: int) -> None:
    text = f"{x:064b}"
    assert leading_zeros(x, 64) == len(text) - len(text.lstrip("0"))
    assert trailing_zeros64(x) == trailing_zeros(x, 64) == len(text) - len(text.rstrip("0"))


@pytest.mark.parametrize(("x", "leading", "trailing"), [(0, 4, 4), (1, 3, 0), (6, 1, 1)])
def test_zeros_are_counted_in_words_of_any_width(x: int, leading: int, trailing: int) -> None:
    assert (leading_zeros(x, 4), trailing_zeros(x, 4)) == (leading, trailing)


@given(st.integers())
def test_a_signed_word_is_the_number_modulo_its_size(x: int) -> None:
    assert -(1 << 63) <= i64(x) < 1 << 63
    assert (i64(x) - x) % (1 << 64) == 0
