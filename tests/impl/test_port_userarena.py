"""User arenas: chunks are carved from both ends, fault when freed, are reused when unreachable."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.gcphase import GC_MARK, GC_MARK_TERMINATION, GC_OFF
from impl.malloc import ZEROBASE, Type
from impl.mbitmap import heap_bits_for_addr
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from impl.mstats import new_heap_stats_delta
from impl.proc import start_the_world_with_sema, stop_the_world_with_sema
from impl.rt import MemoryFault, MemoryState, Panic, getm
from impl.runtime import new_mheap
from impl.spanclass import make_span_class
from impl.spanof import span_of
from impl.userarena import (
    UserArena,
    free_user_arena_chunk,
    in_user_arena_chunk,
    new_user_arena,
    new_user_arena_chunk,
)
from impl.userarenastate import UserArenaState
from tests.impl.port_heap import slice_of, throws
from tests.impl.port_sweep import collect, program

CHUNK = MINIATURE.user_arena_chunk_bytes
LARGEST = CHUNK // 4
"""The largest object that comes from a chunk."""

SCALARS = Type(LARGEST, 0)
POINTER = Type(8, 8, 8, 1)


@pytest.fixture
def h() -> Iterator[Mheap]:
    with program() as heap:
        yield heap


def listed(first: Mspan | None) -> list[Mspan]:
    found = []
    while first is not None:
        found.append(first)
        first = first.next
    return found


def quarantined(h: Mheap) -> list[Mspan]:
    return listed(h.user_arena.quarantine_list.first)


def ready(h: Mheap) -> list[Mspan]:
    return listed(h.user_arena.ready_list.first)


class Books(NamedTuple):
    """What is counted of the heap, as far as it counts chunks."""

    heap_in_use: int
    heap_released: int
    mapped_ready: int
    allocated: int
    heap_live: int
    committed: int
    in_heap: int


def books(h: Mheap) -> Books:
    c = h.runtime.gc_controller
    stats = new_heap_stats_delta(h.config)
    stop_the_world_with_sema(h)
    h.runtime.memstats.heap_stats.unsafe_read(h, stats)
    start_the_world_with_sema(h)
    return Books(
        c.heap_in_use.load(),
        c.heap_released.load(),
        c.mapped_ready.load(),
        c.total_alloc.load() - c.total_free.load(),
        c.heap_live.load(),
        stats.committed.load(),
        stats.in_heap.load(),
    )


def full_arena(h: Mheap) -> tuple[UserArena, Mspan]:
    """An arena whose first chunk is full, and that chunk."""
    a = new_user_arena(h)
    first = a.active
    assert first is not None
    for _ in range(5):
        a.new(h, SCALARS)
    assert a.full_list is first
    return a, first


def test_a_chunk_is_a_span_with_one_large_object(h: Mheap) -> None:
    x, s = new_user_arena_chunk(h)
    assert x == s.base()
    assert (s.npages * h.config.page_size, s.limit) == (CHUNK, x + CHUNK)
    assert (s.nelems, s.elemsize, s.freeindex, s.free_index_for_scan, s.alloc_count) == (
        1,
        CHUNK,
        1,
        1,
        1,
    )
    assert (s.spanclass, s.needzero, s.state.get()) == (make_span_class(0, False), 0, M_SPAN_IN_USE)
    assert (s.user_arena_chunk_free.base, s.user_arena_chunk_free.limit) == (x, s.limit)
    assert in_user_arena_chunk(h, x)
    assert in_user_arena_chunk(h, s.limit - 1)
    h.runtime.mem.check_zero(x, CHUNK)
    assert h.central[s.spanclass].full_swept(h.sweepgen).pop() is s
    assert (getm().locks, getm().mallocing) == (0, 0)


def test_a_chunk_is_no_memory_of_the_heap(h: Mheap) -> None:
    x, _ = new_user_arena_chunk(h)
    assert x // h.config.heap_arena_bytes not in h.all_arenas
    assert not h.pages.in_use.contains(x)


def test_only_chunks_are_user_arena_chunks(h: Mheap) -> None:
    s = h.alloc(1, make_span_class(0, False))
    assert s is not None
    assert not in_user_arena_chunk(h, s.base())
    assert not in_user_arena_chunk(h, 0)


OBJECTS = st.lists(
    st.tuples(st.integers(1, LARGEST), st.booleans(), st.sampled_from([1, 2, 4, 8])), max_size=30
)


@given(OBJECTS)
def test_objects_are_aligned_disjoint_and_inside_the_arenas_chunks(
    objects: list[tuple[int, bool, int]],
) -> None:
    with program() as h:
        a = new_user_arena(h)
        taken: list[tuple[int, int]] = []
        for nbytes, pointer, align in objects:
            size = (nbytes + align - 1) // align * align
            typ = Type(size, 8 if pointer and size >= 8 else 0, align, 1)
            x = a.new(h, typ)
            assert x % align == 0
            if size > LARGEST:
                continue
            s = span_of(h, x)
            assert s is a.active
            assert s is not None
            assert s.base() <= x
            assert x + size <= s.limit
            h.runtime.mem.check_zero(x, size)
            h.runtime.mem.write(x, size)
            taken.append((x, x + size))
            rest = s.user_arena_chunk_free
            assert x + size <= rest.base if typ.ptr_bytes else x >= rest.limit
        taken.sort()
        assert all(low[1] <= high[0] for low, high in pairwise(taken))
        assert len(a.refs) == 1 + len(listed(a.full_list))
        assert a.active is not None
        chunks = [*reversed(listed(a.full_list)), a.active]
        assert list(a.refs) == [s.base() for s in chunks]


def test_objects_too_large_for_a_chunk_come_from_the_heap(h: Mheap) -> None:
    a = new_user_arena(h)
    x = a.new(h, Type(LARGEST + 8, 0))
    assert not in_user_arena_chunk(h, x)
    assert not in_user_arena_chunk(h, a.slice(h, Type(8, 8, 8, 1), LARGEST // 8 + 1))


def test_what_has_no_bytes_needs_no_memory(h: Mheap) -> None:
    a = new_user_arena(h)
    assert a.new(h, Type(0, 0)) == a.slice(h, POINTER, 0) == ZEROBASE


def test_the_bytes_of_an_array_must_not_wrap(h: Mheap) -> None:
    with throws("out of memory"):
        new_user_arena(h).slice(h, POINTER, 1 << 61)
    with pytest.raises(Panic, match=r"^userArena.slice: negative cap$"):
        new_user_arena(h).slice(h, POINTER, -1)


TYPES = st.sampled_from([1, 2, 31, 32, 64, 100, 128, 150]).flatmap(
    lambda n: st.tuples(st.just(n), st.integers(1, (1 << n) - 1), st.integers(-1, 3))
)


def pointers(h: Mheap, addr: int, size: int) -> list[int]:
    """The addresses of the pointers in an object, as a scan finds them."""
    found: list[int] = []
    hb = heap_bits_for_addr(h, addr, size)
    while True:
        hb, p = hb.next(h)
        if p == 0:
            return found
        found.append(p)


@given(st.lists(TYPES, max_size=12))
def test_a_scan_of_an_object_or_of_the_chunk_finds_just_the_pointers(
    objects: list[tuple[int, int, int]],
) -> None:
    with program() as h:
        a = new_user_arena(h)
        every: list[int] = []
        for nwords, mask, cap in objects:
            typ = Type(8 * nwords, 8 * mask.bit_length(), 8, mask)
            x = a.alloc(h, typ, cap)
            for i in range(abs(cap)):
                at = x + 8 * nwords * i
                mine = [at + 8 * n for n in range(nwords) if mask >> n & 1]
                assert pointers(h, at, 8 * nwords) == mine
                every += mine
        # For the collector the chunk is one object.
        assert a.active is not None
        assert a.full_list is None
        assert pointers(h, a.active.base(), CHUNK) == every


def test_a_reused_chunk_has_a_clean_bitmap_and_clean_memory(h: Mheap) -> None:
    a = new_user_arena(h)
    x = a.slice(h, POINTER, 512)
    h.runtime.mem.write(x, 4096)
    s = a.active
    assert s is not None
    free_user_arena_chunk(h, s, x)
    collect(h, [])
    assert h.alloc_user_arena_chunk() is s
    h.runtime.mem.check_zero(s.base(), CHUNK)
    assert heap_bits_for_addr(h, s.base(), CHUNK).next(h)[1] == 0


def test_a_freed_chunk_faults_in_quarantine_until_nothing_points_to_it(h: Mheap) -> None:
    before = books(h)
    x, s = new_user_arena_chunk(h)
    during = books(h)
    assert during == Books(*(n + CHUNK for n in before))._replace(
        heap_released=before.heap_released,
        mapped_ready=during.mapped_ready,  # with the metadata of a new arena
    )
    free_user_arena_chunk(h, s, x)
    assert books(h) == before._replace(mapped_ready=during.mapped_ready - CHUNK)
    assert h.runtime.mem.state(x) == MemoryState.RESERVED
    with pytest.raises(MemoryFault):
        h.runtime.mem.read(x, 1)
    assert quarantined(h) == [s]
    assert s.spanclass == make_span_class(0, True)

    collect(h, [x + 8])
    assert (quarantined(h), ready(h), s.state.get()) == ([s], [], M_SPAN_IN_USE)
    in_use = h.pages_in_use.load()
    collect(h, [])
    assert (quarantined(h), ready(h), s.state.get()) == ([], [s], M_SPAN_DEAD)
    assert h.pages_in_use.load() == in_use - s.npages

    y, again = new_user_arena_chunk(h)
    assert (y, again) == (x, s)
    assert ready(h) == []
    assert s.spanclass == make_span_class(0, False)


def test_a_chunk_freed_while_the_collector_runs_is_set_to_fault_later(h: Mheap) -> None:
    (x, s), (y, other) = new_user_arena_chunk(h), new_user_arena_chunk(h)
    h.runtime.gcphase = GC_MARK
    free_user_arena_chunk(h, s, x)
    assert list(h.runtime.user_arena_state.fault) == [(s, x)]
    assert h.runtime.mem.state(x) == MemoryState.READY
    h.runtime.gcphase = GC_OFF
    free_user_arena_chunk(h, other, y)
    assert len(h.runtime.user_arena_state.fault) == 0
    assert quarantined(h) == [s, other]


def test_a_cycle_sets_what_waits_to_fault(h: Mheap) -> None:
    x, s = new_user_arena_chunk(h)
    h.runtime.gcphase = GC_MARK
    free_user_arena_chunk(h, s, x)
    h.runtime.gcphase = GC_OFF
    collect(h, [x])
    assert (list(h.runtime.user_arena_state.fault), quarantined(h)) == ([], [s])
    collect(h, [])
    assert ready(h) == [s]


def test_a_chunk_that_is_not_freed_stays_while_something_points_to_it(h: Mheap) -> None:
    x, s = new_user_arena_chunk(h)
    collect(h, [x])
    assert s.state.get() == M_SPAN_IN_USE
    h.runtime.mem.write(x, CHUNK)


def test_a_chunk_that_was_forgotten_is_a_mistake_of_the_arena(h: Mheap) -> None:
    new_user_arena_chunk(h)
    with throws("user arena span is on the wrong list"):
        collect(h, [])


def test_an_arena_gives_full_chunks_back_and_leaves_the_active_one_to_others(h: Mheap) -> None:
    a, first = full_arena(h)
    active = a.active
    a.free(h)
    assert (a.active, list(a.refs), a.full_list) == (None, [], None)
    assert quarantined(h) == [first]
    assert active is not None
    free = active.user_arena_chunk_free
    b = new_user_arena(h)
    assert (b.active, list(b.refs)) == (active, [active.base()])
    assert active.user_arena_chunk_free == free
    assert len(h.runtime.user_arena_state.reuse) == 0


def test_an_arena_is_freed_once(h: Mheap) -> None:
    a = new_user_arena(h)
    a.free(h)
    with pytest.raises(Panic, match=r"^arena double free$"):
        a.free(h)


def test_the_references_are_those_of_the_chunks(h: Mheap) -> None:
    a, _ = full_arena(h)
    a.refs = slice_of(0, *a.refs)
    with throws("full list doesn't match refs list in length"):
        a.free(h)


def test_a_chunk_is_not_left_while_the_largest_object_fits(h: Mheap) -> None:
    with throws("wasted too much memory in an arena chunk"):
        new_user_arena(h).refill(h)


def test_a_chunk_born_while_the_collector_runs_is_marked(h: Mheap) -> None:
    h.runtime.gcphase = GC_MARK
    _, s = new_user_arena_chunk(h)
    assert s.mark_bits_for_base().is_marked()
    h.runtime.gcphase = GC_MARK_TERMINATION
    with throws("newUserArenaChunk called with gcphase == _GCmarktermination"):
        new_user_arena_chunk(h)


@pytest.mark.parametrize("call", [new_user_arena_chunk, lambda h: new_user_arena(h)])
def test_without_memory_an_arena_ends_the_program(
    h: Mheap, call: Callable[[Mheap], object]
) -> None:
    h.runtime.mem.refuses = lambda _v, _n: True
    with throws("out of memory"):
        call(h)


def test_without_memory_there_is_no_chunk_and_nothing_is_lost(h: Mheap) -> None:
    h.runtime.mem.refuses = lambda _v, _n: True
    before = (books(h), h.allspans.len, h.spanalloc.inuse)
    assert h.alloc_user_arena_chunk() is None
    assert (books(h), h.allspans.len, h.spanalloc.inuse) == before
    assert not h.lock.held


def test_allocation_within_allocation_is_a_deadlock(h: Mheap) -> None:
    a = new_user_arena(h)
    getm().mallocing = 1
    with throws("malloc deadlock"):
        a.new(h, POINTER)
    with throws("malloc deadlock"):
        new_user_arena_chunk(h)


def test_a_chunk_that_needs_zeroing_is_a_mistake(h: Mheap) -> None:
    a = new_user_arena(h)
    assert a.active is not None
    a.active.needzero = 1
    with throws("arena chunk needs zeroing, but should already be zeroed"):
        a.new(h, POINTER)


def test_only_whole_chunks_are_freed(h: Mheap) -> None:
    s = h.alloc(1, make_span_class(0, False))
    assert s is not None
    with throws("span is not for a user arena"):
        free_user_arena_chunk(h, s, s.base())
    with throws("invalid span in heapArena for user arena"):
        s.set_user_arena_chunk_to_fault(h)
    s.is_user_arena_chunk = True
    with throws("invalid user arena span size"):
        free_user_arena_chunk(h, s, s.base())
    with throws("span on userArena.faultList has invalid size"):
        s.set_user_arena_chunk_to_fault(h)


@pytest.mark.parametrize(("config", "chunks"), [(LINUX_AMD64, 8), (LINUX_386, 1)])
def test_an_arena_that_has_more_chunks_leaves_the_others_ready(config: Config, chunks: int) -> None:
    h = new_mheap(config)
    s = h.alloc_user_arena_chunk()
    assert s is not None
    others = [s.base() + n * config.user_arena_chunk_bytes for n in range(1, chunks)]
    assert [each.base() for each in ready(h)] == others
    assert all(each.state.get() == M_SPAN_DEAD for each in ready(h))
    if others:
        again = h.alloc_user_arena_chunk()
        assert again is not None
        assert again.base() == others[0]


def test_chunks_must_fit_the_platform() -> None:
    with throws("user arena chunk size is not a multiple of the physical page size"):
        UserArenaState().init(replace(MINIATURE, phys_page_size=2 * CHUNK))
