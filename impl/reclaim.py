"""The page reclaimer: whole spans without a marked object are swept before the heap grows.

It walks over the page bitmaps, in chunks that threads claim. Not ported here: tracing. These
functions are methods of Mheap, bound there.
"""

from typing import TYPE_CHECKING

from impl.heaparena import arena_at
from impl.proc import acquirem, releasem
from impl.rt import PlainSlice, assert_lock_held, atomic, lock, u8, unlock

if TYPE_CHECKING:
    from impl.mheap import Mheap

RECLAIM_DONE = 1 << 63
"""A reclaim_index from here on says that the page reclaimer has scanned everything."""


def reclaim(self: "Mheap", npage: int) -> None:
    """runtime/mheap.go mheap.reclaim: sweeps and frees whole spans, npage pages at least.

    It gives up when everything was scanned. h.lock is not held.
    """
    if self.reclaim_index.load() >= RECLAIM_DONE:
        return

    # Pinned, so that no collection starts and replaces sweep_arenas.
    mp = acquirem()
    chunk = self.config.pages_per_reclaimer_chunk
    arenas = self.sweep_arenas
    locked = False
    while npage > 0:
        # Spend what others freed beyond their need.
        credit = self.reclaim_credit.load()
        if credit > 0:
            take = credit
            if take > npage:
                take = npage
            if self.reclaim_credit.compare_and_swap(credit, credit - take):
                npage -= take
            continue

        # Claim a chunk of work.
        idx = self.config.uintptr(self.reclaim_index.add(chunk) - chunk)
        if idx // self.config.pages_per_arena >= len(arenas):
            self.reclaim_index.store(RECLAIM_DONE)
            break

        if not locked:
            lock(self.lock)
            locked = True
        nfound = self.reclaim_chunk(arenas, idx, chunk)
        if nfound <= npage:
            npage -= nfound
        else:
            self.reclaim_credit.add(nfound - npage)
            npage = 0
    if locked:
        unlock(self.lock)
    releasem(mp)


def reclaim_chunk(self: "Mheap", arenas: PlainSlice[int], page_idx: int, n: int) -> int:
    """runtime/mheap.go mheap.reclaimChunk: sweeps unmarked spans starting in n pages.

    Returns the number of pages freed. h.lock is held, and given up during each sweep: without
    it the span table might show spans that were freed meanwhile.
    """
    assert_lock_held(self.lock)
    n_freed = 0
    sl = self.runtime.sweep.active.begin(self)
    if not sl.valid:
        return 0
    while n > 0:
        ha = arena_at(self, arenas[page_idx // self.config.pages_per_arena])
        arena_page = page_idx % self.config.pages_per_arena
        first = arena_page // 8
        nbytes = len(ha.page_in_use) - first
        if nbytes > n // 8:
            nbytes = n // 8

        # Look for spans in use without a marked object.
        for i in range(nbytes):
            marked = ha.page_marks[first + i]
            in_use_unmarked = atomic.load8(ha.page_in_use, first + i) & u8(~marked)
            if in_use_unmarked == 0:
                continue
            for j in range(8):
                if in_use_unmarked & (1 << j) != 0:
                    span = ha.spans[arena_page + i * 8 + j]
                    s = sl.try_acquire(span)  # type: ignore[arg-type]  # in use: not nil
                    if s is not None:
                        npages = s.mspan.npages
                        unlock(self.lock)
                        if s.sweep(self, False):
                            n_freed += npages
                        lock(self.lock)
                        # Spans nearby may have been freed without the lock.
                        marked = ha.page_marks[first + i]
                        in_use_unmarked = atomic.load8(ha.page_in_use, first + i) & u8(~marked)

        page_idx += nbytes * 8
        n -= nbytes * 8
    self.runtime.sweep.active.end(self, sl)
    assert_lock_held(self.lock)
    return n_freed
