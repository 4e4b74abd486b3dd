"""The sweep of one span: what it frees, where it puts the span, and when it throws."""

import pytest

from impl.gcbits import GcBits
from impl.mem import sys_used
from impl.mgcsweep import SweepLocked
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanset import SpanSet
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_MANUAL
from impl.mstats import new_heap_stats_delta
from impl.pinner import pinner_bits_of_object
from impl.rt import U32_MAX, U64_MAX, MemoryFault, u32
from impl.spanalloctype import SPAN_ALLOC_HEAP
from tests.impl.port_heap import LARGE, ONE_PER_PAGE, PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import content, heap_span, marks, set_marks


def acquired(h: Mheap, spc: int, word: int, allocated: int | None = None) -> Mspan:
    """A full span (or with so many objects allocated), marked, and owned by this sweeper."""
    s = heap_span(h, spc)
    s.alloc_count = s.freeindex = s.free_index_for_scan = (
        s.nelems if allocated is None else allocated
    )
    set_marks(s, word)
    s.sweepgen = u32(h.sweepgen - 1)
    return s


def only(spans: SpanSet) -> Mspan | None:
    """The only span of a set, if it has one."""
    found = content(spans)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize("gen", [2, 4, U32_MAX - 1, 0])
def test_marks_become_the_allocation_bits(h: Mheap, gen: int) -> None:
    h.sweepgen = gen
    s = acquired(h, TWO_PER_PAGE, 0b10)
    bits = s.gcmark_bits
    assert not SweepLocked(s).sweep(h, False)
    assert (s.alloc_bits, marks(s)) == (bits, 0)
    assert (s.alloc_count, s.freeindex, s.free_index_for_scan) == (1, 0, 0)
    assert (s.alloc_cache, s.needzero, s.sweepgen) == (U64_MAX ^ 0b10, 1, gen)
    assert only(h.central[TWO_PER_PAGE].partial_swept(gen)) is s
    assert h.pages_swept.load() == 1


def test_a_span_that_lost_nothing_stays_clean_and_full(h: Mheap) -> None:
    s = acquired(h, TWO_PER_PAGE, 0b11)
    assert not SweepLocked(s).sweep(h, False)
    assert s.needzero == 0
    assert only(h.central[TWO_PER_PAGE].full_swept(h.sweepgen)) is s


@pytest.mark.parametrize("spc", [LARGE, ONE_PER_PAGE, TWO_PER_PAGE])
def test_a_span_without_marks_is_freed(h: Mheap, spc: int) -> None:
    s = acquired(h, spc, 0)
    assert SweepLocked(s).sweep(h, False)
    assert (s.state.get(), h.pages_in_use.load()) == (M_SPAN_DEAD, 0)


@pytest.mark.parametrize("spc", [LARGE, TWO_PER_PAGE])
@pytest.mark.parametrize("word", [0, 1])
def test_preserve_leaves_the_span_to_the_caller(h: Mheap, spc: int, word: int) -> None:
    s = acquired(h, spc, word)
    assert not SweepLocked(s).sweep(h, True)
    assert (s.state.get(), s.sweepgen) == (M_SPAN_IN_USE, h.sweepgen)
    c = h.central[spc]
    assert only(c.partial_swept(h.sweepgen)) is only(c.full_swept(h.sweepgen)) is None


def test_a_live_large_object_stays(h: Mheap) -> None:
    s = acquired(h, LARGE, 1)
    assert not SweepLocked(s).sweep(h, False)
    assert only(h.central[LARGE].full_swept(h.sweepgen)) is s


@pytest.mark.parametrize("state", [M_SPAN_DEAD, M_SPAN_MANUAL])
def test_only_a_span_in_use_is_swept(h: Mheap, state: int) -> None:
    s = acquired(h, TWO_PER_PAGE, 0)
    s.state.set(state)
    with throws("mspan.sweep: bad span state"):
        SweepLocked(s).sweep(h, False)


@pytest.mark.parametrize("ahead", [-2, 0, 1, 3])
def test_only_an_acquired_span_is_swept(h: Mheap, ahead: int) -> None:
    s = acquired(h, TWO_PER_PAGE, 0)
    s.sweepgen = u32(h.sweepgen + ahead)
    with throws("mspan.sweep: bad span state"):
        SweepLocked(s).sweep(h, False)


def test_a_span_that_changes_under_the_sweep(h: Mheap, monkeypatch: pytest.MonkeyPatch) -> None:
    s = acquired(h, TWO_PER_PAGE, 0)

    def another_thread_sweeps_it(_h: Mheap, _nelems: int) -> GcBits:
        s.sweepgen = h.sweepgen
        return s.alloc_bits

    monkeypatch.setattr("impl.mgcsweep.new_mark_bits", another_thread_sweeps_it)
    with throws("mspan.sweep: bad span state after sweep"):
        SweepLocked(s).sweep(h, False)


@pytest.mark.parametrize(
    ("nelems", "freeindex", "zombie"), [(2, 0, 1), (2, 1, 1), (20, 3, 4), (20, 3, 12), (64, 8, 63)]
)
def test_a_marked_free_object_is_a_zombie(
    h: Mheap, nelems: int, freeindex: int, zombie: int
) -> None:
    s = acquired(h, TWO_PER_PAGE, 1 << zombie)
    s.nelems, s.freeindex, s.alloc_count = nelems, freeindex, freeindex
    with throws("found pointer to free object"):
        SweepLocked(s).sweep(h, False)


def test_marks_below_free_index_are_no_zombies(h: Mheap) -> None:
    s = acquired(h, TWO_PER_PAGE, 0b01, allocated=1)
    assert not SweepLocked(s).sweep(h, False)


def test_more_marks_than_objects(h: Mheap) -> None:
    s = acquired(h, TWO_PER_PAGE, 0b11)
    s.alloc_count = 1
    with throws("sweep increased allocation count"):
        SweepLocked(s).sweep(h, False)


def user_arena_chunk(h: Mheap, word: int) -> Mspan:
    s = acquired(h, LARGE, word)
    s.is_user_arena_chunk = True
    return s


def test_a_user_arena_chunk_without_pointers_is_ready_again(h: Mheap) -> None:
    s = user_arena_chunk(h, 0)
    h.user_arena.quarantine_list.insert(s)
    assert not SweepLocked(s).sweep(h, False)
    assert (s.state.get(), h.pages_in_use.load()) == (M_SPAN_DEAD, 0)
    assert h.user_arena.quarantine_list.is_empty()
    assert s.list is h.user_arena.ready_list
    assert not h.lock.held


def test_a_user_arena_chunk_with_pointers_is_swept_again(h: Mheap) -> None:
    s = user_arena_chunk(h, 1)
    assert not SweepLocked(s).sweep(h, False)
    assert only(h.central[LARGE].full_swept(h.sweepgen)) is s


def test_a_user_arena_chunk_is_not_preserved(h: Mheap) -> None:
    with throws("sweep: tried to preserve a user arena span"):
        SweepLocked(user_arena_chunk(h, 0)).sweep(h, True)


def test_a_user_arena_chunk_must_be_in_quarantine(h: Mheap) -> None:
    with throws("user arena span is on the wrong list"):
        SweepLocked(user_arena_chunk(h, 0)).sweep(h, False)


def test_the_swept_span_can_be_initialised_again(h: Mheap) -> None:
    s = acquired(h, ONE_PER_PAGE, 0)
    SweepLocked(s).sweep(h, False)
    h.init_span(s, SPAN_ALLOC_HEAP, TWO_PER_PAGE, s.base(), 1)
    assert s.sweepgen == h.sweepgen


def test_what_is_freed_is_counted(h: Mheap) -> None:
    assert not SweepLocked(acquired(h, TWO_PER_PAGE, 0b10)).sweep(h, False)
    assert SweepLocked(acquired(h, LARGE, 0)).sweep(h, False)
    stats = new_heap_stats_delta(h.config)
    h.runtime.memstats.heap_stats.read(h, stats)
    assert [each.load() for each in stats.small_free_count] == [0, 1, 0]
    assert (stats.large_free_count.load(), stats.large_free.load()) == (1, PAGE)
    assert h.runtime.gc_controller.total_free.load() == 4096 + PAGE


def test_an_electric_fence_keeps_a_large_object_from_being_used_again(h: Mheap) -> None:
    h.runtime.debug.efence = 1
    s = acquired(h, LARGE, 0)
    assert SweepLocked(s).sweep(h, False)
    assert (s.state.get(), s.limit) == (M_SPAN_IN_USE, 0)
    with pytest.raises(MemoryFault):
        h.runtime.mem.write(s.base(), 8)


def test_clobbering_spoils_what_is_freed_and_nothing_else(h: Mheap) -> None:
    h.runtime.debug.clobberfree = 1
    s = acquired(h, TWO_PER_PAGE, 0b01)
    sys_used(h, s.base(), PAGE, PAGE)
    SweepLocked(s).sweep(h, False)
    h.runtime.mem.check_zero(s.base(), 4096)
    with pytest.raises(MemoryFault):
        h.runtime.mem.check_zero(s.base() + 4096, 8)


def test_pins_are_kept_while_there_are_any(h: Mheap) -> None:
    s = acquired(h, TWO_PER_PAGE, 0b11)
    old = s.new_pinner_bits(h)
    s.pinner_bits = old
    pinner_bits_of_object(old, 1).set_pinned(True)
    SweepLocked(s).sweep(h, False)
    assert s.pinner_bits is not None
    assert s.pinner_bits != old
    assert pinner_bits_of_object(s.pinner_bits, 1).is_pinned()
    pinner_bits_of_object(s.pinner_bits, 1).set_pinned(False)
    s.sweepgen = u32(h.sweepgen - 1)
    set_marks(s, 0b11)
    SweepLocked(s).sweep(h, False)
    assert s.pinner_bits is None
