"""The page allocator: which pages of the heap are free, searched in address order, first fit.

Each chunk of the address space has a bitmap of its pages. Above the bitmaps stands a tree of
summaries, one array for each level: an entry says how many pages are free at the start, at the end
and at most in a row in the memory it covers, and an entry of the next level covers several of them.
Chunks and summaries are kept sparsely, so memory is taken in proportion to what is used.

Methods of pageAlloc with a module of their own are functions there: sysInit and sysGrow in
impl/mpagealloc_64bit.py and impl/mpagealloc_32bit.py, find in impl/mpagefind.py, allocToCache in
impl/mpagecache.py, scavenge and scavengeOne in impl/mgcscavenge.py. Not ported here: the diagnostic
lines before a throw, and the fault on touching a summary within a level's length that isn't mapped,
which reads as 0.
"""

from typing import TYPE_CHECKING

from impl import mpagealloc_32bit, mpagealloc_64bit
from impl.chunkindex import (
    chunk_base,
    chunk_idx_l1,
    chunk_idx_l2,
    chunk_index,
    chunk_page_index,
    max_search_addr,
)
from impl.config import Config
from impl.heaparena import arena_idx_l1, arena_idx_l2, arena_index
from impl.mem import sys_alloc, sys_huge_page, sys_no_huge_page
from impl.mgcscavenge import scavenge, scavenge_one
from impl.mpagecache import alloc_to_cache
from impl.mpagefind import find
from impl.mpallocbits import NOT_FOUND, PallocData
from impl.mpallocsum import (
    free_chunk_sum,
    merge_summaries,
    palloc_sum_max,
)
from impl.mranges import (
    AddrRanges,
    make_addr_range,
    max_off_addr,
    min_off_addr,
    off_addr_less_than,
)
from impl.rt import (
    Atomic,
    Const,
    Mutex,
    Plain,
    PlainArray,
    SparsePlainArray,
    Struct,
    assert_lock_held,
    lock,
    throw,
    unlock,
)
from impl.scavengeindex import ScavengeIndex
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat


class PageAllocScav(Struct):
    """runtime/mpagealloc.go pageAlloc.scav: the scavenger's state.

    released_bg and released_eager are the bytes released in this cycle, in the background and while
    allocating.
    """

    index: ScavengeIndex
    released_bg: Atomic[int]
    released_eager: Atomic[int]


class ChunksL2(Struct):
    """runtime/mpagealloc.go pageAlloc.chunks: one array of the second level, at address addr."""

    addr: Const[int] = 0
    data: Const[SparsePlainArray[PallocData | None]]

    def fresh(self, config: Config, i: int, grown: bool) -> PallocData:
        """runtime/mpagealloc.go pageAlloc.chunkOf: chunk i, looked at for the first time: free.

        As zeroed memory has it, it isn't scavenged; as grow leaves it, it is.
        """
        chunk = PallocData()
        chunk.init(config)
        if grown:
            chunk.scavenged.set_all()
        self.data[i] = chunk
        return chunk


class PageAlloc(Struct):
    """runtime/mpagealloc.go pageAlloc: the heap's pages; guarded by mheap_lock.

    search_addr is an address below which no page is free: in mapped memory, or max_search_addr.
    start and end bound the indexes of known chunks, and in_use has the memory ever grown.
    summary_len[level] is Go's len(summary[level]), and summary_base[level] the address of the array.
    """

    h: Const["Mheap"]
    summary: Const[tuple[SparsePlainArray[int], ...]]
    summary_len: Const[PlainArray[int]]
    summary_base: Const[tuple[int, ...]]
    chunks: Const[SparsePlainArray[ChunksL2 | None]]
    search_addr: Plain[int] = 0
    start: Plain[int] = 0
    end: Plain[int] = 0
    in_use: AddrRanges
    scav: PageAllocScav
    mheap_lock: Const[Mutex]
    sys_stat: Const["SysMemStat"]
    summary_mapped_ready: Plain[int] = 0
    chunk_huge_pages: Plain[bool] = False
    test: Const[bool] = False

    def init(self, h: "Mheap", mheap_lock: Mutex, sys_stat: "SysMemStat", test: bool) -> None:
        """runtime/mpagealloc.go pageAlloc.init: readies a zero PageAlloc; it has no pages yet.

        Throws if a summary can't count the pages of a root entry.
        """
        config = h.config
        if config.level_log_pages[0] > config.log_max_packed_value:
            throw("root level max pages doesn't fit in summary")
        self.h = h
        self.sys_stat = sys_stat
        self.summary_len = PlainArray(config.summary_levels, 0)
        self.chunks = SparsePlainArray(1 << config.palloc_chunks_l1_bits, None)
        self.in_use.init(h, sys_stat)
        self.sys_init()
        self.search_addr = max_search_addr(config)
        self.mheap_lock = mheap_lock
        self.summary_mapped_ready += self.scav.index.init(h, test, sys_stat)
        self.test = test

    def sys_init(self) -> None:
        """runtime/mpagealloc_64bit.go pageAlloc.sysInit: the platform's part of init."""
        if self.h.config.page_alloc32_bit:
            mpagealloc_32bit.sys_init(self)
        else:
            mpagealloc_64bit.sys_init(self)

    def sys_grow(self, base: int, limit: int) -> None:
        """runtime/mpagealloc_64bit.go pageAlloc.sysGrow: the platform's part of grow."""
        if self.h.config.page_alloc32_bit:
            mpagealloc_32bit.sys_grow(self, base, limit)
        else:
            mpagealloc_64bit.sys_grow(self, base, limit)

    find = find
    alloc_to_cache = alloc_to_cache
    scavenge = scavenge
    scavenge_one = scavenge_one

    def try_chunk_of(self, ci: int) -> PallocData | None:
        """runtime/mpagealloc.go pageAlloc.tryChunkOf: the bitmaps of chunk ci; None if unmapped."""
        config = self.h.config
        l2 = self.chunks[chunk_idx_l1(config, ci)]
        if l2 is None:
            return None
        return self.chunk_of(ci)

    def chunk_of(self, ci: int) -> PallocData:
        """runtime/mpagealloc.go pageAlloc.chunkOf: the bitmaps of chunk ci, which is mapped."""
        config = self.h.config
        l2 = self.chunks[chunk_idx_l1(config, ci)]
        chunk = l2.data[chunk_idx_l2(config, ci)]  # type: ignore[union-attr]  # nil faults
        if chunk is None:
            grown = self.in_use.contains(chunk_base(config, ci))
            chunk = l2.fresh(config, chunk_idx_l2(config, ci), grown)  # type: ignore[union-attr]
        return chunk

    def grow(self, base: int, size: int) -> None:
        """runtime/mpagealloc.go pageAlloc.grow: adds [base, base+size) (bytes) as free pages.

        They count as scavenged. Throws if there is no memory for the bitmaps.
        """
        assert_lock_held(self.mheap_lock)
        config = self.h.config

        # Only whole chunks can be handled.
        limit = align_up(config, base + size, config.palloc_chunk_bytes)
        base = align_down(config, base, config.palloc_chunk_bytes)
        self.sys_grow(base, limit)
        self.summary_mapped_ready += self.scav.index.grow(base, limit, self.sys_stat)

        # A start of 0 says that there was no growth yet: page 0 is never mapped.
        first_growth = self.start == 0
        start, end = chunk_index(config, base), chunk_index(config, limit)
        if first_growth or start < self.start:
            self.start = start
        if end > self.end:
            self.end = end
        # The caller never grows over memory that was added before.
        self.in_use.add(make_addr_range(config, base, limit))

        # Growing is much like freeing.
        if off_addr_less_than(config, base, self.search_addr):
            self.search_addr = base

        l2_len = 1 << config.palloc_chunks_l2_bits
        for c in range(start, end):
            if self.chunks[chunk_idx_l1(config, c)] is None:
                l2_size = l2_len * 2 * (config.palloc_chunk_pages // 8)
                r = sys_alloc(self.h, l2_size, self.sys_stat)
                if r == 0:
                    throw("pageAlloc: out of memory")
                if not self.test:
                    if self.chunk_huge_pages:
                        sys_huge_page(self.h, r, l2_size)
                    else:
                        sys_no_huge_page(self.h, r, l2_size)
                l2 = ChunksL2()
                l2.addr = r
                l2.data = SparsePlainArray(l2_len, None)
                self.chunks[chunk_idx_l1(config, c)] = l2
            # A chunk that nobody has looked at yet becomes so when it is.
            chunk = self.chunks[chunk_idx_l1(config, c)].data[chunk_idx_l2(config, c)]  # type: ignore[union-attr]
            if chunk is not None:
                chunk.scavenged.set_range(0, config.palloc_chunk_pages)

        self.update(base, size // config.page_size, True, False)

    def enable_chunk_huge_pages(self) -> None:
        """runtime/mpagealloc.go pageAlloc.enableChunkHugePages: bitmaps may use huge pages now.

        Takes the heap's lock. A second call does nothing.
        """
        config = self.h.config
        lock(self.h.lock)
        if self.chunk_huge_pages:
            unlock(self.h.lock)
            return
        self.chunk_huge_pages = True
        in_use = AddrRanges()
        in_use.sys_stat = self.sys_stat
        self.in_use.clone_into(in_use)
        unlock(self.h.lock)

        # New bitmaps see the flag; these are the old ones. in_use never shrinks.
        l2_size = (1 << config.palloc_chunks_l2_bits) * 2 * (config.palloc_chunk_pages // 8)
        for r in in_use.ranges:
            first = chunk_idx_l1(config, chunk_index(config, r.base))
            last = chunk_idx_l1(config, chunk_index(config, config.uintptr(r.limit - 1)))
            for i in range(first, last):
                l2 = self.chunks[i]
                sys_huge_page(self.h, l2.addr, l2_size)  # type: ignore[union-attr]  # nil faults

    def update(self, base: int, npages: int, contig: bool, alloc: bool) -> None:
        """runtime/mpagealloc.go pageAlloc.update: the bitmaps changed; brings the summaries up.

        The change is within npages pages from base; with contig, it is all of them, to allocated
        with alloc, else to free.
        """
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        summary = self.summary
        leaf = config.summary_levels - 1
        # Inclusive, as are sc and ec.
        limit = config.uintptr(base + npages * config.page_size - 1)
        sc, ec = chunk_index(config, base), chunk_index(config, limit)
        if not sc <= ec < self.summary_len[leaf]:
            raise IndexError(ec)

        leaves = summary[leaf]
        if sc == ec:
            # One chunk; its summary may be as before.
            x = leaves[sc]
            y = self.chunk_of(sc).palloc_bits.summarize()
            if x == y:
                return
            leaves[sc] = y
        elif contig:
            # The chunks between the first and the last are wholly allocated or free.
            leaves[sc] = self.chunk_of(sc).palloc_bits.summarize()
            whole = 0 if alloc else free_chunk_sum(config)
            leaves.fill(sc + 1, ec, whole)
            leaves[ec] = self.chunk_of(ec).palloc_bits.summarize()
        else:
            for c in range(sc, ec + 1):
                leaves[c] = self.chunk_of(c).palloc_bits.summarize()

        # Up to the root, as long as anything changes.
        changed = True
        level = leaf - 1
        bits_below = 0  # of a chunk's index, below that of this level's entry for it
        while level >= 0 and changed:
            changed = False
            log_entries_per_block = config.level_bits[level + 1]
            log_max_pages = config.level_log_pages[level + 1]
            bits_below += log_entries_per_block
            entries = summary[level]
            children = summary[level + 1]
            for i in range(sc >> bits_below, (ec >> bits_below) + 1):
                total = merge_summaries(
                    config,
                    children,
                    i << log_entries_per_block,
                    1 << log_entries_per_block,
                    log_max_pages,
                )
                if entries[i] != total:
                    changed = True
                    entries[i] = total
            level -= 1

    def alloc_range(self, base: int, npages: int) -> int:
        """runtime/mpagealloc.go pageAlloc.allocRange: allocates npages free pages from base on.

        Returns how many bytes of them were scavenged.
        """
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        chunk_pages = config.palloc_chunk_pages
        index = self.scav.index
        limit = config.uintptr(base + npages * config.page_size - 1)
        sc, ec = chunk_index(config, base), chunk_index(config, limit)
        si, ei = chunk_page_index(config, base), chunk_page_index(config, limit)

        scav = 0
        chunk = self.chunk_of(sc)
        if sc == ec:
            scav += chunk.scavenged.popcnt_range(si, ei + 1 - si)
            chunk.alloc_range(si, ei + 1 - si)
            index.alloc(sc, ei + 1 - si)
        else:
            scav += chunk.scavenged.popcnt_range(si, chunk_pages - si)
            chunk.alloc_range(si, chunk_pages - si)
            index.alloc(sc, chunk_pages - si)
            for c in range(sc + 1, ec):
                chunk = self.chunk_of(c)
                scav += chunk.scavenged.popcnt_range(0, chunk_pages)
                chunk.alloc_all()
                index.alloc(c, chunk_pages)
            chunk = self.chunk_of(ec)
            scav += chunk.scavenged.popcnt_range(0, ei + 1)
            chunk.alloc_range(0, ei + 1)
            index.alloc(ec, ei + 1)
        self.update(base, npages, True, True)
        return scav * config.page_size

    def find_mapped_addr(self, addr: int) -> int:
        """runtime/mpagealloc.go pageAlloc.findMappedAddr: the first mapped address from addr on.

        max_off_addr if there is none.
        """
        assert_lock_held(self.mheap_lock)
        h = self.h
        # Outside tests the arena map answers most questions.
        ai = arena_index(h.config, addr)
        if not self.test:
            l2 = h.arenas[arena_idx_l1(h.config, ai)]
            if l2 is not None and l2[arena_idx_l2(h.config, ai)] is not None:
                return addr
        v_addr, ok = self.in_use.find_addr_greater_equal(addr)
        if ok:
            return v_addr
        return max_off_addr(h.config)

    def alloc(self, npages: int) -> tuple[int, int]:
        """runtime/mpagealloc.go pageAlloc.alloc: allocates the first npages free pages.

        Returns (address, scavenged bytes among them); the address is 0 if there are none. Throws if
        the summaries contradict the bitmaps.
        """
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        i = chunk_index(config, self.search_addr)
        if i >= self.end:
            # The search would start above every chunk.
            return 0, 0

        addr = 0
        search_addr = min_off_addr(config)
        found = False
        pi = chunk_page_index(config, self.search_addr)
        leaves = self.summary[config.summary_levels - 1]
        if config.palloc_chunk_pages - pi >= npages and palloc_sum_max(config, leaves[i]) >= npages:
            # They may well be in the search address's chunk.
            j, search_idx = self.chunk_of(i).palloc_bits.find(npages, pi)
            if j == NOT_FOUND:
                throw("bad summary data")
            base = chunk_base(config, i)
            addr = config.uintptr(base + j * config.page_size)
            search_addr = config.uintptr(base + search_idx * config.page_size)
            found = True
        if not found:
            addr, search_addr = self.find(npages)
            if addr == 0:
                if npages == 1:
                    # Not even one: the heap is full.
                    self.search_addr = max_search_addr(config)
                return 0, 0

        scav = self.alloc_range(addr, npages)
        if off_addr_less_than(config, self.search_addr, search_addr):
            # Everything below is allocated.
            self.search_addr = search_addr
        return addr, scav

    def free(self, base: int, npages: int) -> None:
        """runtime/mpagealloc.go pageAlloc.free: frees npages pages from base on."""
        assert_lock_held(self.mheap_lock)
        config = self.h.config
        if off_addr_less_than(config, base, self.search_addr):
            self.search_addr = base
        index = self.scav.index
        if npages == 1:
            i = chunk_index(config, base)
            pi = chunk_page_index(config, base)
            self.chunk_of(i).palloc_bits.free1(pi)
            index.free(i, pi, 1)
        else:
            chunk_pages = config.palloc_chunk_pages
            limit = config.uintptr(base + npages * config.page_size - 1)
            sc, ec = chunk_index(config, base), chunk_index(config, limit)
            si, ei = chunk_page_index(config, base), chunk_page_index(config, limit)
            if sc == ec:
                self.chunk_of(sc).palloc_bits.free(si, ei + 1 - si)
                index.free(sc, si, ei + 1 - si)
            else:
                self.chunk_of(sc).palloc_bits.free(si, chunk_pages - si)
                index.free(sc, si, chunk_pages - si)
                for c in range(sc + 1, ec):
                    self.chunk_of(c).palloc_bits.free_all()
                    index.free(c, 0, chunk_pages)
                self.chunk_of(ec).palloc_bits.free(0, ei + 1)
                index.free(ec, 0, ei + 1)
        self.update(base, npages, True, False)
