"""The heap's beginning: checks of the platform's constants, and hints where to put the heap.

Not ported here: checks of constants that the port hasn't (tagged pointers), the locks of the
profiler, the hints of the race detector, of ios and of aix, and sbrk0 (config.data_end is where the
program's data ends).
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from impl.config import MAX_PHYS_PAGE_SIZE, MIN_PHYS_PAGE_SIZE, Config
from impl.heaparena import ArenaHintList
from impl.mcache import TINY_SPAN_CLASS, allocmcache
from impl.mem import sys_reserve
from impl.mgcpacer import MAX_INT64
from impl.mspan import Mspan
from impl.rt import AddressSpace, SparseMixedArray, throw
from impl.sizeof import heap_arena_size
from impl.spanclass import span_class_sizeclass
from impl.stubs import align_up
from impl.sysalloc import sys_reserve_aligned

if TYPE_CHECKING:
    from impl.mheap import Mheap

ARENA_SIZES_32BIT = (512 << 20, 256 << 20, 128 << 20)
"""runtime/malloc.go mallocinit arenaSizes: what to reserve beforehand; the sizes to try, in this order."""


def mallocinit(h: "Mheap", config: Config, mem: AddressSpace) -> None:
    """runtime/malloc.go mallocinit: readies the heap in the address space mem; it has no memory.

    Throws if the constants of the platform are unfit. Huge pages larger than a chunk of the page
    allocator count as none.
    """
    if config.class_to_size[span_class_sizeclass(TINY_SPAN_CLASS)] != config.tiny_size:
        throw("bad TinySizeClass")
    if config.heap_arena_bitmap_words & (config.heap_arena_bitmap_words - 1) != 0:
        throw("heapArenaBitmapWords not a power of 2")
    if config.phys_page_size == 0:
        throw("failed to get system page size")
    if config.phys_page_size > MAX_PHYS_PAGE_SIZE:
        throw("bad system page size")
    if config.phys_page_size < MIN_PHYS_PAGE_SIZE:
        throw("bad system page size")
    if config.phys_page_size & (config.phys_page_size - 1) != 0:
        throw("bad system page size")
    if config.phys_huge_page_size & (config.phys_huge_page_size - 1) != 0:
        throw("bad system huge page size")
    if config.phys_huge_page_size > config.max_phys_huge_page_size:
        # Such a system isn't wrong, the runtime just has no use for its huge pages.
        config = replace(config, phys_huge_page_size=0)
    if config.pages_per_arena % config.pages_per_span_root != 0:
        throw("bad pagesPerSpanRoot")
    if config.pages_per_arena % config.pages_per_reclaimer_chunk != 0:
        throw("bad pagesPerReclaimerChunk")

    h.config = config
    h.runtime.mem = mem
    h.arenas = SparseMixedArray(config.arena_l1_len, None)
    h.runtime.emptymspan = Mspan()
    h.runtime.memstats.init(config)
    h.runtime.persistent.init()
    h.runtime.finalizers.init()
    h.runtime.user_arena_state.init(config)
    h.runtime.sched.init()
    h.init()
    h.runtime.mcache0 = allocmcache(h)
    h.runtime.gc_bits_arenas.init()

    if config.ptr_size == 8:
        # Each list is built from its end.
        for addr in reversed(config.user_arena_hints):
            add_arena_hint(h, h.user_arena.arena_hints, addr)
        for addr in reversed(config.arena_hints):
            add_arena_hint(h, h.arena_hints, addr)
    else:
        # Keep the heap in one piece: its metadata is put apart beforehand, the heap starts right
        # above the program, and much is reserved at once.
        arena_meta_size = (1 << config.arena_bits) * heap_arena_size(config)
        meta = sys_reserve(h, 0, arena_meta_size)
        if meta != 0:
            h.heap_arena_alloc.init(h, meta, arena_meta_size, True)
        p = config.data_end
        if h.heap_arena_alloc.next <= p < h.heap_arena_alloc.end:
            p = h.heap_arena_alloc.end
        # A quarter of a megabyte off, should the data really end later.
        p = align_up(config, p + (256 << 10), config.heap_arena_bytes)
        for arena_size in ARENA_SIZES_32BIT:
            a, size = sys_reserve_aligned(h, p, arena_size, config.heap_arena_bytes)
            if a != 0:
                h.arena.init(h, a, size, False)
                p = h.arena.end
                break
        add_arena_hint(h, h.arena_hints, p)
        # User arenas compete with the heap here, which is not expected to come so far.
        add_arena_hint(h, h.user_arena.arena_hints, p)

    # The allocator looks at it before gcinit.
    h.runtime.gc_controller.memory_limit.store(MAX_INT64)


def add_arena_hint(h: "Mheap", hint_list: ArenaHintList, addr: int) -> None:
    """runtime/malloc.go mallocinit: puts a hint to grow upwards from addr first into a list."""
    hint = h.arena_hint_alloc.alloc()
    hint.addr = addr
    hint.next = hint_list.first
    hint_list.first = hint
