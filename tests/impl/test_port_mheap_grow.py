"""Growing the heap: by chunks, over gaps, and not at all; absurd requests; the list of spans."""

from dataclasses import replace

import pytest

from impl.config import LINUX_386, LINUX_AMD64, LINUX_ARM64, MINIATURE, Config
from impl.heapgrow import recordspan
from impl.malloc import mallocgc
from impl.mgc import gcinit
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.rt import AddressSpace, M, MemoryFault, MemoryState, lock, run_on, unlock
from impl.runtime import new_mheap
from impl.sizeof import (
    arena_hint_size,
    arena_l2_size,
    heap_arena_size,
    mcache_size,
    mspan_size,
    special_pin_counter_size,
    special_reachable_size,
    specialfinalizer_size,
    specialprofile_size,
)
from impl.spanclass import make_span_class
from impl.spanof import span_of
from tests.impl.port_heap import throws

LARGE = make_span_class(0, False)
PAGE = LINUX_AMD64.page_size
CHUNK = LINUX_AMD64.palloc_chunk_bytes
ARENA = LINUX_AMD64.heap_arena_bytes
FIRST = 0xC0 << 32


def heap(config: Config = LINUX_AMD64, mem: AddressSpace | None = None) -> Mheap:
    """A heap whose first cycle has no sweep before it, as after gcinit."""
    h = new_mheap(config, mem)
    gcinit(h)
    return h


def grow(h: Mheap, npage: int) -> tuple[int, bool]:
    """Mheap.grow under the heap's lock."""
    lock(h.lock)
    grown = h.grow(npage)
    unlock(h.lock)
    return grown


def ranges(h: Mheap) -> list[tuple[int, int]]:
    """(base, limit) of the address ranges that the page allocator owns."""
    return [(r.base, r.limit) for r in h.pages.in_use.ranges]


def test_the_heap_grows_by_whole_chunks_within_its_arena() -> None:
    h = heap()
    assert grow(h, 1) == (CHUNK, True)
    assert (h.cur_arena.base, h.cur_arena.end) == (FIRST + CHUNK, FIRST + ARENA)
    assert grow(h, 513) == (2 * CHUNK, True)
    assert ranges(h) == [(FIRST, FIRST + 3 * CHUNK)]
    assert h.runtime.gc_controller.heap_released.load() == 3 * CHUNK
    assert h.runtime.memstats.heap_stats.stats[0].released.load() == 3 * CHUNK
    assert h.runtime.mem.state(FIRST + 3 * CHUNK - 1) == MemoryState.PREPARED
    assert h.runtime.mem.state(FIRST + 3 * CHUNK) == MemoryState.RESERVED


def test_a_full_arena_is_followed_by_the_next() -> None:
    h = heap()
    assert grow(h, 8192 - 512) == (ARENA - CHUNK, True)
    assert grow(h, 1024) == (2 * CHUNK, True)
    assert (h.cur_arena.base, h.cur_arena.end) == (FIRST + ARENA + CHUNK, FIRST + 2 * ARENA)
    assert ranges(h) == [(FIRST, FIRST + ARENA + CHUNK)]


def test_over_a_gap_the_rest_of_the_arena_is_added_too() -> None:
    h = heap()
    grow(h, 512)
    assert h.runtime.mem.reserve(FIRST + ARENA, 4096) == FIRST + ARENA
    second = 1 << 40 | FIRST
    assert grow(h, 8192) == (2 * ARENA - CHUNK, True)
    assert ranges(h) == [(FIRST, FIRST + ARENA), (second, second + ARENA)]
    assert (h.cur_arena.base, h.cur_arena.end) == (second + ARENA, second + ARENA)
    assert h.runtime.gc_controller.heap_released.load() == 2 * ARENA
    assert h.runtime.memstats.heap_stats.stats[0].released.load() == 2 * ARENA
    low, high = h.alloc(8192, LARGE), h.alloc(8192, LARGE)
    assert low is not None
    assert high is not None
    assert (low.base(), high.base()) == (FIRST, second)
    assert span_of(h, second + ARENA - 1) is high


def test_a_heap_that_grew_downwards_is_used_from_its_lowest_address() -> None:
    h = heap()
    hint = h.arena_hints.first
    assert hint is not None
    hint.down = True
    s = h.alloc(1, LARGE)
    assert s is not None
    assert s.base() == FIRST - ARENA
    big = h.alloc(8192, LARGE)
    assert big is not None
    assert big.base() == FIRST - 2 * ARENA
    assert len(ranges(h)) == 1


def test_physical_pages_bigger_than_a_chunk_round_the_growth_up() -> None:
    config = replace(
        MINIATURE, phys_page_size=128 << 10, phys_page_aligned_stacks=False, name="coarse"
    )
    h = heap(config)
    assert grow(h, 1) == (128 << 10, True)


def test_no_address_space_no_growth() -> None:
    h = heap()
    grow(h, 1)
    h.runtime.mem.refuses = lambda _v, _n: True
    before = (h.cur_arena.base, h.cur_arena.end, h.runtime.gc_controller.heap_released.load())
    assert grow(h, 8192) == (0, False)
    assert (
        h.cur_arena.base,
        h.cur_arena.end,
        h.runtime.gc_controller.heap_released.load(),
    ) == before
    assert grow(h, 8192 - 512) == (ARENA - CHUNK, True), "what is left of the arena still serves"


def test_growing_needs_the_lock() -> None:
    with throws("not holding required lock!"):
        heap().grow(1)


@pytest.mark.parametrize("config", [LINUX_AMD64, LINUX_ARM64])
@pytest.mark.parametrize("npages", [1 << 35, 1 << 36, 1 << 50, (1 << 51) - 16384])
def test_more_than_the_address_space_is_out_of_memory(config: Config, npages: int) -> None:
    """Go tries and drops every hint; later the system chooses the heap's places."""
    h = heap(config)
    assert h.alloc(1, LARGE) is not None
    structures, reserved = h.spanalloc.inuse, h.runtime.mem.reserved
    books = (h.runtime.gc_controller.heap_released.load(), h.runtime.gc_controller.heap_free.load())
    assert h.alloc(npages, LARGE) is None
    assert not h.lock.held
    assert (h.spanalloc.inuse, h.runtime.mem.reserved) == (structures, reserved)
    assert (
        h.runtime.gc_controller.heap_released.load(),
        h.runtime.gc_controller.heap_free.load(),
    ) == books
    assert h.arena_hints.first is None
    assert h.alloc(100_000, LARGE) is not None


@pytest.mark.parametrize(
    ("npages", "text"),
    [
        ((1 << 51) - 1, "attempted to add zero-sized address range"),
        ((1 << 51) - 512, "sysMemStat overflow"),
    ],
)
def test_the_last_requests_before_the_words_end_throw(npages: int, text: str) -> None:
    """Rounded up to a chunk or to an arena they wrap: Go relies on callers not to come so far."""
    with throws(text):
        heap().alloc(npages, LARGE)


def test_objects_near_the_end_of_the_words_are_refused() -> None:
    for size in ((1 << 64) - 1, (1 << 64) - PAGE, 1 << 48):
        with throws("out of memory"), run_on(M()):
            mallocgc(heap(), size, None, False)


def test_32_bit_requests_beyond_memory_fail() -> None:
    h = heap(LINUX_386)
    assert h.alloc(1, LARGE) is not None
    free = h.runtime.gc_controller.heap_free.load()
    assert h.alloc((3 << 30) // PAGE, LARGE) is None
    assert not h.lock.held
    assert h.runtime.gc_controller.heap_free.load() == free
    assert h.alloc(1 << 14, LARGE) is not None


def test_a_32_bit_request_that_wraps_in_the_linear_allocator_is_caught_by_the_system() -> None:
    """linearAlloc.alloc computes p+size without a look at overflow, and goes backwards.

    Go asks the system to map what it got, which is refused, as the simulation does.
    """
    h = heap(LINUX_386)
    with pytest.raises(MemoryFault, match="should be RESERVED"):
        h.alloc(((1 << 32) - (4 << 20)) // PAGE, LARGE)


def test_the_list_of_spans_grows_by_half_and_gives_the_old_one_back() -> None:
    h = heap()
    lock(h.lock)
    other, spans = h.runtime.memstats.other_sys.load(), []
    for i in range(8193 + 4096):
        spans.append(Mspan())
        recordspan(h, spans[i])
        if i == 0:
            assert h.allspans.cap == 8192
            assert h.runtime.memstats.other_sys.load() == other + 8192 * 8
        if i == 8192:
            assert h.allspans.cap == 12288
            assert h.runtime.memstats.other_sys.load() == other + 12288 * 8
    unlock(h.lock)
    assert h.allspans.len == 12289
    assert h.allspans.cap == 18432
    assert all(h.allspans.at(i) is spans[i] for i in range(12289))
    for i in (-1, 12289):
        with pytest.raises(IndexError):
            h.allspans.at(i)


def test_without_memory_for_the_list_of_spans_it_throws() -> None:
    h = heap()
    grow(h, 1)
    lock(h.lock)
    h.runtime.mem.limit = h.runtime.mem.reserved
    with throws("runtime: cannot allocate memory"):
        recordspan(h, Mspan())


def test_recording_needs_the_lock() -> None:
    with throws("not holding required lock!"):
        recordspan(heap(), Mspan())


def test_each_structure_is_in_the_list_once() -> None:
    h = heap(MINIATURE)
    spans = [h.alloc(1, LARGE) for _ in range(5)]
    for s in spans[1:3]:
        assert s is not None
        h.free_span(s)
    h.alloc(1, LARGE)
    assert [h.allspans.at(i) for i in range(h.allspans.len)] == spans


def test_a_512_gib_heap_costs_what_is_used_of_it() -> None:
    h = heap()
    assert grow(h, (512 << 30) // PAGE) == (512 << 30, True)
    assert len(h.all_arenas) == 8192
    assert h.alloc(3, LARGE) is not None
    arena = h.arenas[0][h.all_arenas[0]]  # type: ignore[index]  # there is an L2 map
    assert arena is not None
    assert arena.spans.touched() == [0, 1, 2]
    last = h.arenas[0][h.all_arenas[8191]]  # type: ignore[index]  # there is an L2 map
    assert last is not None
    assert last.spans.touched() == last.bitmap.touched() == last.page_in_use.touched() == []


def test_structures_have_gos_sizes() -> None:
    """What go/types says of the installed source for gc on amd64, and the fields add up to for 386."""
    sizes = (
        mspan_size,
        mcache_size,
        specialfinalizer_size,
        specialprofile_size,
        special_reachable_size,
        special_pin_counter_size,
        arena_hint_size,
        heap_arena_size,
    )
    amd64 = [size(LINUX_AMD64) for size in sizes]
    assert amd64 == [168, 1200, 48, 24, 24, 24, 24, 1_133_584]
    assert [size(LINUX_386) for size in sizes] == [96, 600, 24, 12, 12, 12, 12, 137_416]
    assert arena_l2_size(LINUX_AMD64) == 32 << 20
