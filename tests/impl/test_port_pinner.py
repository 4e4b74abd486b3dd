"""Pins: an object is pinned as often as it was pinned, and the sweep takes the bits along."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.addspecial import addspecial
from impl.config import MINIATURE
from impl.gcbits import next_mark_bit_arena_epoch
from impl.heaparena import page_index_of
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.pinner import pinner_bits_of_object
from impl.rt import Panic
from impl.setpinned import Pinner, is_pinned, set_pinned
from impl.special import (
    KIND_SPECIAL_PIN_COUNTER,
    KIND_SPECIAL_REACHABLE,
    new_special_reachable,
)
from impl.userarena import new_user_arena_chunk
from tests.impl.port_heap import PAGE, TWO_PER_PAGE, heap_of, span_at, throws
from tests.impl.port_sweep import heap_span as next_span
from tests.impl.port_sweep import program


def heap_span(h: Mheap) -> Mspan:
    s = span_at(h, 0, 1, TWO_PER_PAGE)
    s.limit = s.base() + PAGE
    return s


def counter(s: Mspan, n: int) -> int:
    """The pin counter of object n, 0 without one."""
    ref, exists = s.special_find_splice_point(n * s.elemsize, KIND_SPECIAL_PIN_COUNTER)
    found = ref.load()
    return found.record.counter if exists and found is not None else 0


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 1)), max_size=30), st.booleans())
def test_an_object_is_pinned_as_often_as_it_was_pinned(
    steps: list[tuple[bool, int]], refreshes: bool
) -> None:
    h = heap_of(MINIATURE)
    s = heap_span(h)
    pins = [0, 0]
    for pin, n in steps:
        p = s.base() + n * s.elemsize + 1
        if pin or pins[n] > 0:
            set_pinned(h, p, pin)
            pins[n] += 1 if pin else -1
        if refreshes:
            s.refresh_pinner_bits(h)
        arena, page_idx, mask = page_index_of(h, s.base())
        assert bool(arena.page_specials[page_idx] & mask) == any(count > 1 for count in pins)
        for each, count in enumerate(pins):
            assert is_pinned(h, s.base() + each * s.elemsize) == (count > 0)
            assert counter(s, each) == max(count - 1, 0)
            bits = s.get_pinner_bits()
            assert (bits is not None and pinner_bits_of_object(bits, each).is_multi_pinned()) == (
                count > 1
            )
    pool = h.special_pin_counter_alloc
    assert pool.inuse == pool.size * sum(count > 1 for count in pins)


def test_what_was_not_pinned_cannot_be_unpinned(h: Mheap) -> None:
    s = heap_span(h)
    set_pinned(h, s.base(), True)
    with throws("runtime.Pinner: object already unpinned"):
        set_pinned(h, s.base() + s.elemsize, False)


def test_a_counter_must_exist_to_be_decreased(h: Mheap) -> None:
    with throws("runtime.Pinner: decreased non-existing pin counter"):
        heap_span(h).dec_pin_counter(h, 0)


def test_only_what_is_in_the_heap_can_be_pinned(h: Mheap) -> None:
    s = heap_span(h)
    assert is_pinned(h, s.limit)
    with pytest.raises(Panic, match=r"^runtime.Pinner.Pin: argument is not a Go pointer$"):
        set_pinned(h, s.limit, True)


def test_the_bits_move_on_to_the_next_arenas_or_are_dropped(h: Mheap) -> None:
    s = heap_span(h)
    set_pinned(h, s.base(), True)
    old = s.get_pinner_bits()
    next_mark_bit_arena_epoch(h)
    s.refresh_pinner_bits(h)
    new = s.get_pinner_bits()
    assert old is not None
    assert new is not None
    assert new.arena is not old.arena
    assert new.word(0) == old.word(0) == 1
    set_pinned(h, s.base(), False)
    s.refresh_pinner_bits(h)
    assert s.get_pinner_bits() is None


def test_a_span_keeps_its_sign_of_specials_while_others_are_left(h: Mheap) -> None:
    s = heap_span(h)
    other = new_special_reachable().special
    other.kind = KIND_SPECIAL_REACHABLE
    addspecial(h, s.base(), other)
    for pin in (True, True, False, False):
        set_pinned(h, s.base(), pin)
    assert s.specials is other
    arena, page_idx, mask = page_index_of(h, s.base())
    assert arena.page_specials[page_idx] & mask != 0


def test_a_pinner_unpins_what_it_pinned_and_is_kept_by_its_p() -> None:
    with program() as h:
        s = next_span(h, TWO_PER_PAGE)
        pinner = Pinner()
        for n in (0, 1, 0):
            pinner.pin(h, s.base() + n * s.elemsize)
        refs = pinner.pinner
        pinner.unpin(h)
        assert not is_pinned(h, s.base())
        assert not is_pinned(h, s.base() + s.elemsize)
        assert (s.specials, pinner.pinner) == (None, None)
        assert h.runtime.allp[0].pinner_cache is refs
        other = Pinner()
        other.pin(h, s.base())
        assert other.pinner is refs
        assert h.runtime.allp[0].pinner_cache is None
        Pinner().unpin(h)


def test_an_object_of_a_user_arena_cannot_be_pinned() -> None:
    with program() as h:
        x, _ = new_user_arena_chunk(h)
        with pytest.raises(Panic, match=r"^runtime.Pinner: object was allocated into an arena$"):
            Pinner().pin(h, x)
