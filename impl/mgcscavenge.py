"""Scavenging: giving the physical memory of free pages back to the system.

Pages are scavenged from the top of the heap downwards, in multiples of a physical page, and not in
chunks that are densely allocated unless it is forced. How far the background scavenger goes is
decided here, how fast in impl/scavenger.py; where there is something to find, in
impl/scavengeindex.py.

The goal for the memory limit is faithfully wrong, go.dev/issue/62449: it is 95 times the limit where
95 % is meant, so that the background scavenger never works for the limit.

Not ported here, of runtime/mgcscavenge.go: printScavTrace and page tracing, which only print; the
diagnostic lines before a throw; systemstack, which is a plain call.
"""

from typing import TYPE_CHECKING, Protocol

from impl.chunkindex import chunk_base
from impl.config import MAX_PHYS_PAGE_SIZE
from impl.float64 import f64touint64
from impl.mem import sys_unused
from impl.mpallocsum import palloc_sum_max
from impl.mranges import off_addr_less_than
from impl.proc import assert_world_stopped_or_lock_held
from impl.rt import U64_MAX, Atomic, Struct, leading_zeros, lock, throw, u64, unlock
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mpagealloc import PageAlloc
    from impl.mpallocbits import PallocData

RETAIN_EXTRA_PERCENT = 10
"""runtime/mgcscavenge.go retainExtraPercent: what to retain above the heap goal, in percent."""

REDUCE_EXTRA_PERCENT = 5
"""runtime/mgcscavenge.go reduceExtraPercent: how far to stay below the limit, in percent."""


class ShouldStop(Protocol):
    """runtime/mgcscavenge.go scavengerState.shouldStop: whether a scavenger has done enough."""

    def __call__(self) -> bool: ...


class ScavengeGlobals(Struct):
    """runtime/mgcscavenge.go var scavenge: the background scavenger's goals (bytes; 2**64-1 if it
    need not work for them) and the time that scavenging took in this cycle (nanoseconds).
    """

    gc_percent_goal: Atomic[int]
    memory_limit_goal: Atomic[int]
    assist_time: Atomic[int]
    background_time: Atomic[int]


def heap_retained(h: "Mheap") -> int:
    """runtime/mgcscavenge.go heapRetained: bytes of physical memory that the heap takes, roughly."""
    return u64(
        h.runtime.gc_controller.heap_in_use.load() + h.runtime.gc_controller.heap_free.load()
    )


def gc_pace_scavenger(h: "Mheap", memory_limit: int, heap_goal: int, last_heap_goal: int) -> None:
    """runtime/mgcscavenge.go gcPaceScavenger: sets the goals, from the collector's (in bytes).

    To be called whenever the collector's pace changes, with the world stopped or h.lock held.
    """
    assert_world_stopped_or_lock_held(h, h.lock)

    # Go multiplies by 100-5 and forgets to divide by 100.
    memory_limit_goal = f64touint64(float(memory_limit) * (100.0 - REDUCE_EXTRA_PERCENT))
    mapped_ready = h.runtime.gc_controller.mapped_ready.load()
    # Allocation scavenges for the limit too, so it is safe to stop too early.
    if mapped_ready <= memory_limit_goal:
        h.runtime.scavenge.memory_limit_goal.store(U64_MAX)
    else:
        h.runtime.scavenge.memory_limit_goal.store(memory_limit_goal)

    # Before the end of the first cycle too little is known about the heap.
    if last_heap_goal == 0:
        h.runtime.scavenge.gc_percent_goal.store(U64_MAX)
        return
    goal_ratio = float(heap_goal) / float(last_heap_goal)
    gc_percent_goal = f64touint64(float(h.runtime.memstats.last_heap_in_use) * goal_ratio)
    # Written as a division so that it doesn't overflow.
    gc_percent_goal = u64(gc_percent_goal + gc_percent_goal // (100 // RETAIN_EXTRA_PERCENT))
    phys_page_size = h.config.phys_page_size
    gc_percent_goal = u64(gc_percent_goal + phys_page_size - 1) & ~(phys_page_size - 1)

    heap_retained_now = heap_retained(h)
    # Within a page of the goal there is nothing to do either.
    if heap_retained_now <= gc_percent_goal or heap_retained_now - gc_percent_goal < phys_page_size:
        h.runtime.scavenge.gc_percent_goal.store(U64_MAX)
    else:
        h.runtime.scavenge.gc_percent_goal.store(gc_percent_goal)


def scavenge(p: "PageAlloc", nbytes: int, should_stop: ShouldStop | None, force: bool) -> int:
    """runtime/mgcscavenge.go pageAlloc.scavenge: scavenges nbytes bytes, highest address first.

    Each call goes on where the last one ended. force takes dense chunks too. Returns the bytes
    scavenged: less than nbytes only if there is nothing left for now, or should_stop said so.
    p.mheap_lock is not held.
    """
    released = 0
    while released < nbytes:
        ci, page_idx = p.scav.index.find(force)
        if ci == 0:
            break
        released += p.scavenge_one(ci, page_idx, nbytes - released)
        if should_stop is not None and should_stop():
            break
    return released


def scavenge_one(p: "PageAlloc", ci: int, search_idx: int, max_: int) -> int:
    """runtime/mgcscavenge.go pageAlloc.scavengeOne: scavenges one run of pages in chunk ci.

    Searches downwards from page search_idx for max_ bytes, or more if huge pages are at stake.
    Returns the bytes scavenged; if none, the index will pass the chunk over. p.mheap_lock is not
    held.
    """
    h = p.h
    config = h.config
    page_size = config.page_size
    # max_ may be 2**64-1, so it must not be rounded up by an addition.
    max_pages = max_ // page_size
    if max_ % page_size != 0:
        max_pages += 1

    # Only whole physical pages can be given back.
    min_pages = config.phys_page_size // page_size
    if min_pages < 1:
        min_pages = 1

    lock(p.mheap_lock)
    if palloc_sum_max(config, p.summary[config.summary_levels - 1][ci]) >= min_pages:
        base, npages = p.chunk_of(ci).find_scavenge_candidate(search_idx, min_pages, max_pages)
        if npages != 0:
            addr = config.uintptr(chunk_base(config, ci) + base * page_size)

            # While they are being scavenged the pages count as allocated, so that nobody takes
            # them. The index is left alone.
            p.chunk_of(ci).alloc_range(base, npages)
            p.update(addr, npages, True, True)

            # Huge pages here are about to be broken up.
            p.scav.index.set_no_huge_page(ci)
            unlock(p.mheap_lock)

            if not p.test:
                nbytes = npages * page_size
                sys_unused(h, addr, nbytes)
                h.runtime.gc_controller.heap_released.add(nbytes)
                h.runtime.gc_controller.heap_free.add(-nbytes)
                stats = h.runtime.memstats.heap_stats.acquire()
                stats.committed.add(-nbytes)
                stats.released.add(nbytes)
                h.runtime.memstats.heap_stats.release()

            # Give the pages back to the page allocator.
            lock(p.mheap_lock)
            if off_addr_less_than(config, addr, p.search_addr):
                p.search_addr = addr
            p.chunk_of(ci).palloc_bits.free(base, npages)
            p.update(addr, npages, True, False)
            p.chunk_of(ci).scavenged.set_range(base, npages)
            unlock(p.mheap_lock)
            return npages * page_size
    p.scav.index.set_empty(ci)
    unlock(p.mheap_lock)
    return 0


def fill_aligned(x: int, m: int, width: int) -> int:
    """runtime/mgcscavenge.go fillAligned: x with each group of m bits filled that is not all zero.

    Groups are aligned; m is a power of two. x has `width` bits, 64 in Go. Throws if m is no such
    size.
    """
    if m == 1:
        return x
    if m not in (2, 4, 8, 16, 32, 64) or m > width:
        throw("bad m value")
    ones = (1 << width) - 1
    # All bits but the top one of each group. Adding them to a group without its top bit carries
    # into the top bit unless the group is zero: the trick of
    # https://graphics.stanford.edu/~seander/bithacks.html#ZeroInWord
    c = ones // ((1 << m) - 1) * ((1 << (m - 1)) - 1)
    x = ~((((x & c) + c) | x) | c) & ones
    # Now the top bit of a group is set if it was all zero. Fill those groups, and invert.
    return ~((x - (x >> (m - 1))) | x) & ones


def find_scavenge_candidate(
    m: "PallocData", search_idx: int, min_: int, max_: int
) -> tuple[int, int]:
    """runtime/mgcscavenge.go pallocData.findScavengeCandidate: (start, size) of the highest run of
    free and unscavenged pages that ends at search_idx or below; size 0 if there is none.

    Start and size are multiples of min_, a power of two. The size is no more than max_ rounded up,
    except that a free huge page is not broken up. Throws if min_ is no such number.
    """
    config = m.palloc_bits.config
    if min_ & (min_ - 1) != 0 or min_ == 0:
        throw("min must be a non-zero power of 2")
    elif min_ > MAX_PHYS_PAGE_SIZE // config.page_size:
        throw("min too large")
    # Aligned, so that cutting a run to it leaves the run aligned.
    max_ = min_ if max_ == 0 else align_up(config, max_, min_)

    width = config.word_bits
    ones = config.word_mask
    scavenged = m.scavenged.words
    palloc_bits = m.palloc_bits.words
    i = search_idx // width
    # Pass over words without a group of pages that are all free and unscavenged, that is 0.
    x = ones
    while i >= 0:
        x = fill_aligned(scavenged[i] | palloc_bits[i], min_, width)
        if x != ones:
            break
        i -= 1
    if i < 0:
        return 0, 0

    z1 = leading_zeros(~x & ones, width)
    end = i * width + width - z1
    shifted = x << z1 & ones
    if shifted != 0:
        # The run ends in this word.
        run = leading_zeros(shifted, width)
    else:
        # It may go on in the words below.
        run = width - z1
        j = i - 1
        while j >= 0:
            x = fill_aligned(scavenged[j] | palloc_bits[j], min_, width)
            run += leading_zeros(x, width)
            if x != 0:
                break
            j -= 1

    size = run
    if size > max_:
        size = max_
    start = end - size

    # A huge page lies within a chunk.
    if config.phys_huge_page_size > config.page_size and (
        config.phys_huge_page_size > config.phys_page_size
    ):
        pages_per_huge_page = config.phys_huge_page_size // config.page_size
        huge_page_above = align_up(config, start, pages_per_huge_page)
        if huge_page_above <= end:
            huge_page_below = align_down(config, start, pages_per_huge_page)
            if huge_page_below >= end - run:
                # The huge page around start is free in full: take all of it rather than break it.
                size += start - huge_page_below
                start = huge_page_below
    return start, size
