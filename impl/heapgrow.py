"""Growing the heap: more pages for the page allocator, and the list of all spans.

Not ported here: the diagnostic line about the block that was not to be had. grow is a method of
Mheap, bound there.
"""

from typing import TYPE_CHECKING

from impl.mem import sys_alloc, sys_free, sys_map
from impl.rt import Plain, SparsePlainArray, Struct, assert_lock_held, throw
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mspan import Mspan


class AllSpans(Struct):
    """runtime/mheap.go mheap.allspans: a slice of every span ever made, each in it once.

    len and cap count spans; addr is the address of its memory, which moves as it grows.
    """

    array: Plain["SparsePlainArray[Mspan | None] | None"] = None
    addr: Plain[int] = 0
    len: Plain[int] = 0
    cap: Plain[int] = 0

    def at(self, i: int) -> "Mspan":
        """runtime/mheap.go mheap.allspans: span number i; raises IndexError outside the slice."""
        if not 0 <= i < self.len:
            raise IndexError(i)
        return self.array[i]  # type: ignore[index,return-value]  # len > 0: there is an array


def recordspan(h: "Mheap", s: "Mspan") -> None:
    """runtime/mheap.go recordspan: adds a span that was never allocated before to h.allspans.

    h.lock is held. Throws "runtime: cannot allocate memory".
    """
    assert_lock_held(h.lock)
    spans = h.allspans
    if spans.len >= spans.cap:
        ptr_size = h.config.ptr_size
        n = 64 * 1024 // ptr_size
        if n < spans.cap * 3 // 2:
            n = spans.cap * 3 // 2
        new_addr = sys_alloc(h, n * ptr_size, h.runtime.memstats.other_sys)
        if new_addr == 0:
            throw("runtime: cannot allocate memory")
        new: SparsePlainArray[Mspan | None] = SparsePlainArray(n, None)
        for i in range(spans.len):
            new[i] = spans.at(i)
        old_addr, old_cap = spans.addr, spans.cap
        spans.array = new
        spans.addr = new_addr
        spans.cap = n
        if spans.len != 0:
            sys_free(h, old_addr, old_cap * ptr_size, h.runtime.memstats.other_sys)
    spans.len += 1
    spans.array[spans.len - 1] = s  # type: ignore[index]  # len > 0: there is an array


def grow(self: "Mheap", npage: int) -> tuple[int, bool]:
    """runtime/mheap.go mheap.grow: adds at least npage pages; (bytes added, whether it worked).

    The heap grows by whole chunks of the page allocator. h.lock is held. As in Go the bytes asked
    for wrap for requests near the end of the address space, which callers are to refuse.
    """
    assert_lock_held(self.lock)
    config = self.config
    uintptr = config.uintptr
    ask = uintptr(align_up(config, npage, config.palloc_chunk_pages) * config.page_size)

    total_growth = 0
    # The end may wrap, since ask may be anything.
    end = uintptr(self.cur_arena.base + ask)
    n_base = align_up(config, end, config.phys_page_size)
    if n_base > self.cur_arena.end or end < self.cur_arena.base:
        # The present arena is too small. The next one may not follow it, so it must have room for
        # all of it.
        av, asize = self.sys_alloc(ask, self.arena_hints, True)
        if av == 0:
            return 0, False

        if av == self.cur_arena.end:
            # It does follow.
            self.cur_arena.end = uintptr(av + asize)
        else:
            # It doesn't: the rest of the present arena goes to the page allocator as it is.
            size = uintptr(self.cur_arena.end - self.cur_arena.base)
            if size != 0:
                # Released memory until somebody uses it, which may be as soon as the lock is free.
                sys_map(self, self.cur_arena.base, size, self.runtime.gc_controller.heap_released)
                stats = self.runtime.memstats.heap_stats.acquire()
                stats.released.add(size)
                self.runtime.memstats.heap_stats.release()
                self.pages.grow(self.cur_arena.base, size)
                total_growth += size
            self.cur_arena.base = av
            self.cur_arena.end = uintptr(av + asize)

        # This doesn't wrap: the region from base on has ask bytes at least.
        n_base = align_up(config, uintptr(self.cur_arena.base + ask), config.phys_page_size)

    v = self.cur_arena.base
    self.cur_arena.base = n_base

    # From reserved to prepared. That is whole physical pages, since an arena starts with one.
    sys_map(self, v, uintptr(n_base - v), self.runtime.gc_controller.heap_released)
    # New memory counts as released and as idle, though nothing is behind it yet.
    stats = self.runtime.memstats.heap_stats.acquire()
    stats.released.add(uintptr(n_base - v))
    self.runtime.memstats.heap_stats.release()
    self.pages.grow(v, uintptr(n_base - v))
    total_growth += uintptr(n_base - v)
    return total_growth, True
