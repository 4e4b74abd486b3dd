"""Deliberate bugs in the real runtime: each must make a monitor of its subject go red.

Most keep the program alive most of the time; read their recordings with allow_crash, for the
prefix up to a crash shows the bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from golang.source import GoEdit

MutantSubject = Literal["span_state", "span_list", "sweepgen", "zeroed_base", "pages"]


@dataclass(frozen=True, slots=True)
class GoMutant:
    """A bug of `subject`: what is wrong with it, and the edits of package runtime that make it."""

    name: str
    subject: MutantSubject
    wrong: str
    edits: tuple[GoEdit, ...]


MUTANTS: Final = (
    GoMutant(
        "in_use_before_fields",
        "span_state",
        "initSpan publishes the span before its size class is set",
        (
            GoEdit(
                "mheap.go",
                "mheap.initSpan",
                "s.spanclass = spanclass",
                "s.state.set(mSpanInUse); s.spanclass = spanclass",
            ),
        ),
    ),
    GoMutant(
        "stack_freed_during_mark",
        "span_state",
        "stackfree gives a large stack back to the heap whatever the phase",
        (GoEdit("stack.go", "stackfree", "if gcphase == _GCoff {", "if gcphase < 9 {"),),
    ),
    GoMutant(
        "freed_span_stays_in_use",
        "span_state",
        "freeSpanLocked leaves the state of the span as it was",
        (GoEdit("mheap.go", "mheap.freeSpanLocked", "s.state.set(mSpanDead)", ""),),
    ),
    GoMutant(
        "remove_keeps_list",
        "span_list",
        "mSpanList.remove leaves span.list set",
        (
            GoEdit("mheap.go", "mSpanList.remove", "span.list = nil", ""),
            GoEdit("mheap.go", "mSpanList.insert", " || span.list != nil", ""),
        ),
    ),
    GoMutant(
        "remove_keeps_next",
        "span_list",
        "mSpanList.remove leaves span.next set",
        (
            GoEdit("mheap.go", "mSpanList.remove", "span.next = nil", ""),
            GoEdit("mheap.go", "mSpanList.insert", "span.next != nil || ", ""),
        ),
    ),
    GoMutant(
        "take_all_without_reparenting",
        "span_list",
        "mSpanList.takeAll leaves the spans' list pointing to the old list",
        (GoEdit("mheap.go", "mSpanList.takeAll", "s.list = list", "_ = list"),),
    ),
    GoMutant(
        "acquire_by_store",
        "sweepgen",
        "tryAcquire stores the generation instead of comparing and swapping it",
        (
            GoEdit(
                "mgcsweep.go",
                "sweepLocker.tryAcquire",
                "if !atomic.Cas(&s.sweepgen, l.sweepGen-2, l.sweepGen-1) {",
                "atomic.Store(&s.sweepgen, l.sweepGen-1); if false {",
            ),
        ),
    ),
    GoMutant(
        "swept_before_bits",
        "sweepgen",
        "sweep marks the span swept before it exchanges the bits",
        (
            GoEdit("mgcsweep.go", "sweepLocked.sweep", "s.allocBits = s.gcmarkBits", ""),
            GoEdit("mgcsweep.go", "sweepLocked.sweep", "s.gcmarkBits = newMarkBits(s.nelems)", ""),
            GoEdit(
                "mgcsweep.go",
                "sweepLocked.sweep",
                "atomic.Store(&s.sweepgen, sweepgen)",
                "atomic.Store(&s.sweepgen, sweepgen); s.allocBits = s.gcmarkBits; "
                "s.gcmarkBits = newMarkBits(s.nelems); s.refillAllocCache(0)",
            ),
        ),
    ),
    GoMutant(
        "stale_uncached_as_swept",
        "sweepgen",
        "uncacheSpan takes a stale span of one page for a swept one",
        (
            GoEdit(
                "mcentral.go",
                "mcentral.uncacheSpan",
                "stale := s.sweepgen == sg+1",
                "stale := s.sweepgen == sg+1 && s.npages > 1",
            ),
        ),
    ),
    GoMutant(
        "swept_span_to_unswept_set",
        "sweepgen",
        "uncacheSpan pushes a swept, full span onto the unswept set",
        (
            GoEdit(
                "mcentral.go",
                "mcentral.uncacheSpan",
                "c.fullSwept(sg).push(s)",
                "c.fullUnswept(sg).push(s)",
            ),
        ),
    ),
    GoMutant(
        "zeroed_base_one_page_low",
        "zeroed_base",
        "allocNeedsZero raises zeroedBase to one page below the end of the range",
        (
            GoEdit(
                "mheap.go",
                "mheap.allocNeedsZero",
                "if atomic.Casuintptr(&ha.zeroedBase, zeroedBase, arenaLimit) {",
                "if atomic.Casuintptr(&ha.zeroedBase, zeroedBase, arenaLimit-pageSize) {",
            ),
        ),
    ),
    GoMutant(
        "zeroed_base_plain_store",
        "zeroed_base",
        "allocNeedsZero stores zeroedBase instead of comparing and swapping it",
        (
            GoEdit(
                "mheap.go",
                "mheap.allocNeedsZero",
                "if atomic.Casuintptr(&ha.zeroedBase, zeroedBase, arenaLimit) {",
                "atomic.Storeuintptr(&ha.zeroedBase, arenaLimit); if true {",
            ),
        ),
    ),
    GoMutant(
        "reused_pages_taken_for_zero",
        "zeroed_base",
        "allocNeedsZero answers that reused pages are zero",
        (GoEdit("mheap.go", "mheap.allocNeedsZero", "needZero = true", "needZero = npage > 1"),),
    ),
    GoMutant(
        "need_zero_lost",
        "zeroed_base",
        "initSpan does not pass on what allocNeedsZero answered",
        (
            GoEdit(
                "mheap.go", "mheap.initSpan", "s.needzero = 1", "s.needzero = uint8(npages >> 8)"
            ),
        ),
    ),
    GoMutant(
        "page_free_keeps_search",
        "pages",
        "pageAlloc.free does not lower the search address",
        (
            GoEdit(
                "mpagealloc.go",
                "pageAlloc.free",
                "b.lessThan(p.searchAddr) {",
                "p.searchAddr.lessThan(b) && b.lessThan(p.searchAddr) {",
            ),
        ),
    ),
    GoMutant(
        "last_page_of_the_cache",
        "pages",
        "pageCache.alloc takes the highest free page, not the lowest",
        (
            GoEdit(
                "mpagecache.go",
                "pageCache.alloc",
                "sys.TrailingZeros64(c.cache)",
                "63 - sys.LeadingZeros64(c.cache)",
            ),
        ),
    ),
    GoMutant(
        "second_fit",
        "pages",
        "pageAlloc.alloc takes a later run in the chunk, if there is one",
        (
            GoEdit(
                "mpagealloc.go",
                "pageAlloc.alloc",
                ".find(npages, chunkPageIndex(p.searchAddr.addr()))",
                ".find(npages, chunkPageIndex(p.searchAddr.addr())); "
                "if k, _ := p.chunkOf(i).find(npages, j+64); k != ^uint(0) { j = k }",
            ),
        ),
    ),
    GoMutant(
        "allocated_pages_stay_scavenged",
        "pages",
        "pallocData.allocRange leaves the scavenged bits of the pages set",
        (
            GoEdit(
                "mpallocbits.go",
                "pallocData.allocRange",
                "m.scavenged.clearRange(i, n)",
                "",
            ),
        ),
    ),
    GoMutant(
        "flush_forgets_scavenged",
        "pages",
        "pageCache.flush gives pages back without their scavenged bits",
        (
            GoEdit(
                "mpagecache.go",
                "pageCache.flush",
                "if c.scav&(1<<i) != 0 {",
                "if c.scav&(1<<i) != 0 && c.cache == 0 {",
            ),
        ),
    ),
    GoMutant(
        "freed_chunk_stays_dense",
        "pages",
        "scavChunkData.free does not note the start of a new generation",
        (
            GoEdit(
                "mgcscavenge.go",
                "scavChunkData.free",
                "sc.lastInUse = sc.inUse",
                "",
            ),
        ),
    ),
)


def mutant(name: str) -> GoMutant:
    """The mutant called `name`; KeyError without one."""
    return {m.name: m for m in MUTANTS}[name]
