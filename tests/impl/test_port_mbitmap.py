"""Allocation and mark bits: the cache finds exactly the free objects, counts count."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64, MINIATURE
from impl.gcbits import GcBits, GcBitsArena
from impl.mspan import Mspan
from impl.rt import U64_MAX, MixedArray
from impl.sizeclasses import compute_div_magic
from tests.impl.port_heap import throws


def bitmaps(nelems: int) -> tuple[GcBits, GcBits]:
    """Two bitmaps side by side in an arena, with room around them."""
    words = (nelems + 63) // 64
    arena = GcBitsArena()
    arena.bits = MixedArray(2 * words + 2, 0)
    return GcBits(arena, 8), GcBits(arena, 8 + 8 * words)


def span_of_objects(nelems: int, allocated: set[int]) -> Mspan:
    s = Mspan()
    s.nelems = nelems
    s.alloc_bits, s.gcmark_bits = bitmaps(nelems)
    for n in sorted(allocated):
        s.alloc_bits_for_index(n).set_marked_non_atomic()
    if nelems > 0:
        s.refill_alloc_cache(0)
    return s


SPANS = st.integers(0, 200).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.integers(0, max(n - 1, 0)), max_size=n))
)


@given(SPANS)
def test_next_free_index_enumerates_the_free_objects(span: tuple[int, set[int]]) -> None:
    nelems, allocated = span
    s = span_of_objects(nelems, allocated)
    found = []
    while (n := s.next_free_index()) != nelems:
        found.append(n)
        assert s.freeindex == n + 1
    assert found == [n for n in range(nelems) if n not in allocated]
    assert s.freeindex == nelems


@pytest.mark.parametrize("nelems", [1, 63, 64, 65, 128])
def test_a_full_span_has_no_free_object(nelems: int) -> None:
    s = span_of_objects(nelems, set(range(nelems)))
    assert s.next_free_index() == s.freeindex == nelems


def test_free_index_beyond_the_span_throws() -> None:
    s = span_of_objects(1, set())
    s.freeindex = 2
    with throws("s.freeindex > s.nelems"):
        s.next_free_index()


@given(SPANS)
def test_mark_bits_are_set_cleared_and_counted(span: tuple[int, set[int]]) -> None:
    nelems, marked = span
    s = span_of_objects(nelems, set())
    for n in sorted(marked):
        s.mark_bits_for_index(n).set_marked()
    assert [n for n in range(nelems) if s.mark_bits_for_index(n).is_marked()] == sorted(marked)
    assert s.count_alloc(MINIATURE) == len(marked)


def test_mark_bits_for_base_are_those_of_the_first_object() -> None:
    s = span_of_objects(9, set())
    s.mark_bits_for_base().set_marked()
    assert s.mark_bits_for_index(0).is_marked()


def test_a_bitmap_is_bytes_in_words() -> None:
    s = span_of_objects(80, {0, 9, 71})
    assert [s.alloc_bits.bytep(n) for n in range(9)] == [1, 2, 0, 0, 0, 0, 0, 0, 128]
    s.refill_alloc_cache(8)
    assert s.alloc_cache == U64_MAX ^ 128


def test_advancing_goes_from_bit_to_bit_across_bytes_and_words() -> None:
    s = span_of_objects(80, set())
    mbits = s.mark_bits_for_base()
    for n in range(80):
        assert mbits == s.mark_bits_for_index(n)
        mbits.advance()


def test_is_free_goes_by_the_scanners_index() -> None:
    s = span_of_objects(4, {2})
    s.freeindex = 4
    s.free_index_for_scan = 1
    assert [s.is_free(n) for n in range(4)] == [False, True, False, True]


@pytest.mark.parametrize("size", [8, 48, 4096, 6784])
def test_obj_index_divides(size: int) -> None:
    s = Mspan()
    s.start_addr = 0xC000_0000
    s.div_mul = compute_div_magic(size)
    for n in range(8192 // size):
        assert s.obj_index(LINUX_AMD64, s.base() + n * size) == n
        assert s.obj_index(LINUX_AMD64, s.base() + n * size + size - 1) == n
