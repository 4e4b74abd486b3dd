"""A linear allocator over a reserved region, used on 32-bit platforms (runtime/malloc.go)."""

from typing import TYPE_CHECKING

from impl.mem import sys_map, sys_used
from impl.rt import Plain, Struct
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat


class LinearAlloc(Struct):
    """runtime/malloc.go linearAlloc: hands out [next, end) upwards; the caller locks.

    Addresses in bytes. Below `mapped` memory was made Ready, if map_memory says that it has to be.
    """

    next: Plain[int] = 0
    mapped: Plain[int] = 0
    end: Plain[int] = 0
    map_memory: Plain[bool] = False

    def init(self, h: "Mheap", base: int, size: int, map_memory: bool) -> None:
        """runtime/malloc.go linearAlloc.init: takes over size reserved bytes at base."""
        if h.config.uintptr(base + size) < base:
            # The region's end would be 2**32, that is 0: leave out the last byte. It stays
            # reserved, so nobody else maps it.
            size -= 1
        self.next = base
        self.mapped = base
        self.end = base + size
        self.map_memory = map_memory

    def alloc(self, h: "Mheap", size: int, align: int, sys_stat: "SysMemStat") -> int:
        """runtime/malloc.go linearAlloc.alloc: the address of size bytes; 0 if there are too few.

        align is a power of two. The sums wrap as uintptrs do.
        """
        uintptr = h.config.uintptr
        p = align_up(h.config, self.next, align)
        if uintptr(p + size) > self.end:
            return 0
        self.next = uintptr(p + size)
        p_end = align_up(h.config, uintptr(self.next - 1), h.config.phys_page_size)
        if p_end > self.mapped:
            if self.map_memory:
                # From Reserved to Prepared to Ready.
                n = p_end - self.mapped
                sys_map(h, self.mapped, n, sys_stat)
                sys_used(h, self.mapped, n, n)
            self.mapped = p_end
        return p
