"""Chunks for user arenas, out of address space of their own.

Not ported here, of runtime/arena.go mheap.allocUserArenaChunk: the heap's own hints under the race
detector.
"""

from typing import TYPE_CHECKING

from impl.config import Config
from impl.mem import sys_map, sys_used
from impl.mranges import make_addr_range
from impl.rt import lock, throw, unlock
from impl.spanalloctype import SPAN_ALLOC_HEAP
from impl.spanclass import make_span_class

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


def user_arena_chunk_pages(config: Config) -> int:
    """runtime/arena.go userArenaChunkPages: pages of a chunk."""
    return config.user_arena_chunk_bytes // config.page_size


def alloc_user_arena_chunk(h: "Mheap") -> "Mspan | None":
    """runtime/arena.go mheap.allocUserArenaChunk: the span of a zeroed chunk; None without memory.

    h.lock isn't held, and the thread can't be preempted. The span is published before it is said to
    be a chunk, and before its limit is set.
    """
    config = h.config
    chunk_bytes = config.user_arena_chunk_bytes
    chunk_pages = user_arena_chunk_pages(config)

    lock(h.lock)
    if not h.user_arena.ready_list.is_empty():
        s: Mspan = h.user_arena.ready_list.first  # type: ignore[assignment]  # it isn't empty
        h.user_arena.ready_list.remove(s)
        base = s.base()
    else:
        hint_list = h.user_arena.arena_hints
        v, size = h.sys_alloc(chunk_bytes, hint_list, False)
        if size % chunk_bytes != 0:
            throw("sysAlloc size is not divisible by userArenaChunkBytes")
        if size > chunk_bytes:
            # Arenas may be larger than chunks: the others are ready to be used.
            for i in range(chunk_bytes, size, chunk_bytes):
                other = h.alloc_m_span_locked()
                other.init(v + i, chunk_pages)
                h.user_arena.ready_list.insert_back(other)
            size = chunk_bytes
        base = v
        if base == 0:
            unlock(h.lock)
            return None
        s = h.alloc_m_span_locked()
    unlock(h.lock)

    # The address space is reserved, be it new or set to fault. All of it is likely to be used.
    sys_map(h, base, chunk_bytes, h.runtime.gc_controller.heap_released)
    sys_used(h, base, chunk_bytes, chunk_bytes)

    # For the rest of the heap this is a large object.
    spc = make_span_class(0, False)
    h.init_span(s, SPAN_ALLOC_HEAP, spc, base, chunk_pages)
    s.is_user_arena_chunk = True

    h.runtime.gc_controller.heap_in_use.add(chunk_bytes)
    h.runtime.gc_controller.heap_released.add(-chunk_bytes)

    stats = h.runtime.memstats.heap_stats.acquire()
    stats.in_heap.add(chunk_bytes)
    stats.committed.add(chunk_bytes)
    stats.large_alloc.add(chunk_bytes)
    stats.large_alloc_count.add(1)
    h.runtime.memstats.heap_stats.release()

    h.runtime.gc_controller.total_alloc.add(chunk_bytes)
    h.runtime.gc_controller.update(h, chunk_bytes, 0)

    # The swept list makes it visible to the background sweeper.
    h.central[spc].full_swept(h.sweepgen).push(s)
    s.limit = s.base() + chunk_bytes
    s.freeindex = 1
    s.alloc_count = 1

    # Objects without pointers write no bits.
    s.init_heap_bits(h, True)

    h.runtime.mem.zero(s.base(), s.elemsize)
    s.needzero = 0

    s.free_index_for_scan = 1
    s.user_arena_chunk_free = make_addr_range(config, base, s.limit)
    return s
