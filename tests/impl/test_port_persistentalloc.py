"""Pieces that are never given back, and the linear allocator of 32-bit platforms."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64
from impl.linearalloc import LinearAlloc
from impl.mheap import Mheap
from impl.mstats import SysMemStat
from impl.persistentalloc import (
    PERSISTENT_CHUNK_SIZE,
    PersistentAlloc,
    persistentalloc,
)
from impl.rt import M, MemoryState, run_on
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import scavenge_heap

PIECES = st.lists(
    st.tuples(st.integers(1, 70 << 10), st.sampled_from([0, 1, 2, 8, 64, 8192])), max_size=40
)


class PWithAlloc:
    """As much of a P as persistentalloc uses."""

    def __init__(self) -> None:
        self.palloc = PersistentAlloc()


def in_a_chunk(h: Mheap, p: int) -> bool:
    chunk = h.runtime.persistent.chunks
    while chunk is not None:
        if chunk.base <= p < chunk.base + PERSISTENT_CHUNK_SIZE:
            return True
        chunk = chunk.next
    return False


@given(PIECES)
def test_pieces_are_disjoint_aligned_zero_and_counted(pieces: list[tuple[int, int]]) -> None:
    h = scavenge_heap(LINUX_AMD64)
    stat = SysMemStat()
    m = M()
    m.p = PWithAlloc()
    taken = []
    for i, (size, align) in enumerate(pieces):
        if i % 2 == 0:
            p = persistentalloc(h, size, align, stat)
        else:
            with run_on(m):
                p = persistentalloc(h, size, align, stat)
        # As in Go, what comes from the system itself has the alignment of its pages at most.
        most = h.config.page_size if size < 64 << 10 else h.config.phys_page_size
        assert p % min(align or 8, most) == 0
        h.runtime.mem.check_zero(p, size)
        assert in_a_chunk(h, p) == (size < 64 << 10)
        taken.append((p, p + size))
    taken.sort()
    assert all(a[1] <= b[0] for a, b in pairwise(taken))
    assert stat.load() == sum(size for size, _ in pieces)
    mapped = h.runtime.gc_controller.mapped_ready.load()
    assert mapped == stat.load() + h.runtime.memstats.other_sys.load()


def test_each_p_has_a_chunk_of_its_own() -> None:
    h = scavenge_heap(LINUX_AMD64)
    stat = h.runtime.memstats.other_sys
    mine = persistentalloc(h, 8, 8, stat)
    m = M()
    m.p = PWithAlloc()
    with run_on(m):
        other = persistentalloc(h, 8, 8, stat)
        assert persistentalloc(h, 8, 8, stat) == other + 8
    assert persistentalloc(h, 8, 8, stat) == mine + 8
    assert abs(mine - other) >= PERSISTENT_CHUNK_SIZE - 8
    assert in_a_chunk(h, other)
    assert not in_a_chunk(h, 8)


def test_bad_requests_throw() -> None:
    h = scavenge_heap(LINUX_AMD64)
    stat = SysMemStat()
    with throws("persistentalloc: size == 0"):
        persistentalloc(h, 0, 8, stat)
    with throws("persistentalloc: align is not a power of 2"):
        persistentalloc(h, 8, 3, stat)
    with throws("persistentalloc: align is too large"):
        persistentalloc(h, 8, 1 << 14, stat)


def test_without_memory_small_pieces_throw_with_the_lock_given_back() -> None:
    h = scavenge_heap(LINUX_AMD64)
    h.runtime.mem.limit = 0
    assert persistentalloc(h, 64 << 10, 8, SysMemStat()) == 0
    with throws("runtime: cannot allocate memory"):
        persistentalloc(h, 8, 8, SysMemStat())
    assert not h.runtime.persistent.mutex.held


def linear(size: int, map_memory: bool) -> tuple[Mheap, LinearAlloc, int]:
    h = scavenge_heap(LINUX_386)
    base = h.runtime.mem.reserve(0x1000_0000, size)
    alloc = LinearAlloc()
    alloc.init(h, base, size, map_memory)
    return h, alloc, base


def test_the_linear_allocator_maps_what_it_hands_out() -> None:
    h, alloc, base = linear(1 << 20, True)
    stat = SysMemStat()
    assert alloc.alloc(h, 100, 8, stat) == base
    assert alloc.alloc(h, 5000, 4096, stat) == base + 4096
    assert h.runtime.mem.state(base + 9095) == MemoryState.READY
    # One byte is left out: a page that ends exactly where a piece does isn't followed by another.
    assert stat.load() == h.runtime.gc_controller.mapped_ready.load() == 3 * 4096
    assert h.runtime.mem.state(base + 3 * 4096) == MemoryState.RESERVED
    assert alloc.alloc(h, 1 << 20, 8, stat) == 0
    assert alloc.next == base + 4096 + 5000


def test_the_linear_allocator_may_leave_memory_reserved() -> None:
    h, alloc, base = linear(1 << 20, False)
    stat = SysMemStat()
    assert alloc.alloc(h, 1 << 20, 8, stat) == base
    assert (stat.load(), h.runtime.mem.state(base)) == (0, MemoryState.RESERVED)


def test_the_linear_allocator_leaves_out_the_last_byte_of_the_address_space() -> None:
    h = scavenge_heap(LINUX_386)
    alloc = LinearAlloc()
    alloc.init(h, 0xFFFF_0000, 0x1_0000, False)
    assert alloc.end == 0xFFFF_FFFF
    assert alloc.alloc(h, 0xFFF9, 8, SysMemStat()) == 0xFFFF_0000
    assert alloc.alloc(h, 8, 8, SysMemStat()) == 0


def test_a_request_that_passes_the_top_is_granted_in_go_and_here() -> None:
    # The sum wraps before it is compared. Go 1.21.13 on 386 dies of it a little later: with
    # make([][4]byte, 0x3FFFF000) of "cannot map pages in arena address space".
    h, alloc, base = linear(1 << 16, False)
    assert alloc.alloc(h, (1 << 32) - 4096, 4096, SysMemStat()) == base
    assert alloc.next == base - 4096
