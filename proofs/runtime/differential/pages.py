"""The page allocator: chunks, summaries, search address, page caches, scavenging."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from checker.binding import Edit
from checker.mutation import Mutant
from golang.oracle import Op
from golang.oracle.client import OracleRequest
from impl.config import LINUX_AMD64
from impl.rt import lock, unlock
from proofs.runtime.differential.compare import (
    Differential,
    Made,
    Numbers,
    Results,
    Words,
    words_of,
)
from proofs.runtime.differential.heaps import (
    MASK,
    Reader,
    cache_words,
    new_heap,
    page_alloc_words,
    platform_start,
)

CHUNK, PAGE, PAGES = 4 << 20, 8 << 10, 512
# Neighbours, and some on both sides of a boundary of the tree's root and of the map of chunks. Not
# farther apart: a search of the scavenge index looks at every chunk in between.
PLACES = (
    *((0x24_0000_0000, i) for i in range(24)),
    *((0x27_FF80_0000, i) for i in range(4)),
)
CACHES = 4


class PagesDifferential(Differential):
    """One page allocator in test mode and four page caches."""

    name = "pages"
    cites = "runtime/mpagealloc.go:197-987"
    operations = ("PAGES_",)
    rules: ClassVar = {
        "grow": 5,
        "alloc": 22,
        "alloc_large": 4,
        "free": 16,
        "alloc_range": 3,
        "find": 4,
        "to_cache": 5,
        "cache_alloc": 12,
        "cache_flush": 2,
        "scavenge": 4,
        "scavenge_one": 3,
        "scavenge_index": 4,
        "other": 1,
        "free_twice": 1,
    }
    throws = ("allocated pages below zero?",)
    platform: ClassVar = LINUX_AMD64
    start = platform_start(LINUX_AMD64, (Op.PAGES_RESET,))
    mutants: ClassVar[Sequence[Mutant]] = (
        Mutant(
            "search-address-stays",
            "freed pages below the search address are not found",
            (
                Edit(
                    "mpagealloc",
                    "        if off_addr_less_than(config, base, self.search_addr):\n"
                    "            self.search_addr = base\n"
                    "        index = self.scav.index\n",
                    "        index = self.scav.index\n",
                ),
            ),
        ),
        Mutant(
            "one-level-not-updated",
            "the root of the summaries does not follow",
            (Edit("mpagealloc", "while level >= 0 and changed", "while level >= 1 and changed"),),
        ),
        Mutant(
            "flush-loses-scavenged",
            "pages flushed from a cache are no longer known as scavenged",
            (
                Edit(
                    "mpagecache",
                    "                p.chunk_of(ci).scavenged.set_range(pi + i, 1)\n",
                    "                pass\n",
                ),
            ),
        ),
        Mutant(
            "huge-page-broken-up",
            "the scavenger breaks up a free huge page",
            (Edit("mgcscavenge", "huge_page_below >= end - run", "huge_page_below > end"),),
        ),
    )

    def __init__(self, port: Any) -> None:
        super().__init__(port)
        self.h = h = new_heap(port, self.platform)
        self.config = h.config
        self.p = p = port.mpagealloc.PageAlloc()
        p.init(h, h.lock, h.runtime.memstats.other_sys, True)
        cache = port.mpagecache.PageCache
        self.caches = caches = [cache() for _ in range(CACHES)]
        locked = self.locked
        self.live: list[tuple[int, int]] = []
        self.grown: set[int] = set()
        self.calls: dict[int, Callable[..., Any]] = {
            Op.PAGES_GROW: locked(p.grow),
            Op.PAGES_ALLOC: locked(p.alloc),
            Op.PAGES_FREE: locked(p.free),
            Op.PAGES_ALLOC_RANGE: locked(p.alloc_range),
            Op.PAGES_FIND: locked(p.find),
            Op.PAGES_FIND_MAPPED_ADDR: locked(p.find_mapped_addr),
            Op.PAGES_ALLOC_TO_CACHE: self.do_to_cache,
            Op.PAGES_CACHE_ALLOC: lambda k, n: caches[k].alloc(self.config, n),
            Op.PAGES_CACHE_FLUSH: locked(lambda k: caches[k].flush(p)),
            Op.PAGES_SCAVENGE: lambda n, force: p.scavenge(n, None, bool(force)),
            Op.PAGES_SCAVENGE_ONE: p.scavenge_one,
            Op.PAGES_SCAV_FIND: lambda force: p.scav.index.find(bool(force)),
            Op.PAGES_NEXT_GEN: p.scav.index.next_gen,
            Op.PAGES_ENABLE_HUGE: p.enable_chunk_huge_pages,
            Op.PAGES_TRY_CHUNK_OF: lambda ci: p.try_chunk_of(ci) is not None,
        }

    def locked(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with the heap's lock held around it."""

        def call(*arguments: int) -> Any:
            lock(self.h.lock)
            result = function(*arguments)
            unlock(self.h.lock)
            return result

        return call

    def do_to_cache(self, k: int) -> Results:
        self.caches[k].assign(self.locked(self.p.alloc_to_cache)())
        return cache_words(self.caches[k])

    def apply(self, request: OracleRequest) -> Results:
        return words_of(self.calls[request[0]](*request[1:]))

    def state(self) -> list[int]:
        words = page_alloc_words(self.p)
        for each in self.caches:
            words += cache_words(each)
        return words

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        reader = Reader(words)
        reader.page_alloc(LINUX_AMD64)
        for i in range(CACHES):
            reader.cache(f"cache{i}")
        return reader.named

    def learn(self, request: OracleRequest, results: Results) -> None:
        op = request[0]
        if op == Op.PAGES_ALLOC and results[0]:
            self.live.append((results[0], request[1]))
        elif op == Op.PAGES_CACHE_ALLOC and results[0]:
            self.live.append((results[0], request[2]))
        elif op == Op.PAGES_ALLOC_RANGE:
            self.live.append((request[1], request[2]))

    def grow(self, numbers: Numbers) -> Made:
        at = numbers.below(len(PLACES))
        count = numbers.below(3) + 1
        taken = range(at, min(at + count, len(PLACES)))
        if self.grown.intersection(taken) or len({PLACES[i][0] for i in taken}) > 1:
            return None
        self.grown.update(taken)
        region, i = PLACES[at]
        return (Op.PAGES_GROW, region + i * CHUNK, len(taken) * CHUNK)

    def alloc(self, numbers: Numbers) -> Made:
        return (Op.PAGES_ALLOC, 1 + numbers.below(1 << numbers.below(7)))

    def alloc_large(self, numbers: Numbers) -> Made:
        shape = numbers.below(8)
        if shape == 7:
            return (Op.PAGES_ALLOC, 1 << 20 + numbers.below(30))
        return (Op.PAGES_ALLOC, numbers.below(1600) + 1 if shape else PAGES)

    def free(self, numbers: Numbers) -> Made:
        """All or a part of what was allocated."""
        if not self.live:
            return None
        addr, pages = self.live.pop(numbers.below(len(self.live)))
        kept = numbers.below(pages) if numbers.below(3) == 1 else 0
        if kept and numbers.below(2):
            self.live.append((addr, kept))
            return (Op.PAGES_FREE, addr + kept * PAGE, pages - kept)
        if kept:
            self.live.append((addr + (pages - kept) * PAGE, kept))
        return (Op.PAGES_FREE, addr, pages - kept)

    def free_twice(self, numbers: Numbers) -> Made:
        """Of a chunk in which too little is allocated; rarely, as it ends the run."""
        if numbers.below(5) != 1 or not self.p.in_use.ranges:
            return None
        return (Op.PAGES_FREE, self.some_chunk(numbers), PAGES)

    def some_chunk(self, numbers: Numbers) -> int:
        """The address of a chunk in use."""
        chunks = [addr for r in self.p.in_use.ranges for addr in range(r.base, r.limit, CHUNK)]
        return int(numbers.pick(chunks))

    def alloc_range(self, numbers: Numbers) -> Made:
        """Free pages from anywhere, perhaps across chunks."""
        if not self.p.in_use.ranges:
            return None
        base = self.some_chunk(numbers) + numbers.below(PAGES) * PAGE
        most = numbers.below(700) + 1
        count = 0
        while count < most and self.is_free(base + count * PAGE):
            count += 1
        return (Op.PAGES_ALLOC_RANGE, base, count) if count else None

    def is_free(self, addr: int) -> bool:
        if not self.p.in_use.contains(addr):
            return False
        ci = addr - self.config.arena_base_offset & MASK
        return bool(self.p.chunk_of(ci // CHUNK).palloc_bits.get(addr % CHUNK // PAGE) == 0)

    def find(self, numbers: Numbers) -> Made:
        if not self.p.in_use.ranges:
            return None  # Go would read summaries that are not mapped
        if numbers.below(2):
            region, i = numbers.pick(PLACES)
            return (Op.PAGES_FIND_MAPPED_ADDR, region + i * CHUNK + numbers.below(CHUNK))
        return (Op.PAGES_FIND, 1 + numbers.below(1 << numbers.below(12)))

    def to_cache(self, numbers: Numbers) -> Made:
        """Into an empty cache, as Go does it."""
        k = numbers.below(CACHES)
        return (Op.PAGES_ALLOC_TO_CACHE, k) if self.caches[k].empty() else None

    def cache_alloc(self, numbers: Numbers) -> Made:
        return (Op.PAGES_CACHE_ALLOC, numbers.below(CACHES), numbers.below(16) + 1)

    def cache_flush(self, numbers: Numbers) -> Made:
        return (Op.PAGES_CACHE_FLUSH, numbers.below(CACHES))

    def scavenge(self, numbers: Numbers) -> Made:
        n = numbers.pick([PAGE, 64 << 10, 1, 3 * PAGE + 1, 1 << 20, CHUNK, 64 << 20, MASK])
        return (Op.PAGES_SCAVENGE, n, numbers.below(2))

    def scavenge_one(self, numbers: Numbers) -> Made:
        if not self.p.in_use.ranges:
            return None
        ci = (self.some_chunk(numbers) - self.config.arena_base_offset & MASK) // CHUNK
        return (Op.PAGES_SCAVENGE_ONE, ci, numbers.below(PAGES), numbers.below(200) * 4096)

    def scavenge_index(self, numbers: Numbers) -> Made:
        if numbers.below(3) == 0:
            return (Op.PAGES_NEXT_GEN,)
        return (Op.PAGES_SCAV_FIND, numbers.below(2))

    def other(self, numbers: Numbers) -> Made:
        if numbers.below(3) == 0:
            return (Op.PAGES_ENABLE_HUGE,)
        region, i = numbers.pick(PLACES)
        return (Op.PAGES_TRY_CHUNK_OF, (region - self.config.arena_base_offset & MASK) // CHUNK + i)


class CoarsePagesDifferential(PagesDifferential):
    """The same where the system's pages are larger: eight of ours are scavenged at once."""

    name = "pages_coarse"
    platform = replace(LINUX_AMD64, phys_page_size=64 << 10)
    start = platform_start(platform, (Op.PAGES_RESET,))
    mutants: ClassVar[Sequence[Mutant]] = (
        Mutant(
            "physical-pages-ignored",
            "single pages are scavenged",
            (Edit("mgcscavenge", "config.phys_page_size // page_size", "1"),),
        ),
    )
