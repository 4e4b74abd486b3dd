"""Getting a span: its pages from the page cache or the heap, and the structure that describes it.

A thread with a P first tries that P's caches of pages and of span structures, without the heap's
lock. A fresh span may push the program over its memory limit, or come with a growth of the heap:
then other pages are given back to the system first.

Not ported here: systemstack (a plain call), tracing of pages. These functions are methods of Mheap,
bound there.
"""

from typing import TYPE_CHECKING

from impl.mem import sys_used
from impl.mgclimit import LIMITER_EVENT_SCAVENGE_ASSIST
from impl.mgcscavenge import heap_retained
from impl.mspan import Mspan
from impl.rt import U64_MAX, assert_lock_held, getm, lock, throw, u64, unlock
from impl.spanalloctype import (
    SPAN_ALLOC_HEAP,
    SPAN_ALLOC_PTR_SCALAR_BITS,
    SPAN_ALLOC_STACK,
    SPAN_ALLOC_WORK_BUF,
)
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap


def try_alloc_m_span(self: "Mheap") -> Mspan | None:  # noqa: ARG001  # a method of mheap in Go
    """runtime/mheap.go mheap.tryAllocMSpan: a dead span out of the P's cache, or None.

    h.lock need not be held.
    """
    pp = getm().p
    if pp is None or pp.mspancache.len == 0:
        return None
    cache = pp.mspancache
    s: Mspan = cache.buf[cache.len - 1]
    cache.len -= 1
    return s


def alloc_m_span_locked(self: "Mheap") -> Mspan:
    """runtime/mheap.go mheap.allocMSpanLocked: a dead span, not cleared since its last life."""
    assert_lock_held(self.lock)
    pp = getm().p
    if pp is None:
        return self.spanalloc.alloc()
    cache = pp.mspancache
    if cache.len == 0:
        refill_count = len(cache.buf) // 2
        for i in range(refill_count):
            cache.buf[i] = self.spanalloc.alloc()
        cache.len = refill_count
    s: Mspan = cache.buf[cache.len - 1]
    cache.len -= 1
    return s


def free_m_span_locked(self: "Mheap", s: Mspan) -> None:
    """runtime/mheap.go mheap.freeMSpanLocked: makes a dead span available for its next life."""
    assert_lock_held(self.lock)
    pp = getm().p
    if pp is not None:
        cache = pp.mspancache
        if cache.len < len(cache.buf):
            cache.buf[cache.len] = s
            cache.len += 1
            return
    self.spanalloc.free(s)


def alloc_span(self: "Mheap", npages: int, typ: int, spanclass: int) -> Mspan | None:
    """runtime/mheap.go mheap.allocSpan: a new span of npages pages; None without memory.

    spanclass is for heap spans only. h.lock must not be held. Throws "grew heap, but no adequate
    free space found" where a growth did not bring the pages it was for.
    """
    config = self.config
    base, scav = 0, 0
    growth = 0
    s: Mspan | None = None

    # Where pages are no smaller than the system's, stacks are aligned to the latter anyway.
    need_phys_page_align = (
        config.phys_page_aligned_stacks
        and typ == SPAN_ALLOC_STACK
        and config.page_size < config.phys_page_size
    )

    # The page cache knows nothing of alignment.
    pp = getm().p
    if not need_phys_page_align and pp is not None and npages < config.page_cache_pages // 4:
        c = pp.pcache
        if c.empty():
            lock(self.lock)
            c.assign(self.pages.alloc_to_cache())
            unlock(self.lock)
        base, scav = c.alloc(config, npages)
        if base != 0:
            s = self.try_alloc_m_span()

    if s is None:
        # Pages or structure are missing.
        lock(self.lock)
        if need_phys_page_align:
            # Room for the alignment: find a run with it, then take only the aligned part. To take
            # it all and free the edges would mix up what is scavenged.
            extra_pages = config.phys_page_size // config.page_size
            base, _ = self.pages.find(npages + extra_pages)
            if base == 0:
                growth, ok = self.grow(npages + extra_pages)
                if not ok:
                    unlock(self.lock)
                    return None
                base, _ = self.pages.find(npages + extra_pages)
                if base == 0:
                    throw("grew heap, but no adequate free space found")
            base = align_up(config, base, config.phys_page_size)
            scav = self.pages.alloc_range(base, npages)

        if base == 0:
            base, scav = self.pages.alloc(npages)
            if base == 0:
                growth, ok = self.grow(npages)
                if not ok:
                    unlock(self.lock)
                    return None
                base, scav = self.pages.alloc(npages)
                if base == 0:
                    throw("grew heap, but no adequate free space found")
        s = self.alloc_m_span_locked()
        unlock(self.lock)

    # How much to give back: the most that any of the conditions below asks for. It must come before
    # sys_used, which may commit memory; nobody uses the pages before this function returns.
    bytes_to_scavenge = 0
    force_scavenge = False
    limit = self.runtime.gc_controller.memory_limit.load()
    if not self.runtime.gc_cpu_limiter.limiting():
        # What this span will page in must fit under the memory limit.
        inuse = self.runtime.gc_controller.mapped_ready.load()
        if u64(scav + inuse) > u64(limit):
            bytes_to_scavenge = config.uintptr(scav + inuse - limit)
            force_scavenge = True
    goal = self.runtime.scavenge.gc_percent_goal.load()
    if goal != U64_MAX and growth > 0:
        # The heap grew although there was memory, in pieces too small: those are the pieces that
        # are least likely to be used again.
        retained = heap_retained(self)
        if u64(retained + growth) > goal:
            todo = growth
            overage = config.uintptr(retained + growth - goal)
            if todo > overage:
                todo = overage
            if todo > bytes_to_scavenge:
                bytes_to_scavenge = todo
    # Without a P it is skipped: something else will make up for it.
    if pp is not None and bytes_to_scavenge > 0:
        start = self.runtime.nanotime
        track = pp.limiter_event.start(LIMITER_EVENT_SCAVENGE_ASSIST, start)
        released = self.pages.scavenge(
            bytes_to_scavenge, self.runtime.gc_cpu_limiter.limiting, force_scavenge
        )
        self.pages.scav.released_eager.add(released)
        now = self.runtime.nanotime
        if track:
            pp.limiter_event.stop(self, LIMITER_EVENT_SCAVENGE_ASSIST, now)
        self.runtime.scavenge.assist_time.add(now - start)

    self.init_span(s, typ, spanclass, base, npages)

    # Commit and account for scavenged memory that the span has now.
    nbytes = npages * config.page_size
    if scav != 0:
        sys_used(self, base, nbytes, scav)
        self.runtime.gc_controller.heap_released.add(-scav)
    self.runtime.gc_controller.heap_free.add(-(nbytes - scav))
    if typ == SPAN_ALLOC_HEAP:
        self.runtime.gc_controller.heap_in_use.add(nbytes)
    stats = self.runtime.memstats.heap_stats.acquire()
    stats.committed.add(scav)
    stats.released.add(-scav)
    if typ == SPAN_ALLOC_HEAP:
        stats.in_heap.add(nbytes)
    elif typ == SPAN_ALLOC_STACK:
        stats.in_stacks.add(nbytes)
    elif typ == SPAN_ALLOC_PTR_SCALAR_BITS:
        stats.in_ptr_scalar_bits.add(nbytes)
    elif typ == SPAN_ALLOC_WORK_BUF:
        stats.in_work_bufs.add(nbytes)
    self.runtime.memstats.heap_stats.release()
    return s
