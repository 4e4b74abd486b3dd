"""Which pages are free: one bitmap, searched for the lowest run that fits.

It keeps the one promise of Go's page allocator that the rest of the heap relies on, address-ordered
first fit. Not ported here, of runtime/mpagealloc.go: the radix tree of summaries, the search
address, the chunks (pallocData) and everything about scavenging; nor the per-P page cache
(mpagecache.go). The heap's lock guards it.
"""

from impl.rt import Const, Plain, Struct


class PageAlloc(Struct):
    """runtime/mpagealloc.go pageAlloc: bit i of free_bits says that page origin + i is free.

    npages counts the pages ever added.
    """

    page_size: Const[int] = 0
    origin: Plain[int] = 0
    free_bits: Plain[int] = 0
    npages: Plain[int] = 0

    def init(self, page_size: int) -> None:
        """runtime/mpagealloc.go pageAlloc.init: no pages yet; page_size in bytes."""
        self.page_size = page_size
        self.origin = 0
        self.free_bits = 0
        self.npages = 0

    def grow(self, base: int, size: int) -> None:
        """runtime/mpagealloc.go pageAlloc.grow: adds [base, base+size) (bytes) as free pages."""
        page = base // self.page_size
        if self.npages == 0:
            self.origin = page
        if page < self.origin:
            self.free_bits <<= self.origin - page
            self.origin = page
        self.npages += size // self.page_size
        self.free(base, size // self.page_size)

    def alloc(self, npages: int) -> int:
        """runtime/mpagealloc.go pageAlloc.alloc: the lowest base of npages free pages, or 0."""
        runs = self.free_bits
        for i in range(1, npages):
            runs &= self.free_bits >> i
        if runs == 0:
            return 0
        page = self.origin + (runs & -runs).bit_length() - 1
        self.alloc_range(page * self.page_size, npages)
        return page * self.page_size

    def alloc_range(self, base: int, npages: int) -> None:
        """runtime/mpagealloc.go pageAlloc.allocRange: takes npages free pages at base (bytes)."""
        self.free_bits &= ~(((1 << npages) - 1) << (base // self.page_size - self.origin))

    def free(self, base: int, npages: int) -> None:
        """runtime/mpagealloc.go pageAlloc.free: gives npages pages at base (bytes) back."""
        self.free_bits |= ((1 << npages) - 1) << (base // self.page_size - self.origin)
