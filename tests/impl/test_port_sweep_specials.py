"""Sweeping objects with records: finalizers keep them once, other records are told of their end."""

import pytest

from impl.addspecial import addfinalizer, addspecial
from impl.heaparena import page_index_of
from impl.mfinal import Finalizer, iterate_finq, runfinq
from impl.mgc import gc
from impl.mgcsweep import SweepLocked
from impl.mgcwork import GcWork
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD
from impl.proc import releasep
from impl.rt import u32
from impl.special import (
    KIND_SPECIAL_PIN_COUNTER,
    KIND_SPECIAL_REACHABLE,
    SpecialReachable,
    new_special_pin_counter,
    new_special_reachable,
)
from tests.impl.port_heap import ONE_PER_PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import collect, heap_span, marks, new_object, program, set_marks


def full(h: Mheap, spc: int) -> Mspan:
    """A span whose objects are all allocated, and swept."""
    s = heap_span(h, spc)
    s.alloc_count = s.freeindex = s.free_index_for_scan = s.nelems
    return s


def sweep(h: Mheap, s: Mspan, word: int) -> bool:
    """Sweeps s, of whose objects those of the word are marked; True if that freed it."""
    set_marks(s, word)
    s.sweepgen = u32(h.sweepgen - 1)
    return SweepLocked(s).sweep(h, False)


def reachable(h: Mheap, p: int) -> SpecialReachable:
    s = new_special_reachable()
    s.special.kind = KIND_SPECIAL_REACHABLE
    assert addspecial(h, p, s.special)
    return s


def queued(h: Mheap) -> list[tuple[object, int]]:
    found: list[Finalizer] = []
    iterate_finq(h, found.append)
    return [(f.fn, f.arg) for f in found]


def has_specials(h: Mheap, s: Mspan) -> bool:
    arena, page_idx, mask = page_index_of(h, s.base())
    return arena.page_specials[page_idx] & mask != 0


def test_an_unmarked_object_with_a_finalizer_stays_and_is_queued(h: Mheap) -> None:
    s = full(h, TWO_PER_PAGE)
    addfinalizer(h, s.base() + 4096, 7, 0, "t", None)
    assert has_specials(h, s)
    assert not sweep(h, s, 0)
    assert queued(h) == [(7, s.base() + 4096)]
    assert (s.alloc_count, s.alloc_bits_for_index(1).is_marked(), marks(s)) == (1, True, 0)
    assert s.specials is None
    assert not has_specials(h, s)
    # It has had its finalizer: the next sweep frees it.
    assert sweep(h, s, 0)
    assert s.state.get() == M_SPAN_DEAD


def test_a_marked_object_keeps_its_finalizer(h: Mheap) -> None:
    s = full(h, TWO_PER_PAGE)
    addfinalizer(h, s.base(), 7, 0, "t", None)
    assert not sweep(h, s, 0b01)
    assert queued(h) == []
    assert s.specials is not None
    assert has_specials(h, s)


def test_all_finalizers_of_a_tiny_block_are_queued_at_once(h: Mheap) -> None:
    s = full(h, TWO_PER_PAGE)
    for offset in (3, 8, 4096):
        addfinalizer(h, s.base() + offset, offset, 0, "t", None)
    assert not sweep(h, s, 0b10)
    assert queued(h) == [(3, s.base() + 3), (8, s.base() + 8)]
    assert s.specials is not None
    assert (s.specials.offset, s.specials.next) == (4096, None)


def test_a_finalizer_keeps_the_other_records_of_its_object(h: Mheap) -> None:
    s = full(h, ONE_PER_PAGE)
    r = reachable(h, s.base() + 8)
    addfinalizer(h, s.base() + 16, 7, 0, "t", None)
    assert not sweep(h, s, 0)
    assert queued(h) == [(7, s.base() + 16)]
    assert s.specials is r.special
    assert not r.done
    assert has_specials(h, s)
    assert sweep(h, s, 0)
    assert (r.done, r.reachable) == (True, False)


@pytest.mark.parametrize("marked", [False, True])
def test_a_test_learns_whether_an_object_was_reachable(h: Mheap, marked: bool) -> None:
    s = full(h, TWO_PER_PAGE)
    r = reachable(h, s.base())
    assert not sweep(h, s, 0b10 | int(marked))
    assert (r.done, r.reachable, s.specials) == (True, marked, None)


def test_the_count_of_pins_goes_with_its_object(h: Mheap) -> None:
    s = full(h, TWO_PER_PAGE)
    c = new_special_pin_counter()
    c.special.kind = KIND_SPECIAL_PIN_COUNTER
    addspecial(h, s.base(), c.special)
    h.special_pin_counter_alloc.inuse += h.special_pin_counter_alloc.size
    assert not sweep(h, s, 0b10)
    assert h.special_pin_counter_alloc.inuse == 0
    assert h.special_pin_counter_alloc.alloc() is c


def test_a_record_of_no_kind(h: Mheap) -> None:
    s = full(h, ONE_PER_PAGE)
    r = reachable(h, s.base())
    r.special.kind = 9
    with throws("bad special kind"):
        sweep(h, s, 0)


def test_a_finalizer_resurrects_once_with_what_the_object_refers_to() -> None:
    with program() as h:
        p, q, closure = (new_object(h, ONE_PER_PAGE) for _ in range(3))
        h.runtime.work.points_to = lambda obj: (q, obj) if obj == p else ()
        addfinalizer(h, p, closure, 0, "t", None)
        called: list[tuple[object, int]] = []

        collect(h, (p,))
        assert (queued(h), h.pages_in_use.load()) == ([], 3)
        collect(h, ())
        assert (queued(h), h.pages_in_use.load()) == ([(closure, p)], 3)
        # Now the queue keeps them.
        collect(h, ())
        assert h.pages_in_use.load() == 3
        assert runfinq(h, lambda fn, arg: called.append((fn, arg))) == 1
        assert called == [(closure, p)]
        collect(h, ())
        assert h.pages_in_use.load() == 0
        assert queued(h) == []


def test_a_finalizer_set_while_marking_keeps_what_its_object_refers_to() -> None:
    with program() as h:
        p, q = new_object(h, ONE_PER_PAGE), new_object(h, ONE_PER_PAGE)
        h.runtime.work.points_to = lambda obj: (q,) if obj == p else ()

        def set_finalizer(_: GcWork) -> None:
            addfinalizer(h, p, 0, 0, "t", None)

        gc(h, set_finalizer)
        assert (queued(h), h.pages_in_use.load()) == ([(0, p)], 2)


def test_only_a_thread_that_cannot_be_preempted_sweeps() -> None:
    with program() as h:
        mp = h.runtime.allp[0].m
        assert mp is not None
        releasep()
        mp.on_system_stack = False
        s = full(h, ONE_PER_PAGE)
        with throws("mspan.sweep: m is not locked"):
            sweep(h, s, 0)
        mp.mallocing = 1
        assert sweep(h, s, 0)
