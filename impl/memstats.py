"""What programs are told about memory: runtime.ReadMemStats, and the cross-check of the books.

Not ported here, of runtime/mstats.go: MemStats' times and pauses (LastGC, PauseTotalNs, PauseNs,
PauseEnd, GCCPUFraction), its constants (Lookups, EnableGC, DebugGC), and the fixed length of BySize.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from impl.mstats import new_heap_stats_delta
from impl.proc import assert_world_stopped, start_the_world_with_sema, stop_the_world_with_sema
from impl.rt import i64, throw, u64

if TYPE_CHECKING:
    from impl.mheap import Mheap


@dataclass(frozen=True)
class BySize:
    """runtime/mstats.go MemStats.BySize: allocations of one size class; size in bytes."""

    size: int
    mallocs: int
    frees: int


@dataclass(frozen=True)
class MemStats:
    """runtime/mstats.go MemStats: counts of bytes and objects, all uint64."""

    alloc: int
    total_alloc: int
    sys: int
    mallocs: int
    frees: int
    heap_alloc: int
    heap_sys: int
    heap_idle: int
    heap_inuse: int
    heap_released: int
    heap_objects: int
    stack_inuse: int
    stack_sys: int
    m_span_inuse: int
    m_span_sys: int
    m_cache_inuse: int
    m_cache_sys: int
    buck_hash_sys: int
    gc_sys: int
    other_sys: int
    next_gc: int
    num_gc: int
    num_forced_gc: int
    by_size: tuple[BySize, ...]


def read_mem_stats(h: "Mheap", double_check: bool = True) -> MemStats:
    """runtime/mstats.go ReadMemStats: the statistics of now; stops the world.

    double_check stands for Go's doubleCheckReadMemStats, which Go's own tests turn on.
    """
    stop_the_world_with_sema(h)
    stats = readmemstats_m(h, double_check)
    start_the_world_with_sema(h)
    return stats


def readmemstats_m(h: "Mheap", double_check: bool) -> MemStats:
    """runtime/mstats.go readmemstats_m: collects the statistics; the world is stopped.

    With double_check it throws where two counts of the same thing differ.
    """
    assert_world_stopped(h)

    # What is in the caches counts only once it is flushed.
    flushallmcaches(h)

    c = h.runtime.gc_controller
    m = h.runtime.memstats
    cons_stats = new_heap_stats_delta(h.config)
    m.heap_stats.unsafe_read(h, cons_stats)

    total_alloc = cons_stats.large_alloc.load()
    n_malloc = cons_stats.large_alloc_count.load()
    total_free = cons_stats.large_free.load()
    n_free = cons_stats.large_free_count.load()

    by_size = []
    for i in range(len(h.config.class_to_size)):
        size = h.config.class_to_size[i]
        a = cons_stats.small_alloc_count[i].load()
        total_alloc += a * size
        n_malloc += a
        f = cons_stats.small_free_count[i].load()
        total_free += f * size
        n_free += f
        by_size.append(BySize(size, a, f))

    # Tiny objects count as allocated and as freed, beside the block that holds them.
    n_free += cons_stats.tiny_alloc_count.load()
    n_malloc += cons_stats.tiny_alloc_count.load()
    total_alloc, total_free = u64(total_alloc), u64(total_free)
    n_malloc, n_free = u64(n_malloc), u64(n_free)

    stack_in_use = cons_stats.in_stacks.load()
    gc_work_buf_in_use = cons_stats.in_work_bufs.load()
    gc_prog_ptr_scalar_bits_in_use = cons_stats.in_ptr_scalar_bits.load()

    total_mapped = u64(
        c.heap_in_use.load()
        + c.heap_free.load()
        + c.heap_released.load()
        + m.stacks_sys.load()
        + m.mspan_sys.load()
        + m.mcache_sys.load()
        + m.buckhash_sys.load()
        + m.gc_misc_sys.load()
        + m.other_sys.load()
        + stack_in_use
        + gc_work_buf_in_use
        + gc_prog_ptr_scalar_bits_in_use
    )
    heap_goal = c.heap_goal()

    if double_check:
        released = cons_stats.released.load()
        if c.heap_in_use.load() != cons_stats.in_heap.load():
            throw("heapInUse and consistent stats are not equal")
        if c.heap_released.load() != released:
            throw("heapReleased and consistent stats are not equal")
        retained = u64(c.heap_in_use.load() + c.heap_free.load())
        cons_retained = u64(
            cons_stats.committed.load()
            - i64(stack_in_use)
            - i64(gc_work_buf_in_use)
            - i64(gc_prog_ptr_scalar_bits_in_use)
        )
        if retained != cons_retained:
            throw("measures of the retained heap are not equal")
        if c.total_alloc.load() != total_alloc:
            throw("totalAlloc and consistent stats are not equal")
        if c.total_free.load() != total_free:
            throw("totalFree and consistent stats are not equal")
        if c.mapped_ready.load() != u64(total_mapped - released):
            throw("mappedReady and other memstats are not equal")

    return MemStats(
        alloc=u64(total_alloc - total_free),
        total_alloc=total_alloc,
        sys=total_mapped,
        mallocs=n_malloc,
        frees=n_free,
        heap_alloc=u64(total_alloc - total_free),
        heap_sys=u64(c.heap_in_use.load() + c.heap_free.load() + c.heap_released.load()),
        heap_idle=u64(c.heap_free.load() + c.heap_released.load()),
        heap_inuse=c.heap_in_use.load(),
        heap_released=c.heap_released.load(),
        heap_objects=u64(n_malloc - n_free),
        stack_inuse=stack_in_use,
        stack_sys=u64(stack_in_use + m.stacks_sys.load()),
        m_span_inuse=h.spanalloc.inuse,
        m_span_sys=m.mspan_sys.load(),
        m_cache_inuse=h.cachealloc.inuse,
        m_cache_sys=m.mcache_sys.load(),
        buck_hash_sys=m.buckhash_sys.load(),
        gc_sys=u64(m.gc_misc_sys.load() + gc_work_buf_in_use + gc_prog_ptr_scalar_bits_in_use),
        other_sys=m.other_sys.load(),
        next_gc=heap_goal,
        num_gc=m.numgc,
        num_forced_gc=m.numforcedgc,
        by_size=tuple(by_size),
    )


def flushmcache(h: "Mheap", i: int) -> None:
    """runtime/mstats.go flushmcache: gives back what P number i has cached; the world is stopped.

    Stack caches are not ported.
    """
    assert_world_stopped(h)
    c = h.runtime.allp[i].mcache
    if c is None:
        return
    c.release_all(h)


def flushallmcaches(h: "Mheap") -> None:
    """runtime/mstats.go flushallmcaches: flushes the caches of all Ps; the world is stopped."""
    assert_world_stopped(h)
    for i in range(len(h.runtime.allp)):
        flushmcache(h, i)
