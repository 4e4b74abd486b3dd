"""Random runs of the page allocator beside the part that stands for it, harness/stand_ins/first_fit.py.

Both get the same calls, in a heap that grows in pieces and in any order, and must answer the same;
after each call the bitmaps of all chunks must be the part's. Not compared here: the search address
that find returns, of which only its meaning is checked, and page caches and the scavenger, which
the part does not have. The runs beside the real runtime have those.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from hypothesis.stateful import invariant, precondition, rule
from hypothesis.strategies import integers

from checker.counterexample import Scalar
from harness.stand_ins import first_fit
from harness.stateful import PortExercise
from impl.config import LINUX_AMD64, MINIATURE, Config
from proofs.port.stand_ins.mutants import PAGES

ANY = integers(0, 1 << 16)

EVENTS = (
    "the heap has a hole",
    "the heap grows downwards",
    "there is no such run",
    "there is no page",
    "a run lies in two chunks",
    "a run covers a whole chunk",
    "a run is partly scavenged",
    "a run starts below a hole",
    "pages before a run are too few",
)

ALLOC = "runtime/mpagealloc.go:875 pageAlloc.alloc"
FIND = "runtime/mpagealloc.go:650 pageAlloc.find"
RANGE = "runtime/mpagealloc.go:573 pageAlloc.allocRange"
SEARCH = "runtime/mpagealloc.go:249 pageAlloc.searchAddr"


class PageAllocExercise(PortExercise):
    """The miniature, with four times the address space, so that its summaries have more entries.

    `chunks` are those the heap may grow by, `most` the pages of a run.
    """

    config: ClassVar[Config] = replace(MINIATURE, heap_addr_bits=22)
    chunks: ClassVar[Collection[int]] = (*range(1, 6), *range(7, 10), 14, 16, 31)
    most: ClassVar[int] = 40
    mutants: ClassVar = {each.name: each for each in PAGES}
    harness = "miniature"

    @classmethod
    def subject(cls) -> str:
        return "stand_ins"

    @classmethod
    def actions(cls) -> Collection[str]:
        return EVENTS

    def fired(self) -> Mapping[str, int]:
        return self.seen

    def build(self) -> None:
        self.seen = dict.fromkeys(EVENTS, 0)
        self.runs: list[tuple[int, int]] = []
        self.grown: set[int] = set()
        heap = self.port.runtime.new_mheap(self.config)
        self.pages = heap.pages
        self.part = first_fit.PageAlloc()
        self.part.init(heap, heap.lock, heap.runtime.gc_controller.heap_released, False)
        # Whoever calls the page allocator holds it.
        self.port.mheap.lock(heap.lock)

    def concrete(self) -> Mapping[str, Scalar]:
        shown: dict[str, Scalar] = {"search_addr": hex(self.pages.search_addr)}
        for ci in sorted(self.grown):
            chunk = self.pages.chunk_of(self._index(ci))
            shown[f"chunk{ci}.allocated"] = hex(_bits(chunk.palloc_bits))
            shown[f"chunk{ci}.scavenged"] = hex(_bits(chunk.scavenged))
        return shown

    def abstract(self) -> Mapping[str, Scalar]:
        return {"free": hex(self.part.free_bits), "scavenged": hex(self.part.scavenged_bits)}

    # What both do.

    @precondition(lambda self: len(self.grown) < len(self.chunks))
    @rule(at=ANY, count=integers(1, 3))
    def grow(self, at: int, count: int) -> None:
        """The heap grows by up to count chunks, from one of those it does not have yet."""
        missing = [each for each in self.chunks if each not in self.grown]
        first = missing[at % len(missing)]
        new = [each for each in range(first, first + count) if each in missing]
        new = new[: next((i for i, each in enumerate(new) if each != first + i), len(new))]
        self.seen["the heap grows downwards"] += any(first < each for each in self.grown)
        self.grown |= set(new)
        self.seen["the heap has a hole"] += max(self.grown) - min(self.grown) >= len(self.grown)
        base, size = (
            first * self.config.palloc_chunk_bytes,
            len(new) * self.config.palloc_chunk_bytes,
        )
        self.port_call(self.pages.grow, base, size)
        self.part.grow(base, size)

    @precondition(lambda self: self.grown)
    @rule(n=ANY, small=integers(0, 3))
    def alloc(self, n: int, small: int) -> None:
        npages = 1 + n % (self.most if small == 0 else 5)
        before = self.part.free_bits
        answer = self.port_call(self.pages.alloc, npages)
        self.same("alloc", ALLOC, npages, answer, self.part.alloc(npages))
        base, scav = answer
        if base == 0:
            self.seen["there is no such run"] += 1
            self.seen["there is no page"] += before == 0
        else:
            self._notice(base, npages, before, scav)
            self.runs.append((base, npages))

    @precondition(lambda self: self.grown)
    @rule(n=ANY, after=integers(0, 3))
    def find_and_take(self, n: int, after: int) -> None:
        """A run is found, and only its end is taken, as for a stack that must be aligned."""
        npages = 1 + n % self.most
        if npages <= after:
            return
        base, search = self.port_call(self.pages.find, npages)
        due, _ = self.part.find(npages)
        self.same("find", FIND, npages, base, due)
        if base != 0:
            self._nothing_below(search)
            base, npages = base + after * self.config.page_size, npages - after
            answer = self.port_call(self.pages.alloc_range, base, npages)
            self.same("alloc_range", RANGE, npages, answer, self.part.alloc_range(base, npages))
            self.runs.append((base, npages))

    @precondition(lambda self: self.runs)
    @rule(which=ANY, keep=integers(0, 2), end=integers(0, 1))
    def free(self, which: int, keep: int, end: int) -> None:
        """A run is freed, but for a few pages at its start or at its end."""
        base, npages = self.runs.pop(which % len(self.runs))
        keep = min(keep, npages - 1)
        kept = base + (npages - keep) * self.config.page_size if end else base
        freed = base if end else base + keep * self.config.page_size
        if keep:
            self.runs.append((kept, keep))
        self.port_call(self.pages.free, freed, npages - keep)
        self.part.free(freed, npages - keep)

    # What must be the same.

    def same(self, what: str, cites: str, npages: int, port: Any, part: Any) -> None:
        if port != part:
            why = f"{what} of {npages} pages is {port} in the port, {part} by first fit"
            raise self.broken(f"first_fit.{what}", cites, why)

    @invariant()
    def bitmaps(self) -> None:
        """Of each page: whether it is free, and whether it is free and scavenged."""
        pages = self.config.palloc_chunk_pages
        mask = (1 << pages) - 1
        for ci in self.grown:
            chunk = self.pages.chunk_of(self._index(ci))
            free = ~_bits(chunk.palloc_bits) & mask
            if free != self.part.free_bits >> ci * pages & mask:
                raise self.broken("first_fit.free", ALLOC, f"chunk {ci}: {free:#x} are free")
            if _bits(chunk.scavenged) != self.part.scavenged_bits >> ci * pages & mask:
                raise self.broken(
                    "first_fit.scavenged", ALLOC, f"chunk {ci}: other scavenged pages"
                )

    @invariant()
    def search_address(self) -> None:
        """Nothing is free below it."""
        self._nothing_below(self.pages.search_addr)

    def _nothing_below(self, search: int) -> None:
        offset = self.config.uintptr(search - self.config.arena_base_offset)
        base = self.config.uintptr(-self.config.arena_base_offset)
        page = max(0, offset - base) // self.config.page_size
        lowest = self.part.free_bits & -self.part.free_bits
        if lowest and lowest.bit_length() - 1 < page:
            why = f"page {lowest.bit_length() - 1} is free, the search begins at {page}"
            raise self.broken("first_fit.search_address", SEARCH, why)

    def _index(self, ci: int) -> int:
        base = ci * self.config.palloc_chunk_bytes
        return int(self.port.chunkindex.chunk_index(self.config, base))

    def _notice(self, base: int, npages: int, free: int, scav: int) -> None:
        pages = self.config.palloc_chunk_pages
        first = base // self.config.page_size
        last = first + npages - 1
        self.seen["a run lies in two chunks"] += first // pages != last // pages
        self.seen["a run covers a whole chunk"] += -(-first // pages) < (last + 1) // pages
        self.seen["a run is partly scavenged"] += 0 < scav < npages * self.config.page_size
        self.seen["pages before a run are too few"] += free & ((1 << first) - 1) != 0
        self.seen["a run starts below a hole"] += last // pages + 1 not in self.grown


class RealPages(PageAllocExercise):
    """The geometry of linux/amd64: chunks of 512 pages, and five levels of summaries.

    The chunks lie on both sides of where entries of the two levels above them begin.
    """

    config = LINUX_AMD64
    chunks = (*range(1, 4), *range(6, 10), *range(62, 66))
    most = 1300
    harness = "linux-amd64"

    @classmethod
    def excused(cls) -> Mapping[str, str]:
        return {"there is no page": "a run has some forty calls, and a chunk 512 pages"}


def _bits(bitmap: Any) -> int:
    """A bitmap as one number."""
    width = bitmap.config.word_bits
    return sum(word << i * width for i, word in enumerate(_words(bitmap)))


def _words(bitmap: Any) -> Iterable[int]:
    return (bitmap.words[i] for i in range(len(bitmap.words)))
