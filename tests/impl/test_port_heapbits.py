"""The heap bitmap: what is written is read again, and only the object's own bits change."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, MINIATURE
from impl.heaparena import arena_at
from impl.mbitmap import heap_bits_for_addr, write_heap_bits_for_addr
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.rt import U64_MAX
from impl.spanclass import make_span_class
from tests.impl.port_heap import ARENA, ONE_PER_PAGE, PAGE, heap_of, span_at

WORDS = MINIATURE.heap_arena_bitmap_words
"""The words of an arena's bitmap in miniature."""


def pointers(h: Mheap, addr: int, size: int) -> Iterator[int]:
    """The words of the object at addr that are pointers, by their index."""
    hb = heap_bits_for_addr(h, addr, size)
    while True:
        hb, p = hb.next(h)
        if p == 0:
            return
        yield (p - addr) // h.config.ptr_size


def write(h: Mheap, addr: int, nwords: int, mask: int) -> None:
    """Writes the bits of an object of nwords words, up to the last pointer, and flushes."""
    hb = write_heap_bits_for_addr(h, addr)
    nbits = mask.bit_length()
    for i in range(0, nbits, 64):
        hb = hb.write(h, mask >> i & U64_MAX, min(64, nbits - i))
    hb.flush(h, addr, nwords * 8)


def fill(h: Mheap, arena: int, bits: int, no_more_ptrs: int) -> None:
    """Leaves junk in an arena's bitmap, as earlier objects do."""
    ha = arena_at(h, arena)
    for i in range(WORDS):
        ha.bitmap[i] = bits
    for i in range(WORDS // 8):
        ha.no_more_ptrs[i] = no_more_ptrs


OBJECTS = st.lists(
    st.integers(1, 200).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, (1 << n) - 1))),
    max_size=12,
)


@given(OBJECTS, st.integers(0, 130), st.booleans())
def test_objects_side_by_side_keep_their_own_bits(
    objects: list[tuple[int, int]], first: int, in_two_arenas: bool
) -> None:
    h = heap_of(MINIATURE)
    for arena in (1, 2):
        fill(h, arena, U64_MAX, 0)
    start = ARENA + 8 * (8 + first)
    if in_two_arenas:
        start = 2 * ARENA - 8 * 150 + 8 * first
    addr, where = start, []
    for nwords, mask in objects:
        write(h, addr, nwords, mask)
        where.append(addr)
        addr += 8 * nwords
    for at, (nwords, mask) in zip(where, objects, strict=True):
        assert list(pointers(h, at, 8 * nwords)) == [n for n in range(nwords) if mask >> n & 1]
    # What lies before and after is as it was.
    assert list(pointers(h, start - 8 * 8, 64)) == list(range(8))
    assert list(pointers(h, addr, 64)) == list(range(8))


def test_no_more_pointers_is_said_only_of_zeros_to_the_end_of_the_object(h: Mheap) -> None:
    fill(h, 1, U64_MAX, 0)
    write(h, ARENA, 300, 0b101)
    ha = arena_at(h, 1)
    assert [ha.bitmap[i] for i in range(6)] == [0b101, 0, 0, 0, U64_MAX << 44 & U64_MAX, U64_MAX]
    assert ha.no_more_ptrs[0] == 0b1111
    assert list(pointers(h, ARENA + 8 * 64, 8 * 236)) == []


def test_pointers_further_on_take_the_sign_back(h: Mheap) -> None:
    fill(h, 1, 0, 0xFF)
    write(h, ARENA, 200, 1 | 1 << 130)
    assert list(pointers(h, ARENA, 1600)) == [0, 130]
    assert arena_at(h, 1).no_more_ptrs[0] & 0b1111 == 0b1100


def test_padding_appends_zeros_of_any_length(h: Mheap) -> None:
    fill(h, 1, U64_MAX, 0)
    hb = write_heap_bits_for_addr(h, ARENA).write(h, 1, 1)
    hb = hb.pad(h, 8 * 199).pad(h, 0).write(h, 1, 1)
    hb.flush(h, ARENA, 8 * 201)
    assert list(pointers(h, ARENA, 8 * 201)) == [0, 200]


def span(h: Mheap, spc: int, npages: int = 2) -> Mspan:
    s = span_at(h, 3, npages, spc)
    s.limit = s.base() + npages * PAGE
    return s


@pytest.mark.parametrize(("spc", "force"), [(ONE_PER_PAGE | 1, False), (ONE_PER_PAGE, True)])
def test_a_span_without_pointers_starts_with_zeros(h: Mheap, spc: int, force: bool) -> None:
    fill(h, 1, U64_MAX, 0)
    s = span(h, spc)
    s.init_heap_bits(h, force)
    assert list(pointers(h, s.base(), 2 * PAGE)) == []
    assert all(list(pointers(h, s.base() + 8 * n, 8)) == [] for n in range(2 * PAGE // 8))
    assert list(pointers(h, s.base() - 8, 8)) == list(pointers(h, s.base() + 2 * PAGE, 8)) == [0]


def test_a_span_of_single_pointers_starts_with_ones(h: Mheap) -> None:
    s = span(h, make_span_class(1, False))
    s.elemsize = 8
    s.init_heap_bits(h, False)
    assert list(pointers(h, s.base(), 2 * PAGE)) == list(range(2 * PAGE // 8))
    assert list(pointers(h, s.base() - 8, 8)) == list(pointers(h, s.base() + 2 * PAGE, 8)) == []


def test_the_bits_of_other_spans_are_left_to_their_objects(h: Mheap) -> None:
    fill(h, 1, 0x5A, 0)
    span(h, ONE_PER_PAGE).init_heap_bits(h, False)
    assert {arena_at(h, 1).bitmap[i] for i in range(WORDS)} == {0x5A}


def test_words_of_32_bits_have_bitmap_words_of_32_bits() -> None:
    h = heap_of(LINUX_386)
    arena = h.all_arenas[0]
    base = arena * LINUX_386.heap_arena_bytes
    write_heap_bits_for_addr(h, base).write(h, 0xFFFF_FFFF, 32).write(h, 5, 3).flush(
        h, base, 4 * 99
    )
    ha = arena_at(h, arena)
    assert [ha.bitmap[i] for i in range(3)] == [0xFFFF_FFFF, 5, 0]
    assert list(pointers(h, base, 4 * 99)) == [*range(33), 34]
