"""In place of impl/mpagealloc.py: one bitmap of free pages, of which the lowest run that fits is taken.

Whoever calls holds the heap's lock.
"""

from typing import TYPE_CHECKING

from impl.rt import Atomic, Const, Plain, Struct

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat
    from impl.rt import Mutex


class PageAllocScav(Struct):
    """runtime/mpagealloc.go pageAlloc.scav: bytes released in this cycle, by the two scavengers."""

    released_bg: Atomic[int]
    released_eager: Atomic[int]


class PageAlloc(Struct):
    """runtime/mpagealloc.go pageAlloc: bit i is about page i of the address space.

    A page is free, and if it is, it may be scavenged.
    """

    h: Const["Mheap"]
    page_size: Const[int] = 0
    free_bits: Plain[int] = 0
    scavenged_bits: Plain[int] = 0
    scav: PageAllocScav

    def init(self, h: "Mheap", _mheap_lock: "Mutex", _sys_stat: "SysMemStat", _test: bool) -> None:
        """No pages yet."""
        self.h = h
        self.page_size = h.config.page_size

    def grow(self, base: int, size: int) -> None:
        """Adds [base, base+size) (bytes) as free, scavenged pages."""
        pages = _run(base // self.page_size, size // self.page_size)
        self.free_bits |= pages
        self.scavenged_bits |= pages

    def find(self, npages: int) -> tuple[int, int]:
        """(Lowest base of npages free pages or 0, an address below which nothing is free)."""
        runs = self.free_bits
        for i in range(1, npages):
            runs &= self.free_bits >> i
        if runs == 0:
            return 0, 0
        return ((runs & -runs).bit_length() - 1) * self.page_size, 0

    def alloc(self, npages: int) -> tuple[int, int]:
        """(Lowest base of npages free pages, scavenged bytes among them), taken; (0, 0) if none."""
        base, _ = self.find(npages)
        if base == 0:
            return 0, 0
        return base, self.alloc_range(base, npages)

    def alloc_range(self, base: int, npages: int) -> int:
        """Takes npages free pages at base (bytes); the scavenged bytes among them."""
        pages = _run(base // self.page_size, npages)
        scavenged = (self.scavenged_bits & pages).bit_count()
        self.free_bits &= ~pages
        self.scavenged_bits &= ~pages
        return scavenged * self.page_size

    def free(self, base: int, npages: int) -> None:
        """Gives npages pages at base (bytes) back."""
        self.free_bits |= _run(base // self.page_size, npages)


def _run(page: int, npages: int) -> int:
    return ((1 << npages) - 1) << page
