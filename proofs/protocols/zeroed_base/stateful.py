"""Random allocations and uses of pages, in the port and in the model."""

from collections.abc import Mapping
from typing import ClassVar

from hypothesis.stateful import precondition, rule
from hypothesis.strategies import sampled_from

from checker.counterexample import Scalar
from harness.port import PortView, map_arenas
from harness.stateful import PortComparison
from impl.config import MINIATURE
from proofs.protocols.zeroed_base.abstraction import ABSTRACTION
from proofs.protocols.zeroed_base.mutants import PORT_MUTANTS

ARENAS, PARTS = 3, 8
ARENA_PAGES = MINIATURE.pages_per_arena
PAGES = ARENAS * ARENA_PAGES
PAGE = sampled_from(range(PAGES))

Allocation = tuple[int, int, list[tuple[int, int, int, int]]]
"""The first page, the page after the last, and the parts: (part, arena, low, high)."""


class PageRanges(PortComparison):
    """Pages 0..47 of three arenas. What the page allocator promises is kept: no page twice."""

    abstraction = ABSTRACTION
    sizes: ClassVar = {"Arena": ARENAS, "Part": PARTS}
    constants: ClassVar = {"arena_pages": ARENA_PAGES}
    mutants = PORT_MUTANTS
    idle: ClassVar = {"reload": "the word never moves between the load and the compare-and-swap"}

    def build(self) -> PortView:
        self.first_page = MINIATURE.heap_arena_bytes // MINIATURE.page_size
        self.heap = self.port.runtime.new_mheap(MINIATURE)
        map_arenas(self.port, self.heap, ARENAS)
        self.allocated: list[Allocation] = []
        self.spare = list(range(PARTS))
        at = self.port.heaparena.arena_at
        return PortView(heap=self.heap, arenas=[at(self.heap, ai) for ai in self.heap.all_arenas])

    def concrete(self) -> Mapping[str, Scalar]:
        words = enumerate(self.view.arenas)
        return {f"arena{number}.zeroed_base": arena.zeroed_base for number, arena in words}

    def taken(self) -> set[int]:
        """The pages in somebody's hands."""
        return {each for low, high, _ in self.allocated for each in range(low, high)}

    def free_from(self, page: int) -> tuple[int, int]:
        """The first run of free pages at or after this one, going round: (first, after last)."""
        taken = self.taken()
        order = [*range(page, PAGES), *range(page)]
        low = next(each for each in order if each not in taken)
        high = next((each for each in range(low, PAGES) if each in taken), PAGES)
        return low, high

    @precondition(lambda self: len(self.spare) >= ARENAS and len(self.taken()) < PAGES)
    @rule(page=PAGE, npages=sampled_from((1, 2, 3, 8, 16, 20, 40)))
    def allocate(self, page: int, npages: int) -> None:
        """At most npages free pages, at or after a page, are asked about."""
        low, end = self.free_from(page)
        high = min(low + npages, end)
        parts = []
        for a in range(low // ARENA_PAGES, (high - 1) // ARENA_PAGES + 1):
            first = a * ARENA_PAGES
            inside = max(low, first) - first, min(high, first + ARENA_PAGES) - first
            parts.append((self.spare.pop(0), a, *inside))
        for part in parts:
            self.run.take("own", *part)
        base = (self.first_page + low) * MINIATURE.page_size
        needs_zero = self.port_call(self.heap.alloc_needs_zero, base, high - low)
        used = any(
            self.run.see("used", a, i) for _, a, start, after in parts for i in range(start, after)
        )
        for p, _, _, after in parts:
            self.run.take("load", p)
            raises = self.run.see("seen", p) < after
            self.run.take("raise_base" if raises else "enough", p)
        expected = any(self.run.see("needs_zero", p) for p, *_ in parts)
        for p, *_ in parts:
            self.run.take("hand_out", p)
        self.same("needs_zero", needs_zero, expected)
        self.same("needs_zero, or no page was used", needs_zero or not used, True)
        self.allocated.append((low, high, parts))

    @precondition(lambda self: self.allocated)
    @rule(which=sampled_from(range(PARTS)), page=PAGE)
    def use(self, which: int, page: int) -> None:
        """The owner of an allocation writes one of its pages."""
        low, high, parts = self.allocated[which % len(self.allocated)]
        written = low + page % (high - low)
        p = next(p for p, a, *_ in parts if a == written // ARENA_PAGES)
        self.run.take("use", p, written % ARENA_PAGES)

    @precondition(lambda self: self.allocated)
    @rule(which=sampled_from(range(PARTS)))
    def free(self, which: int) -> None:
        """The pages may be given to others; zeroedBase does not go back."""
        _, _, parts = self.allocated.pop(which % len(self.allocated))
        self.spare += [p for p, *_ in parts]
