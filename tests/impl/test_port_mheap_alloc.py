"""Getting spans: caches of pages and of structures, alignment, scavenging on the way, the books."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impl.config import (
    LINUX_386,
    LINUX_AMD64,
    LINUX_ARM64,
    MINIATURE,
    MINIATURE_L1,
    OPENBSD_AMD64,
    WINDOWS_AMD64,
    Config,
)
from impl.mgc import gc
from impl.mheap import Mheap, runtime_debug_free_os_memory
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_IN_USE, M_SPAN_MANUAL
from impl.mstats import new_heap_stats_delta
from impl.rt import U64_MAX, M, MemoryFault, MemoryState, getm, lock, run_on, unlock
from impl.runtime import new_mheap
from impl.spanalloctype import (
    SPAN_ALLOC_HEAP,
    SPAN_ALLOC_PTR_SCALAR_BITS,
    SPAN_ALLOC_STACK,
    SPAN_ALLOC_WORK_BUF,
)
from impl.spanclass import make_span_class
from impl.spanof import span_of
from tests.impl.port_heap import heap_of, throws
from tests.impl.port_sweep import program

LARGE = make_span_class(0, False)
PAGE = LINUX_AMD64.page_size
FIRST = 0xC0 << 32
TYPES = {
    SPAN_ALLOC_HEAP: "in_heap",
    SPAN_ALLOC_STACK: "in_stacks",
    SPAN_ALLOC_PTR_SCALAR_BITS: "in_ptr_scalar_bits",
    SPAN_ALLOC_WORK_BUF: "in_work_bufs",
}


def alloc(h: Mheap, npages: int, typ: int = SPAN_ALLOC_HEAP) -> Mspan:
    """A span of the heap, which has memory for it."""
    s = h.alloc(npages, LARGE) if typ == SPAN_ALLOC_HEAP else h.alloc_manual(npages, typ)
    assert s is not None
    return s


def free(h: Mheap, s: Mspan, typ: int = SPAN_ALLOC_HEAP) -> None:
    """Gives a span back."""
    if typ == SPAN_ALLOC_HEAP:
        h.free_span(s)
    else:
        h.free_manual(s, typ)


def check_books(h: Mheap, spans: list[tuple[Mspan, int]]) -> None:
    """The counters agree with each other and with the spans that are allocated."""
    page = h.config.page_size
    stats = new_heap_stats_delta(h.config)
    for i in range(3):
        stats.merge(h.runtime.memstats.heap_stats.stats[i])
    c = h.runtime.gc_controller
    for typ, name in TYPES.items():
        assert getattr(stats, name).load() == sum(s.npages for s, t in spans if t == typ) * page
    assert c.heap_in_use.load() == stats.in_heap.load()
    assert c.heap_released.load() == stats.released.load()
    in_use = sum(s.npages for s, _ in spans) * page
    assert stats.committed.load() == in_use + c.heap_free.load()
    heap_pages = sum(s.npages for s, t in spans if t == SPAN_ALLOC_HEAP)
    assert h.pages_in_use.load() == heap_pages


ACTIONS = st.lists(
    st.tuples(
        st.booleans(), st.integers(1, 40), st.sampled_from(sorted(TYPES)), st.integers(0, 99)
    ),
    max_size=40,
)


@pytest.mark.parametrize("with_p", [False, True])
@pytest.mark.parametrize(
    "config", [MINIATURE, MINIATURE_L1, LINUX_AMD64, WINDOWS_AMD64, OPENBSD_AMD64, LINUX_386]
)
@settings(max_examples=25)
@given(actions=ACTIONS)
def test_spans_are_disjoint_complete_and_accounted_for(
    config: Config, with_p: bool, actions: list[tuple[bool, int, int, int]]
) -> None:
    with program(1, config) as h, run_on(getm() if with_p else M()):
        spans: list[tuple[Mspan, int]] = []
        for allocate, npages, typ, pick in actions:
            if allocate:
                s = h.alloc_span(npages, typ, LARGE)
                if s is not None:
                    spans.append((s, typ))
                    h.runtime.mem.write(s.base(), npages * h.config.page_size)
                else:
                    assert config in (MINIATURE, MINIATURE_L1)
            elif spans:
                s, typ = spans.pop(pick % len(spans))
                free(h, s, typ)
            assert not h.lock.held
            check_books(h, spans)
        pages: dict[int, Mspan] = {}
        for s, typ in spans:
            assert s.state.get() == (M_SPAN_IN_USE if typ == SPAN_ALLOC_HEAP else M_SPAN_MANUAL)
            for i in range(s.npages):
                address = s.base() + i * h.config.page_size
                assert address not in pages
                pages[address] = s
                assert span_of(h, address) is s


def test_small_spans_come_from_the_page_cache_without_the_lock() -> None:
    with program(1, LINUX_AMD64) as h:
        pp = getm().p
        alloc(h, 1)
        assert pp.pcache.empty(), "when the heap was empty there was nothing to fill it with"
        first = alloc(h, 1)
        assert not pp.pcache.empty()
        assert pp.mspancache.len == 62
        lock(h.lock)
        unlocked = [h.alloc_span(n, SPAN_ALLOC_HEAP, LARGE) for n in (1, 2, 4)]
        unlock(h.lock)
        bases = [s.base() - first.base() for s in unlocked if s is not None]
        assert bases == [PAGE, 2 * PAGE, 4 * PAGE]
        assert pp.mspancache.len == 59


def test_spans_of_a_quarter_of_a_cache_take_the_lock() -> None:
    with program(1, LINUX_AMD64) as h:
        alloc(h, 1)
        alloc(h, 1)
        cache = getm().p.pcache.cache
        alloc(h, 16)
        assert getm().p.pcache.cache == cache != 0
        alloc(h, 15)
        assert getm().p.pcache.cache.bit_count() == cache.bit_count() - 15


def test_pages_of_the_cache_are_kept_when_the_structure_is_missing() -> None:
    with program(1, LINUX_AMD64) as h:
        alloc(h, 1)
        first = alloc(h, 1)
        pp = getm().p
        pp.mspancache.len = 0
        s = alloc(h, 1)
        assert s.base() == first.base() + PAGE
        assert pp.mspancache.len == 63


def test_span_structures_go_back_to_the_ps_cache_until_it_is_full() -> None:
    with program(1, MINIATURE) as h:
        pp = getm().p
        spans = [alloc(h, 1) for _ in range(6)]
        size = h.spanalloc.size
        assert (pp.mspancache.len, h.spanalloc.inuse) == (0, 6 * size)
        for s in spans:
            free(h, s)
        assert (pp.mspancache.len, h.spanalloc.inuse) == (4, 4 * size)
        assert alloc(h, 1) is spans[3], "the last one in is the first one out"
        with run_on(M()):
            assert alloc(h, 1) is spans[5], "without a P they come from the heap's pool"


def test_stacks_start_at_physical_pages_where_they_must() -> None:
    assert OPENBSD_AMD64.phys_page_size == 8 * PAGE
    h = new_mheap(OPENBSD_AMD64)
    alloc(h, 1)
    for n in (1, 3, 8, 600):
        assert alloc(h, n, SPAN_ALLOC_STACK).base() % OPENBSD_AMD64.phys_page_size == 0
        assert alloc(h, 1, SPAN_ALLOC_WORK_BUF).base() % OPENBSD_AMD64.phys_page_size != 0
    check = [span_of(h, FIRST + i * PAGE) for i in (0, 8)]
    assert None not in check


def test_elsewhere_stacks_are_like_other_spans() -> None:
    h = new_mheap(LINUX_ARM64)
    assert LINUX_ARM64.phys_page_size > LINUX_ARM64.page_size
    first = alloc(h, 1).base()
    assert alloc(h, 1, SPAN_ALLOC_STACK).base() == first + PAGE


def test_aligned_stacks_grow_the_heap_by_their_alignment_too() -> None:
    config = replace(OPENBSD_AMD64, arena_hints=(OPENBSD_AMD64.heap_arena_bytes,))
    h = new_mheap(config)
    h.runtime.mem.refuses = lambda v, _n: v == 0
    s = h.alloc_manual(512, SPAN_ALLOC_STACK)
    assert s is not None
    assert h.runtime.gc_controller.heap_released.load() == 512 * PAGE, (
        "two chunks, one of them in use"
    )
    h.runtime.mem.refuses = lambda _v, _n: True
    assert h.alloc_manual(config.pages_per_arena, SPAN_ALLOC_STACK) is None
    assert not h.lock.held


def fragment(h: Mheap, npages: int) -> tuple[int, Mspan]:
    """(base of a free run of npages pages, committed; the span above it that keeps it apart).

    It was freed long ago, as far as the scavenger is concerned.
    """
    low, guard = alloc(h, npages), alloc(h, 512 - npages % 512)
    base = low.base()
    free(h, low)
    h.pages.scav.index.next_gen()
    h.runtime.scavenge.gc_percent_goal.store(U64_MAX)
    return base, guard


def test_before_the_first_collection_every_growth_scavenges() -> None:
    """Go leaves the goal at 0 until then, which is a goal and not none."""
    with program(1, LINUX_AMD64) as h:
        fragment(h, 4096)
        h.runtime.scavenge.gc_percent_goal.store(0)
        alloc(h, 4608)
        assert h.pages.scav.released_eager.load() == 4096 * PAGE


def test_the_memory_limit_makes_allocation_give_other_memory_back() -> None:
    with program(1, LINUX_AMD64) as h:
        low, guard = fragment(h, 4096)
        before = h.runtime.gc_controller.heap_free.load()
        assert before == 4096 * PAGE
        h.runtime.gc_controller.memory_limit.store(h.runtime.gc_controller.mapped_ready.load())
        far = alloc(h, 8192)
        assert h.runtime.gc_controller.heap_free.load() == 0
        assert h.pages.scav.released_eager.load() == before
        h.runtime.mem.write(far.base(), PAGE)
        check_books(h, [(guard, SPAN_ALLOC_HEAP), (far, SPAN_ALLOC_HEAP)])
        with pytest.raises(MemoryFault):
            h.runtime.mem.write(low, PAGE)


def test_the_limit_takes_memory_that_was_in_use_a_moment_ago() -> None:
    with program(1, LINUX_AMD64) as h:
        low, _ = alloc(h, 512), alloc(h, 512)
        free(h, low)
        h.runtime.scavenge.gc_percent_goal.store(U64_MAX)
        h.runtime.gc_controller.memory_limit.store(0)
        alloc(h, 600)
        assert h.pages.scav.released_eager.load() == 512 * PAGE


def test_it_gives_back_no_more_than_the_limit_asks_for() -> None:
    with program(1, LINUX_AMD64) as h:
        fragment(h, 4096)
        room = 100 * PAGE
        limit = h.runtime.gc_controller.mapped_ready.load() + room
        h.runtime.gc_controller.memory_limit.store(limit)
        alloc(h, 4608)
        released = h.pages.scav.released_eager.load()
        assert 4096 * PAGE >= released >= 4000 * PAGE


def test_a_limit_beyond_what_is_mapped_changes_nothing() -> None:
    with program(1, LINUX_AMD64) as h:
        fragment(h, 4096)
        need = h.runtime.gc_controller.mapped_ready.load() + 8192 * PAGE
        h.runtime.gc_controller.memory_limit.store(need + (64 << 20))
        alloc(h, 8192)
        assert h.pages.scav.released_eager.load() == 0


def test_a_limited_collector_does_not_scavenge_for_the_limit() -> None:
    with program(1, LINUX_AMD64) as h:
        fragment(h, 4096)
        h.runtime.gc_controller.memory_limit.store(0)
        h.runtime.gc_cpu_limiter.enabled.store(True)
        alloc(h, 8192)
        assert h.pages.scav.released_eager.load() == 0


def test_a_growing_heap_gives_fragments_back_to_meet_its_goal() -> None:
    with program(1, LINUX_AMD64) as h:
        fragment(h, 4096)
        retained = (
            h.runtime.gc_controller.heap_in_use.load() + h.runtime.gc_controller.heap_free.load()
        )
        growth = 4608 * PAGE  # what 4300 pages need in chunks of 512
        h.runtime.scavenge.gc_percent_goal.store(retained + growth)
        alloc(h, 4300)
        assert h.pages.scav.released_eager.load() == 0, "it is within its goal"
        retained = (
            h.runtime.gc_controller.heap_in_use.load() + h.runtime.gc_controller.heap_free.load()
        )
        h.runtime.scavenge.gc_percent_goal.store(retained + growth - 512 * PAGE)
        alloc(h, 4608)
        released = h.pages.scav.released_eager.load()
        assert 512 * PAGE <= released <= 1024 * PAGE
        h.runtime.scavenge.gc_percent_goal.store(U64_MAX)
        alloc(h, 20000)
        assert h.pages.scav.released_eager.load() == released, "without a goal it does not care"


def test_without_a_p_nothing_is_scavenged() -> None:
    h = new_mheap(LINUX_AMD64)
    h.free_manual(alloc(h, 4096, SPAN_ALLOC_STACK), SPAN_ALLOC_STACK)
    h.runtime.gc_controller.memory_limit.store(0)
    alloc(h, 8192, SPAN_ALLOC_STACK)
    assert h.pages.scav.released_eager.load() == 0


def test_assist_time_is_what_the_clock_says() -> None:
    with program(1, LINUX_AMD64) as h:
        fragment(h, 512)
        h.runtime.gc_controller.memory_limit.store(0)
        unused = h.runtime.mem.unused

        def slow(v: int, n: int) -> None:
            h.runtime.nanotime += 1000
            unused(v, n)

        h.runtime.mem.unused = slow  # type: ignore[method-assign]  # a system that takes its time
        alloc(h, 600)
        assert h.runtime.scavenge.assist_time.load() > 0
        assert h.runtime.scavenge.assist_time.load() % 1000 == 0


def test_scavenge_all_releases_every_free_page() -> None:
    with program(1, LINUX_AMD64) as h:
        kept = alloc(h, 3)
        free(h, alloc(h, 700))
        h.runtime.mem.write(kept.base(), 3 * PAGE)
        h.scavenge_all()
        assert getm().mallocing == 0
        cached = getm().p.pcache
        in_cache = (cached.cache & ~cached.scav).bit_count() * PAGE
        assert h.runtime.gc_controller.heap_free.load() == in_cache
        check_books(h, [(kept, SPAN_ALLOC_HEAP)])
        assert h.runtime.mem.state(kept.base()) == MemoryState.READY
        assert h.runtime.mem.state(kept.base() + 600 * PAGE) == MemoryState.PREPARED


def test_free_os_memory_collects_first() -> None:
    with program(1, LINUX_AMD64) as h:
        dead = alloc(h, 100)
        h.central[LARGE].full_swept(h.sweepgen).push(dead)
        dead.alloc_count = dead.freeindex = 1
        dead.limit = dead.base() + 100 * PAGE
        runtime_debug_free_os_memory(h, lambda: gc(h, lambda _gcw: None))
        assert h.pages_in_use.load() == 0
        assert h.runtime.mem.state(dead.base()) == MemoryState.PREPARED


def test_scavenged_pages_are_committed_when_they_are_used_again() -> None:
    h = new_mheap(LINUX_AMD64)
    h.runtime.sweep.active.state.store(1 << 31)
    s = alloc(h, 10)
    free(h, s)
    h.scavenge_all()
    released = h.runtime.gc_controller.heap_released.load()
    again = alloc(h, 10)
    assert again.base() == s.base()
    assert h.runtime.gc_controller.heap_released.load() == released - 10 * PAGE
    h.runtime.mem.write(again.base(), 10 * PAGE)


def test_no_memory_no_span_and_nothing_leaks() -> None:
    h = heap_of(MINIATURE)
    h.runtime.sweep.active.state.store(1 << 31)
    spans = []
    while (s := h.alloc(3, LARGE)) is not None:
        spans.append(s)
    assert len(spans) == 10, "32 pages in all"
    assert not h.lock.held
    assert h.spanalloc.inuse == 10 * h.spanalloc.size
    check_books(h, [(s, SPAN_ALLOC_HEAP) for s in spans])
    assert h.alloc_manual(3, SPAN_ALLOC_STACK) is None
    for s in spans:
        free(h, s)
    whole = h.alloc(32, LARGE)
    assert whole is not None, "every page came back"
    check_books(h, [(whole, SPAN_ALLOC_HEAP)])


def test_a_cache_without_its_lock_never_loses_pages_when_memory_is_out() -> None:
    config = replace(LINUX_AMD64, arena_hints=(FIRST,), heap_addr_bits=48)
    with program(1, config) as h:
        first = alloc(h, 1)
        h.runtime.mem.refuses = lambda _v, _n: True
        inuse, spare = h.spanalloc.inuse, getm().p.mspancache.len
        assert h.alloc_span(config.pages_per_arena, SPAN_ALLOC_HEAP, LARGE) is None
        assert (h.spanalloc.inuse, getm().p.mspancache.len) == (inuse, spare)
        check_books(h, [(first, SPAN_ALLOC_HEAP)])
        assert not h.lock.held


def test_the_wrong_free_is_refused_before_anything_is_counted() -> None:
    h = new_mheap(MINIATURE)
    s = alloc(h, 1)
    in_use = h.runtime.gc_controller.heap_in_use.load()
    s.alloc_count = 1
    with throws("mheap.freeSpanLocked - invalid free"):
        h.free_span(s)
    assert h.runtime.gc_controller.heap_in_use.load() == in_use


@pytest.mark.parametrize("config", [LINUX_AMD64, OPENBSD_AMD64])
def test_a_growth_that_brings_nothing_throws(
    monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    h = new_mheap(config)
    monkeypatch.setattr(Mheap, "grow", lambda _h, npage: (npage * PAGE, True))
    with throws("grew heap, but no adequate free space found"):
        h.alloc_manual(1, SPAN_ALLOC_STACK)
