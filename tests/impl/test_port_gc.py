"""A whole cycle with Ps: what is marked from roots, what is counted, what becomes of caches."""

import pytest

from impl.config import LINUX_AMD64
from impl.heaparena import page_index_of
from impl.mcheckmark import start_checkmarks
from impl.mgc import (
    GC_BACKGROUND_MODE,
    gc,
    gc_mark,
    gc_mark_done,
    gc_start,
    start_sweeping,
    stop_marking,
)
from impl.mgcmark import (
    find_object,
    gc_mark_root_prepare,
    greyobject,
    markroot_spans,
    scanobject,
    shade,
)
from impl.mgcsweep import NOTHING_TO_SWEEP, is_sweep_done, sweepone
from impl.mgcwork import GcWork
from impl.mheap import Mheap
from impl.proc import start_the_world_with_sema, stop_the_world_with_sema
from impl.procresize import gomaxprocs
from impl.rt import MemoryFault, Panic, getm, u32
from impl.spanalloctype import SPAN_ALLOC_STACK
from impl.spanclass import make_span_class
from impl.special import span_has_specials
from impl.userarena import free_user_arena_chunk, new_user_arena_chunk
from tests.impl.port_heap import ONE_PER_PAGE, PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import collect, heap_span, marks, new_object, program, set_marks

NOSCAN = make_span_class(2, True)


def test_what_roots_lead_to_stays() -> None:
    with program() as h:
        a, b, c, d = (new_object(h, ONE_PER_PAGE) for _ in range(4))
        edges = {a: (b, 0, a + 8), b: (c + 8, a), d: (d,)}
        h.runtime.work.points_to = lambda obj: edges.get(obj, ())
        collect(h, (a,))
        assert is_sweep_done(h)
        assert h.pages_in_use.load() == 3
        assert (h.runtime.work.bytes_marked, h.runtime.gc_controller.heap_live.load()) == (
            3 * PAGE,
            3 * PAGE,
        )
        assert h.runtime.gc_controller.total_free.load() == PAGE
        assert (
            h.runtime.memstats.numgc,
            h.runtime.memstats.numforcedgc,
            h.runtime.work.cycles,
        ) == (1, 1, 1)


def test_an_object_without_pointers_is_not_scanned() -> None:
    with program() as h:
        a, b = new_object(h, NOSCAN), new_object(h, ONE_PER_PAGE)
        h.runtime.work.points_to = lambda obj: (b,) if obj == a else ()
        collect(h, (a,))
        assert h.pages_in_use.load() == 1
        assert h.runtime.gc_controller.heap_live.load() == PAGE
        with throws("scanobject of a noscan object"):
            scanobject(h, a, GcWork())


def test_marks_of_pages_are_those_of_the_last_cycle() -> None:
    with program() as h:
        a, b = new_object(h, ONE_PER_PAGE), new_object(h, ONE_PER_PAGE)
        collect(h, (a, b))
        arena, page_idx, _ = page_index_of(h, a)
        assert arena.page_marks[page_idx] == 0b11
        collect(h, (b,))
        assert arena.page_marks[page_idx] == 0b10


def test_the_block_of_tiny_objects_stays_with_its_cache() -> None:
    with program() as h:
        p = new_object(h, NOSCAN)
        h.runtime.allp[0].mcache.tiny = p
        h.runtime.allp[0].mcache.tinyoffset = 8
        collect(h, ())
        assert h.pages_in_use.load() == 1
        # The flush of the cache lets go of it.
        assert (h.runtime.allp[0].mcache.tiny, h.runtime.allp[0].mcache.tinyoffset) == (0, 0)
        collect(h, ())
        assert h.pages_in_use.load() == 0


def test_grey_objects_of_a_p_that_goes_are_scanned_by_others() -> None:
    with program(2) as h:
        a, b = new_object(h, ONE_PER_PAGE), new_object(h, ONE_PER_PAGE)
        h.runtime.work.points_to = lambda obj: (b,) if obj == a else ()
        gc_start(h)
        shade(h, a, h.runtime.allp[1].gcw)
        gomaxprocs(h, 1)
        assert list(h.runtime.work.full) == [a]
        with pytest.raises(Panic, match=r"^non-empty mark queue after concurrent mark$"):
            gc_mark_done(h)


def test_marking_is_over_before_it_ends() -> None:
    with program() as h:
        gc_start(h)
        stop_marking(h)
        with throws("in gcMark expecting to see gcphase as _GCmarktermination"):
            gc_mark(h, ())
        h.runtime.allp[0].gcw.put(8)
        with throws("P has cached GC work at end of mark termination"):
            start_sweeping(h, (), GC_BACKGROUND_MODE)


def test_caches_are_flushed_while_the_sweep_is_held_up() -> None:
    with program(2) as h:
        new_object(h, ONE_PER_PAGE)
        gc_start(h)
        stop_marking(h)
        sl = start_sweeping(h, (), GC_BACKGROUND_MODE)
        while sweepone(h) != NOTHING_TO_SWEEP:
            pass
        start_the_world_with_sema(h)
        assert h.pages_in_use.load() == 0
        assert not is_sweep_done(h)
        assert h.runtime.allp[1].mcache.flush_gen.load() == u32(h.sweepgen - 2)
        h.runtime.allp[1].mcache.prepare_for_sweep(h)
        h.runtime.sweep.active.end(h, sl)
        assert is_sweep_done(h)


def test_a_cycle_needs_every_p_flushed() -> None:
    with program(2) as h:
        h.runtime.allp[1].mcache.flush_gen.store(u32(h.sweepgen - 2))
        with throws("p mcache not flushed"):
            gc_start(h)


def test_the_page_cache_of_an_idle_p_is_flushed() -> None:
    with program(2, LINUX_AMD64) as h:
        mine, idle = h.runtime.allp
        new_object(h, ONE_PER_PAGE)
        idle.pcache.assign(mine.pcache)
        idle.pinner_cache = mine.pinner_cache = object()
        mine.pcache.cache = 0
        collect(h, ())
        assert idle.pcache.empty()
        assert idle.pinner_cache is mine.pinner_cache is None


def test_a_pointer_must_be_one() -> None:
    with program() as h:
        p = new_object(h, ONE_PER_PAGE)
        stack = h.alloc_manual(1, SPAN_ALLOC_STACK)
        assert stack is not None
        assert find_object(h, stack.base()) == (0, None, 0)
        assert find_object(h, 8) == (0, None, 0)
        base, s, idx = find_object(h, p + 9)
        assert (base, idx) == (p, 0)
        assert s is not None
        s.limit = p + 8
        bad = "found bad pointer in Go heap (incorrect use of unsafe or cgo?)"
        with throws(bad):
            shade(h, p + 9, GcWork())


@pytest.mark.parametrize("behind", [1, 2])
def test_spans_with_records_are_swept_and_in_use(h: Mheap, behind: int) -> None:
    s = heap_span(h, TWO_PER_PAGE)
    span_has_specials(h, s)
    stop_the_world_with_sema(h)
    gc_mark_root_prepare(h)
    assert h.runtime.work.n_span_roots == 2 * 16 // h.config.pages_per_span_root
    markroot_spans(h, GcWork(), 0)
    s.sweepgen = u32(h.sweepgen - behind)
    with throws("gc: unswept span"):
        markroot_spans(h, GcWork(), 0)
    s.state.set(0)
    with throws("non in-use span found with specials bit set"):
        markroot_spans(h, GcWork(), 0)


def test_roots_are_counted_in_a_stopped_world(h: Mheap) -> None:
    with throws("world not stopped"):
        gc_mark_root_prepare(h)


def test_checkmarks_leave_the_marks_alone(h: Mheap) -> None:
    s = heap_span(h, TWO_PER_PAGE)
    set_marks(s, 0b01)
    stop_the_world_with_sema(h)
    start_checkmarks(h)
    gcw = GcWork()
    assert greyobject(h, s.base(), s, 0, gcw)
    assert not greyobject(h, s.base(), s, 0, gcw)
    assert (marks(s), list(gcw.objects)) == (1, [s.base()])
    with throws("checkmark found unmarked object"):
        greyobject(h, s.base() + 4096, s, 1, gcw)
    h.runtime.use_checkmark = False
    assert greyobject(h, s.base() + 4096, s, 1)


def test_the_thread_of_a_cycle_is_not_locked_after_it() -> None:
    with program() as h:
        collect(h, ())
        assert getm().locks == 0


def test_user_arena_chunks_freed_while_marking_are_set_to_fault_after_it() -> None:
    with program(config=LINUX_AMD64) as h:
        x, s = new_user_arena_chunk(h)

        def mark(_: GcWork) -> None:
            free_user_arena_chunk(h, s, x)
            h.runtime.mem.write(x, 8)

        gc(h, mark)
        with pytest.raises(MemoryFault):
            h.runtime.mem.write(x, 8)
        assert (len(h.runtime.user_arena_state.fault), s.list) == (0, h.user_arena.quarantine_list)
        collect(h, ())
        assert s.list is h.user_arena.ready_list
