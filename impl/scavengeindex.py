"""The index in which the scavenger looks for chunks that have something to scavenge.

It knows one word for each chunk of the address space, and two search addresses, above which there
is nothing to find. Updates are serialised by the heap's lock; a search may run beside them.

Go's array of words lies in memory that is made Ready as the heap grows, and so do its words here,
as far as the books and the states of memory go.
"""

from typing import TYPE_CHECKING

from impl.chunkindex import chunk_base, chunk_index, chunk_page_index
from impl.mem import sys_alloc, sys_map, sys_reserve, sys_used
from impl.mranges import AtomicOffAddr, make_addr_range, min_off_addr, off_addr_less_than
from impl.rt import Atomic, Const, Plain, SparseMixedArray, Struct, atomic, throw, u32
from impl.scavchunk import (
    ScavChunkData,
    packed_has_free,
    scav_chunk_hi_occ_pages,
    unpack_scav_chunk_data,
)
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat

SCAV_CHUNK_DATA_SIZE = 8
"""unsafe.Sizeof(atomicScavChunkData{}): bytes of a word of the index."""


class ScavengeIndex(Struct):
    """runtime/mgcscavenge.go scavengeIndex: chunks holds the packed word of each chunk.

    Words [min, max) are Ready; min_heap_idx is the lowest chunk of the heap, 0 before it has one.
    search_addr_bg is raised by next_gen only, to free_hwm, the highest address freed in this
    generation; search_addr_force by each free. Either is the highest page that may be scavenged,
    marked while no search has seen it yet. gen is a uint32.
    """

    h: Const["Mheap"]
    chunks: Const[SparseMixedArray[int]]
    chunks_addr: Const[int] = 0
    min: Atomic[int]
    max: Atomic[int]
    min_heap_idx: Atomic[int]
    search_addr_bg: AtomicOffAddr
    search_addr_force: AtomicOffAddr
    free_hwm: Plain[int] = 0
    gen: Plain[int] = 0
    test: Const[bool] = False

    def init(self, h: "Mheap", test: bool, sys_stat: "SysMemStat") -> int:
        """runtime/mgcscavenge.go scavengeIndex.init: an empty index; bytes added to sys_stat."""
        self.h = h
        self.search_addr_bg.clear(h.config)
        self.search_addr_force.clear(h.config)
        self.free_hwm = min_off_addr(h.config)
        self.test = test
        return self.sys_init(test, sys_stat)

    def sys_init(self, test: bool, sys_stat: "SysMemStat") -> int:
        """runtime/mpagealloc_64bit.go scavengeIndex.sysInit: the words; bytes added to sys_stat.

        On 64-bit platforms memory for all of them is reserved. On 32-bit ones the array is part of
        the program's data, or Ready from the start in a test (runtime/mpagealloc_32bit.go).
        """
        config = self.h.config
        n = (1 << config.heap_addr_bits) // config.palloc_chunk_bytes
        self.chunks = SparseMixedArray(n, 0)
        if not config.page_alloc32_bit:
            self.chunks_addr = sys_reserve(self.h, 0, n * SCAV_CHUNK_DATA_SIZE)
            return 0
        mapped_ready = 0
        if test:
            mapped_ready = n * SCAV_CHUNK_DATA_SIZE
            self.chunks_addr = sys_alloc(self.h, mapped_ready, sys_stat)
        # Chunk 0 is never part of the heap.
        self.min.store(1)
        self.max.store(n)
        return mapped_ready

    def grow(self, base: int, limit: int, sys_stat: "SysMemStat") -> int:
        """runtime/mgcscavenge.go scavengeIndex.grow: the heap grows by [base, limit) (bytes).

        Returns the bytes added to sys_stat.
        """
        # The heap may begin lower now even if no words need to be mapped.
        min_heap_idx = self.min_heap_idx.load()
        base_idx = chunk_index(self.h.config, base)
        if min_heap_idx == 0 or base_idx < min_heap_idx:
            self.min_heap_idx.store(base_idx)
        return self.sys_grow(base, limit, sys_stat)

    def sys_grow(self, base: int, limit: int, sys_stat: "SysMemStat") -> int:
        """runtime/mpagealloc_64bit.go scavengeIndex.sysGrow: maps words for more of the heap.

        [base, limit) consists of whole chunks. One range of words, from the lowest chunk of the heap
        to the highest, is Ready. 0 stands for an unset bound, but may be one: go.dev/issue/63385.
        Returns the bytes added to sys_stat, 0 on 32-bit platforms (runtime/mpagealloc_32bit.go).
        """
        config = self.h.config
        if config.page_alloc32_bit:
            return 0
        if base % config.palloc_chunk_bytes != 0 or limit % config.palloc_chunk_bytes != 0:
            throw("sysGrow bounds not aligned to pallocChunkBytes")
        have_min = self.min.load()
        have_max = self.max.load()
        words_per_page = config.phys_page_size // SCAV_CHUNK_DATA_SIZE
        need_min = align_down(config, chunk_index(config, base), words_per_page)
        need_max = align_up(config, chunk_index(config, limit), words_per_page)
        # Close the gap to what is mapped, if there is one.
        if need_max < have_min:
            need_max = have_min
        if have_max != 0 and need_min > have_max:
            need_min = have_max
        have = make_addr_range(
            config,
            self.chunks_addr + have_min * SCAV_CHUNK_DATA_SIZE,
            self.chunks_addr + have_max * SCAV_CHUNK_DATA_SIZE,
        )
        need = make_addr_range(
            config,
            self.chunks_addr + need_min * SCAV_CHUNK_DATA_SIZE,
            self.chunks_addr + need_max * SCAV_CHUNK_DATA_SIZE,
        )
        # What is mapped must not be mapped again: that would zero it.
        need = need.subtract(config, have)
        size = need.size(config)
        if size != 0:
            sys_map(self.h, need.base, size, sys_stat)
            sys_used(self.h, need.base, size, size)
            # Only now may others use the words.
            if have_min == 0 or need_min < have_min:
                self.min.store(need_min)
            if have_max == 0 or need_max > have_max:
                self.max.store(need_max)
        return size

    def load(self, ci: int) -> ScavChunkData:
        """runtime/mgcscavenge.go atomicScavChunkData.load: what is known about chunk ci."""
        return unpack_scav_chunk_data(self.h.config, atomic.load64(self.chunks, ci))

    def store(self, ci: int, sc: ScavChunkData) -> None:
        """runtime/mgcscavenge.go atomicScavChunkData.store: replaces it; stores are serialised."""
        atomic.store64(self.chunks, ci, sc.pack(self.h.config))

    def find(self, force: bool) -> tuple[int, int]:
        """runtime/mgcscavenge.go scavengeIndex.find: (highest chunk with something to scavenge,
        page in it from which to search downwards); (0, 0) if there is nothing.
        """
        config = self.h.config
        cursor = self.search_addr_force if force else self.search_addr_bg
        search_addr, marked = cursor.load(config)
        if search_addr == min_off_addr(config):
            return 0, 0

        gen = self.gen
        min_ = self.min_heap_idx.load()
        start = chunk_index(config, search_addr)
        i = start
        chunks = self.chunks
        # Chunk 0 is never mapped, so the loop ends before i would be negative.
        while i >= min_:
            word = atomic.load64(chunks, i)
            if not (
                packed_has_free(config, word)
                and unpack_scav_chunk_data(config, word).should_scavenge(config, gen, force)
            ):
                i -= 1
                continue
            if i == start:
                return i, chunk_page_index(config, search_addr)
            # Lower the search address, but don't lose a higher one that was freed meanwhile.
            new_search_addr = config.uintptr(
                chunk_base(config, i) + config.palloc_chunk_bytes - config.page_size
            )
            if marked:
                # If this fails, the address was raised or someone else has seen it.
                cursor.store_unmark(config, search_addr, new_search_addr)
            else:
                cursor.store_min(config, new_search_addr)
            return i, config.palloc_chunk_pages - 1
        # The whole heap was searched.
        cursor.clear(config)
        return 0, 0

    def alloc(self, ci: int, npages: int) -> None:
        """runtime/mgcscavenge.go scavengeIndex.alloc: npages of chunk ci were allocated.

        It may run beside find only.
        """
        config = self.h.config
        sc = self.load(ci)
        sc.alloc(config, npages, self.gen)
        if not sc.is_huge_page() and sc.in_use > scav_chunk_hi_occ_pages(config):
            # So dense that the system may make it huge pages again.
            sc.set_huge_page()
        self.store(ci, sc)

    def free(self, ci: int, page: int, npages: int) -> None:
        """runtime/mgcscavenge.go scavengeIndex.free: npages of chunk ci from `page` on were freed.

        It may run beside find only.
        """
        config = self.h.config
        sc = self.load(ci)
        sc.free(npages, self.gen)
        self.store(ci, sc)

        addr = config.uintptr(chunk_base(config, ci) + (page + npages - 1) * config.page_size)
        if off_addr_less_than(config, self.free_hwm, addr):
            self.free_hwm = addr
        # Searches only lower the address, so one that is out of date is too high at worst.
        search_addr, _ = self.search_addr_force.load(config)
        if off_addr_less_than(config, search_addr, addr):
            self.search_addr_force.store_marked(config, addr)

    def next_gen(self) -> None:
        """runtime/mgcscavenge.go scavengeIndex.nextGen: a cycle is over; what it freed is eligible.

        It may run beside find only.
        """
        config = self.h.config
        self.gen = u32(self.gen + 1)
        search_addr, _ = self.search_addr_bg.load(config)
        if off_addr_less_than(config, search_addr, self.free_hwm):
            self.search_addr_bg.store_marked(config, self.free_hwm)
        self.free_hwm = min_off_addr(config)

    def set_empty(self, ci: int) -> None:
        """runtime/mgcscavenge.go scavengeIndex.setEmpty: nothing more in chunk ci, for now.

        It may run beside find only.
        """
        val = self.load(ci)
        val.set_empty()
        self.store(ci, val)

    def set_no_huge_page(self, ci: int) -> None:
        """runtime/mgcscavenge.go scavengeIndex.setNoHugePage: huge pages of ci get broken up.

        It may run beside find only.
        """
        val = self.load(ci)
        if not val.is_huge_page():
            return
        val.set_no_huge_page()
        self.store(ci, val)
