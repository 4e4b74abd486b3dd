"""A heap of pages alone: a page allocator, the little it needs of a heap, and a naive model of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from hypothesis import settings

from impl.chunkindex import chunk_base, max_search_addr
from impl.config import LINUX_386, LINUX_AMD64, LINUX_ARM64, MINIATURE, Config
from impl.mheap import Mheap
from impl.mpagealloc import PageAlloc
from impl.mpallocsum import pack_palloc_sum
from impl.mranges import off_addr_less_than
from impl.mstats import SysMemStat
from impl.persistentalloc import Persistent
from impl.rt import AddressSpace, Atomic, LockRank, Mutex, lock, lock_init

HALF = settings(max_examples=50)
"""Half the usual number of examples."""

PLATFORMS = [LINUX_AMD64, LINUX_ARM64, LINUX_386, MINIATURE]
MIDDLE = {LINUX_AMD64: 64, LINUX_ARM64: 64, LINUX_386: 64, MINIATURE: 0}
"""For each platform a chunk in which a heap may begin, counted from where the hints are."""


def name(config: Config) -> str:
    return config.name


def bare_heap(config: Config) -> Mheap:
    """What of an Mheap the address ranges and the page allocator use."""
    runtime = SimpleNamespace(
        mem=AddressSpace(config.phys_page_size, max(config.heap_addr_bits, 32)),
        gc_controller=SimpleNamespace(mapped_ready=Atomic()),
        memstats=SimpleNamespace(other_sys=SysMemStat(), gc_misc_sys=SysMemStat()),
        persistent=Persistent(),
    )
    h = SimpleNamespace(config=config, runtime=runtime, lock=Mutex(), arenas={})
    h.runtime.persistent.init()
    lock_init(h.lock, LockRank.MHEAP)
    return cast(Mheap, h)


def first_chunk(config: Config) -> int:
    """The index of a chunk at which a heap may begin."""
    first = config.arena_hints[0] if config.arena_hints else config.data_end
    return (first - config.arena_base_offset) % (1 << 64) // config.palloc_chunk_bytes + MIDDLE[
        config
    ]


class Pages:
    """A page allocator in test mode beside a model of it: the sets of free and scavenged pages.

    Pages are numbered from the first chunk's first.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.h = bare_heap(config)
        self.p = PageAlloc()
        self.h.pages = self.p
        self.p.init(self.h, self.h.lock, self.h.runtime.memstats.gc_misc_sys, True)
        lock(self.h.lock)
        self.first = first_chunk(config)
        self.chunks: set[int] = set()
        self.free: set[int] = set()
        self.scavenged: set[int] = set()

    def addr(self, page: int) -> int:
        return chunk_base(self.config, self.first) + page * self.config.page_size

    def page(self, addr: int) -> int:
        return (addr - chunk_base(self.config, self.first)) // self.config.page_size

    def grow(self, chunk: int, n: int) -> None:
        """Adds n chunks from the chunk-th of ours on."""
        size = n * self.config.palloc_chunk_bytes
        self.p.grow(chunk_base(self.config, self.first + chunk), size)
        pages = self.config.palloc_chunk_pages
        new = range(chunk * pages, (chunk + n) * pages)
        self.chunks.update(range(chunk, chunk + n))
        self.free.update(new)
        self.scavenged.update(new)

    def take(self, pages: set[int]) -> int:
        """The model allocates these pages: how many bytes of them are scavenged."""
        scavenged = self.scavenged & pages
        self.free -= pages
        self.scavenged -= pages
        return len(scavenged) * self.config.page_size

    def first_fit(self, n: int) -> int | None:
        """The first page of the first n free pages in a row."""
        run = 0
        previous = None
        for page in sorted(self.free):
            run = run + 1 if previous == page - 1 else 1
            previous = page
            if run == n:
                return page - n + 1
        return None

    def alloc(self, n: int) -> int | None:
        """Allocates n pages in both, and holds one against the other."""
        expected = self.first_fit(n)
        addr, scav = self.p.alloc(n)
        if expected is None:
            assert addr == 0
            return None
        assert addr == self.addr(expected)
        assert scav == self.take(set(range(expected, expected + n)))
        return expected

    def give_back(self, page: int, n: int) -> None:
        self.p.free(self.addr(page), n)
        self.free.update(range(page, page + n))

    def check(self) -> None:
        """The bitmaps are the model's, the summaries follow from them, the search misses nothing."""
        config = self.config
        pages = config.palloc_chunk_pages
        for chunk in self.chunks:
            data = self.p.chunk_of(self.first + chunk)
            for i in range(pages):
                page = chunk * pages + i
                assert data.palloc_bits.get(i) == (page not in self.free)
                assert data.scavenged.get(i) == (page in self.scavenged)
        runs = self.runs()
        for level in range(config.summary_levels):
            covered = 1 << config.level_log_pages[level]
            entries = self.p.summary[level]
            expected: dict[int, int] = {}
            for start, end in runs:
                for i in range(start // covered, (end - 1) // covered + 1):
                    expected[i] = self.summary(runs, i * covered, covered)
            for i in {*entries.touched(), *expected}:
                assert entries[i] == expected.get(i, 0)
        self._check_search_addr()

    def runs(self) -> list[tuple[int, int]]:
        """The longest runs [start, end) of free pages, numbered from the first of all."""
        offset = self.first * self.config.palloc_chunk_pages
        runs: list[tuple[int, int]] = []
        for page in sorted(self.free):
            if runs and runs[-1][1] == offset + page:
                runs[-1] = runs[-1][0], offset + page + 1
            else:
                runs.append((offset + page, offset + page + 1))
        return runs

    def summary(self, runs: list[tuple[int, int]], low: int, n: int) -> int:
        """What the summary of the n pages from low on must be."""
        inside = [(max(start, low), min(end, low + n)) for start, end in runs]
        first = max([end - start for start, end in inside if start == low < end], default=0)
        last = max([end - start for start, end in inside if start < low + n == end], default=0)
        best = max([end - start for start, end in inside], default=0)
        return pack_palloc_sum(self.config, first, best, last)

    def _check_search_addr(self) -> None:
        search = self.p.search_addr
        if search == max_search_addr(self.config):
            assert not self.free
            return
        assert self.p.in_use.contains(search)
        if self.free:
            assert not off_addr_less_than(self.config, self.addr(min(self.free)), search)
