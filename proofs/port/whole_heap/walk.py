"""A look at the whole heap between two operations: its pages, spans, caches and books.

Sets of pages are whole numbers with a bit for each page of a chunk, by the chunk's index. What is
looked at is the port's own state; the functions that find their way in it are those of the port
without a mutant's bug.
"""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from impl.chunkindex import chunk_base, chunk_index, chunk_page_index
from impl.heaparena import HeapArena, arena_at, arena_base, arena_index
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE
from impl.spanclass import make_span_class

FAULTED = make_span_class(0, True)
"""The span class of a user arena chunk that was set to fault."""

PageSets = dict[int, int]


def runs(pages: int) -> Iterator[tuple[int, int]]:
    """The longest runs [start, end) of bits that are set."""
    at = 0
    while pages:
        skip = (pages & -pages).bit_length() - 1
        pages >>= skip
        length = (~pages & (pages + 1)).bit_length() - 1
        yield at + skip, at + skip + length
        pages >>= length
        at += skip + length


def at_fault(s: Mspan) -> bool:
    """The span is a user arena chunk without memory."""
    return s.is_user_arena_chunk and s.spanclass == FAULTED


class Look:
    """The heap h at one moment. Everything is computed when it is first asked for."""

    def __init__(self, h: Any) -> None:
        self.h, self.config = h, h.config

    @cached_property
    def spans(self) -> list[Mspan]:
        """Every span structure there ever was."""
        return [self.h.allspans.at(i) for i in range(self.h.allspans.len)]

    @cached_property
    def live(self) -> list[Mspan]:
        """Spans in use or manual, user arena chunks included."""
        return [s for s in self.spans if s.state.get() != M_SPAN_DEAD]

    @cached_property
    def in_use(self) -> list[Mspan]:
        """Spans of the garbage-collected heap."""
        return [s for s in self.live if s.state.get() == M_SPAN_IN_USE]

    @cached_property
    def chunks(self) -> list[int]:
        """The chunks that the page allocator has grown by."""
        found: list[int] = []
        for r in self.h.pages.in_use.ranges:
            first = chunk_index(self.config, r.base)
            found += range(first, first + r.size(self.config) // self.config.palloc_chunk_bytes)
        return found

    @cached_property
    def free(self) -> PageSets:
        """The pages that the page allocator calls free."""
        full = (1 << self.config.palloc_chunk_pages) - 1
        return {ci: full & ~self._bits(ci, "palloc_bits") for ci in self.chunks}

    @cached_property
    def scavenged(self) -> PageSets:
        """The pages that the page allocator calls scavenged."""
        return {ci: self._bits(ci, "scavenged") for ci in self.chunks}

    def _bits(self, ci: int, which: str) -> int:
        bits = 0
        words = getattr(self.h.pages.chunk_of(ci), which).words
        for i in range(len(words)):
            bits |= words[i] << i * self.config.word_bits
        return bits

    @cached_property
    def caches(self) -> list[tuple[int, int, int]]:
        """The page caches of all Ps: (chunk, free pages, those of them that are scavenged)."""
        found = []
        for pp in self.h.runtime.ever_allp:
            c = pp.pcache
            if c.cache != 0:
                page = chunk_page_index(self.config, c.base)
                found.append((chunk_index(self.config, c.base), c.cache << page, c.scav << page))
        return found

    def pages_of(self, s: Mspan) -> Iterator[tuple[int, int]]:
        """The pages of a span, as (chunk, pages)."""
        pages = self.config.palloc_chunk_pages
        ci, page = chunk_index(self.config, s.base()), chunk_page_index(self.config, s.base())
        left = s.npages
        while left > 0:
            n = min(left, pages - page)
            yield ci, ((1 << n) - 1) << page
            ci, page, left = ci + 1, 0, left - n

    def entries(self, s: Mspan) -> Iterator[tuple[Any, int]]:
        """The entries of the span table for the pages of a span: (table of an arena, index)."""
        pages = self.config.pages_per_arena
        table: Any = None
        first = s.base() // self.config.page_size
        for page in range(first, first + s.npages):
            if table is None or page % pages == 0:
                index = arena_index(self.config, page * self.config.page_size)
                table = arena_at(self.h, index).spans
            yield table, page % pages

    @cached_property
    def taken(self) -> PageSets:
        """The pages of live spans but user arena chunks."""
        found = dict.fromkeys(self.chunks, 0)
        for s in self.live:
            if not s.is_user_arena_chunk:
                for ci, pages in self.pages_of(s):
                    found[ci] = found.get(ci, 0) | pages
        return found

    @cached_property
    def arenas(self) -> list[tuple[int, HeapArena]]:
        """The arenas with metadata: (address, metadata)."""
        found = []
        for l1 in self.h.arenas.touched():
            l2 = self.h.arenas[l1]
            for i in l2.entries.touched() if l2 is not None else ():
                ai = (l1 << self.config.arena_l1_shift) | i
                found.append((arena_base(self.config, ai), l2.entries[i]))
        return found

    @cached_property
    def cached(self) -> list[Mspan]:
        """The spans in the caches of all Ps."""
        return [
            pp.mcache.alloc[i]
            for pp in self.h.runtime.allp
            for i in range(len(pp.mcache.alloc))
            if pp.mcache.alloc[i] is not self.h.runtime.emptymspan
        ]

    @cached_property
    def dead_structures(self) -> list[Mspan]:
        """The structures in the Ps' caches and in the pool, with those that are in both."""
        found = [
            pp.mspancache.buf[i]
            for pp in self.h.runtime.ever_allp
            for i in range(pp.mspancache.len)
        ]
        link = self.h.spanalloc.list
        while link is not None:
            found.append(link.v)
            link = link.next
        return found

    def listed(self, spans: Any) -> list[Mspan]:
        """The spans on a list of spans."""
        found, s = [], spans.first
        while s is not None:
            found.append(s)
            s = s.next
        return found

    @cached_property
    def quarantined(self) -> list[Mspan]:
        """User arena chunks at fault that something may still point to."""
        return self.listed(self.h.user_arena.quarantine_list)

    @cached_property
    def ready(self) -> list[Mspan]:
        """User arena chunks to be used again, or for the first time."""
        return self.listed(self.h.user_arena.ready_list)

    @cached_property
    def free_runs(self) -> list[tuple[int, int]]:
        """The longest runs [start, end) of free pages, counted from the first page of chunk 0."""
        found: list[tuple[int, int]] = []
        for ci in sorted(self.chunks):
            first = ci * self.config.palloc_chunk_pages
            for start, end in runs(self.free[ci]):
                if found and found[-1][1] == first + start:
                    found[-1] = found[-1][0], first + end
                else:
                    found.append((first + start, first + end))
        return found

    def address(self, ci: int, page: int) -> int:
        """The address of a page of a chunk."""
        return int(chunk_base(self.config, ci) + page * self.config.page_size)

    def counters(self) -> dict[str, int]:
        """The consistent statistics, added up over their three parts (modulo 2**64)."""
        names = ("committed", "released", "in_heap", "in_stacks", "in_work_bufs")
        parts = self.h.runtime.memstats.heap_stats.stats
        return {
            name: sum(getattr(part, name).load() for part in parts) % (1 << 64)
            for name in (*names, "in_ptr_scalar_bits")
        }
