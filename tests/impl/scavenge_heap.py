"""A heap as far as memory, statistics, pacing and scavenging go, without spans."""

from __future__ import annotations

from collections import defaultdict
from types import SimpleNamespace
from typing import cast

from impl.chunkindex import chunk_base
from impl.config import Config
from impl.mgclimit import GcCPULimiterState
from impl.mgcpacer import MAX_INT64, GcControllerState
from impl.mgcscavenge import ScavengeGlobals
from impl.mgcsweep import Sweepdata
from impl.mheap import Mheap
from impl.mpagealloc import PageAlloc
from impl.mstats import Mstats
from impl.persistentalloc import Persistent
from impl.rt import AddressSpace, Atomic, LockRank, Mutex, PlainSlice, lock, lock_init, unlock
from impl.runtime2 import Schedt
from impl.scavenger import ScavengerState


def scavenge_heap(config: Config) -> Mheap:
    """A heap without memory."""
    runtime = SimpleNamespace(
        mem=AddressSpace(config.phys_page_size, max(config.heap_addr_bits, 32)),
        memstats=Mstats(),
        gc_controller=GcControllerState(),
        gc_cpu_limiter=GcCPULimiterState(),
        scavenge=ScavengeGlobals(),
        scavenger=ScavengerState(),
        persistent=Persistent(),
        sched=Schedt(),
        world_is_stopped=0,
        mcache0=None,
        ever_allp=PlainSlice(),
        allp=(),
        gcphase=0,
        gc_blacken_enabled=0,
        sweep=Sweepdata(),
    )
    h = SimpleNamespace(
        config=config,
        runtime=runtime,
        lock=Mutex(),
        arenas=defaultdict(lambda: None),
        pages=PageAlloc(),
        sweepgen=0,
        pages_in_use=Atomic(),
        pages_swept=Atomic(),
        pages_swept_basis=Atomic(),
        sweep_heap_live_basis=0,
        sweep_pages_per_byte=0.0,
        spanalloc=SimpleNamespace(inuse=0),
        cachealloc=SimpleNamespace(inuse=0),
    )
    lock_init(h.lock, LockRank.MHEAP)
    h.runtime.persistent.init()
    h.runtime.memstats.init(config)
    h.runtime.sweep.active.mark_drained()
    h.runtime.world_is_stopped = 1
    h.runtime.gc_controller.init(h, 100, MAX_INT64)
    h.runtime.world_is_stopped = 0
    return cast(Mheap, h)


def with_pages(h: Mheap, test: bool) -> Mheap:
    """The heap with its page allocator set up."""
    h.pages.init(h, h.lock, h.runtime.memstats.gc_misc_sys, test)
    return h


def first_chunk(config: Config) -> int:
    """The index of a chunk at which a heap may begin."""
    first = config.arena_hints[0] if config.arena_hints else config.data_end
    chunk: int = (first - config.arena_base_offset) % (1 << 64) // config.palloc_chunk_bytes
    return chunk + 1


def grow(h: Mheap, ci: int, n: int) -> None:
    """Adds n chunks of pages from chunk ci on, mapped as mheap.grow does; they count as released."""
    base = chunk_base(h.config, ci)
    size = n * h.config.palloc_chunk_bytes
    if not h.pages.test:
        assert h.runtime.mem.reserve(base, size) == base
        h.runtime.gc_controller.heap_released.add(size)
        h.runtime.mem.map(base, size)
        stats = h.runtime.memstats.heap_stats.acquire()
        stats.released.add(size)
        h.runtime.memstats.heap_stats.release()
    lock(h.lock)
    h.pages.grow(base, size)
    unlock(h.lock)


def take(h: Mheap, npages: int) -> int:
    """Allocates npages and uses them, with the books of mheap.allocSpan for a stack; the address."""
    lock(h.lock)
    base, scav = h.pages.alloc(npages)
    unlock(h.lock)
    assert base != 0
    if not h.pages.test:
        nbytes = npages * h.config.page_size
        h.runtime.gc_controller.mapped_ready.add(scav)
        h.runtime.mem.used(base, nbytes)
        h.runtime.gc_controller.heap_released.add(-scav)
        h.runtime.gc_controller.heap_free.add(scav - nbytes)
        stats = h.runtime.memstats.heap_stats.acquire()
        stats.committed.add(scav)
        stats.released.add(-scav)
        stats.in_stacks.add(nbytes)
        h.runtime.memstats.heap_stats.release()
    return int(base)


def give_back(h: Mheap, base: int, npages: int) -> None:
    """Frees npages at base, with the books of mheap.freeSpanLocked for a stack."""
    lock(h.lock)
    h.pages.free(base, npages)
    unlock(h.lock)
    if not h.pages.test:
        nbytes = npages * h.config.page_size
        h.runtime.gc_controller.heap_free.add(nbytes)
        stats = h.runtime.memstats.heap_stats.acquire()
        stats.in_stacks.add(-nbytes)
        h.runtime.memstats.heap_stats.release()
