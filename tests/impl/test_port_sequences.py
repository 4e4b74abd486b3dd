"""Slices grow and are copied as in Go: a header of one's own over an array that others share."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.rt import PlainSlice, append

OPERATIONS = st.tuples(
    st.sampled_from(["append", "cut", "set", "copy", "nil"]), st.integers(0, 3), st.integers(0, 9)
)


@given(st.lists(OPERATIONS, max_size=30))
def test_a_slice_is_a_length_of_its_own_over_an_array_that_may_be_shared(
    operations: list[tuple[str, int, int]],
) -> None:
    slices: list[PlainSlice[int]] = [PlainSlice() for _ in range(4)]
    model: list[tuple[list[int], int]] = [([], 0) for _ in range(4)]
    for number, (what, which, value) in enumerate(operations):
        array, n = model[which]
        if what == "append":
            slices[which] = append(slices[which], number)
            array[n:] = [number, *array[n + 1 :]]
            model[which] = array, n + 1
        elif what == "cut":
            cut = value % (n + 1)
            slices[which], model[which] = slices[which].upto(cut), (array, cut)
        elif what == "set" and n > 0:
            slices[which][value % n] = array[value % n] = number
        elif what == "copy":
            # Of nil only: an empty slice with an array keeps it.
            slices[which], model[which] = slices[value % 4], model[value % 4]
            if not model[which][0]:
                model[which] = [], 0
        elif what == "nil":
            slices[which], model[which] = PlainSlice(), ([], 0)
        expected = [array[:n] for array, n in model]
        assert [list(each) for each in slices] == expected
        assert [[s[i] for i in range(len(s))] for s in slices] == expected


def test_an_index_out_of_range_is_an_error() -> None:
    longer = append(append(PlainSlice[int](), 1), 2)
    s = longer.upto(1)
    for index in (-1, 1):
        with pytest.raises(IndexError):
            s[index]
        with pytest.raises(IndexError):
            s[index] = 3
    for n in (2, -1):
        with pytest.raises(IndexError):
            s.upto(n)
    assert list(longer) == [1, 2]
