"""Memory from the operating system, with the books that the runtime keeps about it.

Memory is in one of four states: None, Reserved, Prepared, Ready. Each function here is a transition
of a range of it, done by the simulated address space h.runtime.mem, which refuses any that is not allowed.
What is Ready counts against the memory limit and is counted in h.runtime.gc_controller.mapped_ready.

Of runtime/mem_linux.go, h.runtime.mem stands for the functions that only make a system call. Not ported here,
of that file: the error numbers of mmap and madvise and their fallbacks (the simulated system has no
old kernels), exit(2) when mmap is denied to sysAllocOS, debug.harddecommit and debug.madvdontneed
(memory that is Prepared can never be touched in the simulation), and debug.disablethp (huge pages are
a hint with no effect on what the heap does). Not ported here, of runtime/mem.go: sysHugePageCollapse, which nothing
calls.
"""

from typing import TYPE_CHECKING

from impl.rt import throw
from impl.stubs import align_down, align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat


def sys_alloc(h: "Mheap", n: int, sys_stat: "SysMemStat") -> int:
    """runtime/mem.go sysAlloc: the address of n zeroed bytes in state Ready; 0 without memory.

    The books are changed even if there is none.
    """
    sys_stat.add(n)
    h.runtime.gc_controller.mapped_ready.add(n)
    return h.runtime.mem.alloc(n)


def sys_unused(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem.go sysUnused: from Ready to Prepared; n bytes at v, both multiples of a page."""
    h.runtime.gc_controller.mapped_ready.add(-n)
    sys_unused_os(h, v, n)


def sys_unused_os(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem_linux.go sysUnusedOS: the system may take the memory; n bytes at v.

    Throws if they are not whole pages: the system would take more than was meant.
    """
    mask = h.config.phys_page_size - 1
    if v & mask != 0 or n & mask != 0:
        throw("unaligned sysUnused")
    h.runtime.mem.unused(v, n)


def sys_used(h: "Mheap", v: int, n: int, prepared: int) -> None:
    """runtime/mem.go sysUsed: makes n bytes at v Ready, of which `prepared` bytes were not."""
    h.runtime.gc_controller.mapped_ready.add(prepared)
    h.runtime.mem.used(v, n)


def sys_huge_page(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem.go sysHugePage: advises huge pages for those wholly within n bytes at v."""
    sys_huge_page_os(h, v, n)


def sys_huge_page_os(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem_linux.go sysHugePageOS: advises huge pages for those wholly within n bytes at v."""
    if h.config.phys_huge_page_size != 0:
        beg = align_up(h.config, v, h.config.phys_huge_page_size)
        end = align_down(h.config, v + n, h.config.phys_huge_page_size)
        if beg < end:
            h.runtime.mem.huge_page(beg, end - beg)


def sys_no_huge_page(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem.go sysNoHugePage: advises against huge pages for n bytes at v."""
    sys_no_huge_page_os(h, v, n)


def sys_no_huge_page_os(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem_linux.go sysNoHugePageOS: throws if v is not the start of a page."""
    if v & (h.config.phys_page_size - 1) != 0:
        throw("unaligned sysNoHugePageOS")
    h.runtime.mem.no_huge_page(v, n)


def sys_free(h: "Mheap", v: int, n: int, sys_stat: "SysMemStat") -> None:
    """runtime/mem.go sysFree: gives n bytes at v back, from any state; to be called with Ready.

    That the state is Ready is the book-keeping's assumption.
    """
    sys_stat.add(-n)
    h.runtime.gc_controller.mapped_ready.add(-n)
    h.runtime.mem.free(v, n)


def sys_fault(h: "Mheap", v: int, n: int) -> None:
    """runtime/mem.go sysFault: from Ready to Reserved; any access to n bytes at v faults."""
    h.runtime.gc_controller.mapped_ready.add(-n)
    h.runtime.mem.fault(v, n)


def sys_reserve(h: "Mheap", v: int, n: int) -> int:
    """runtime/mem.go sysReserve: from None to Reserved; n bytes, at v if possible; 0 if nowhere."""
    return h.runtime.mem.reserve(v, n)


def sys_map(h: "Mheap", v: int, n: int, sys_stat: "SysMemStat") -> None:
    """runtime/mem.go sysMap: from Reserved to Prepared, n bytes at v.

    Not Ready yet: the heap counts memory in this state as released.
    """
    sys_stat.add(n)
    h.runtime.mem.map(v, n)
