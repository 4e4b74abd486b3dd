"""Address space for the heap: where to reserve it, and the metadata of the arenas in it.

Not ported here: the race detector, the diagnostic line before a throw. sys_alloc and
enable_metadata_huge_pages are methods of Mheap, bound there.
"""

from typing import TYPE_CHECKING

from impl.heaparena import (
    ArenaHintList,
    arena_idx_l1,
    arena_idx_l2,
    arena_index,
    new_arena_l2,
    new_heap_arena,
)
from impl.mem import sys_huge_page, sys_no_huge_page, sys_reserve
from impl.persistentalloc import persistentalloc
from impl.rt import append, assert_lock_held, atomic, lock, throw, unlock
from impl.sizeof import arena_l2_size, heap_arena_size
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap


def sys_alloc(self: "Mheap", n: int, hint_list: ArenaHintList, register: bool) -> tuple[int, int]:
    """runtime/malloc.go mheap.sysAlloc: (address, bytes) of reserved memory; (0, 0) without any.

    At least n bytes, from the start of an arena to the end of one, with their metadata in h.arenas
    and, with register, their indexes in h.all_arenas. hint_list says where to try, and loses the
    hints that fail. h.lock is held.
    """
    assert_lock_held(self.lock)
    config = self.config
    uintptr = config.uintptr
    n = align_up(config, n, config.heap_arena_bytes)
    v, size = 0, 0

    if hint_list is self.arena_hints:
        # 32-bit platforms have reserved memory beforehand, for the regular heap only.
        v = self.arena.alloc(
            self, n, config.heap_arena_bytes, self.runtime.gc_controller.heap_released
        )
        if v != 0:
            size = n
            map_arenas(self, v, size, register)
            return v, size

    # Try where the hints say.
    while hint_list.first is not None:
        hint = hint_list.first
        p = hint.addr
        if hint.down:
            p = uintptr(p - n)
        if uintptr(p + n) < p or (
            arena_index(config, uintptr(p + n - 1)) >= 1 << config.arena_bits
        ):
            # Nothing that the heap could use.
            v = 0
        else:
            v = sys_reserve(self, p, n)
        if p == v:
            if not hint.down:
                p = uintptr(p + n)
            hint.addr = p
            size = n
            break
        # It failed, and won't be better later.
        if v != 0:
            self.runtime.mem.free(v, n)
        hint_list.first = hint.next
        self.arena_hint_alloc.free(hint)

    if size == 0:
        # No hint is left: take what the system gives, if it can be aligned.
        v, size = sys_reserve_aligned(self, 0, n, config.heap_arena_bytes)
        if v == 0:
            return 0, 0

        # Later growth is to extend this region, at either end. As in Go the hints are the regular
        # heap's, even if hint_list is not.
        hint = self.arena_hint_alloc.alloc()
        hint.addr = v
        hint.down = True
        hint.next = self.arena_hints.first
        self.arena_hints.first = hint
        hint = self.arena_hint_alloc.alloc()
        hint.addr = uintptr(v + size)
        hint.next = self.arena_hints.first
        self.arena_hints.first = hint

    # The system should not hand out what the heap can't use.
    if (
        uintptr(v + size) < v
        or arena_index(config, v) >= 1 << config.arena_bits
        or arena_index(config, uintptr(v + size - 1)) >= 1 << config.arena_bits
    ):
        throw("memory reservation exceeds address space limit")
    if v & (config.heap_arena_bytes - 1) != 0:
        throw("misrounded allocation in sysAlloc")

    map_arenas(self, v, size, register)
    return v, size


def map_arenas(h: "Mheap", v: int, size: int, register: bool) -> None:
    """runtime/malloc.go mheap.sysAlloc: what comes after its label `mapped`."""
    config = h.config
    ri = arena_index(config, v)
    last = arena_index(config, config.uintptr(v + size - 1))
    while ri <= last:
        l2 = h.arenas[arena_idx_l1(config, ri)]
        if l2 is None:
            # It is in no statistics: the system backs only the part of it that is used, which
            # nobody keeps track of.
            addr = h.runtime.mem.alloc(arena_l2_size(config))
            if addr == 0:
                throw("out of memory allocating heap arena map")
            l2 = new_arena_l2(config, addr)
            if h.arenas_huge_pages:
                sys_huge_page(h, addr, arena_l2_size(config))
            else:
                sys_no_huge_page(h, addr, arena_l2_size(config))
            atomic.storep(h.arenas, arena_idx_l1(config, ri), l2)

        if l2[arena_idx_l2(config, ri)] is not None:
            throw("arena already initialized")
        r = h.heap_arena_alloc.alloc(
            h, heap_arena_size(config), config.ptr_size, h.runtime.memstats.gc_misc_sys
        )
        if r == 0:
            r = persistentalloc(
                h, heap_arena_size(config), config.ptr_size, h.runtime.memstats.gc_misc_sys
            )
            if r == 0:
                throw("out of memory allocating heap arena metadata")

        if register:
            if len(h.all_arenas) == h.all_arenas_cap:
                nbytes = 2 * h.all_arenas_cap * config.ptr_size
                if nbytes == 0:
                    nbytes = config.phys_page_size
                new_array = persistentalloc(
                    h, nbytes, config.ptr_size, h.runtime.memstats.gc_misc_sys
                )
                if new_array == 0:
                    throw("out of memory allocating allArenas")
                # The old array stays, since others may read it without the lock.
                h.all_arenas_cap = nbytes // config.ptr_size
            h.all_arenas = append(h.all_arenas, ri)

        # Atomically, should an object in the arena be seen before the lock is given back.
        atomic.storep(l2.entries, arena_idx_l2(config, ri), new_heap_arena(config))
        ri += 1


def sys_reserve_aligned(h: "Mheap", v: int, size: int, align: int) -> tuple[int, int]:
    """runtime/malloc.go sysReserveAligned: (address, bytes) reserved; (0, 0) without any.

    The address is a multiple of align and at v if possible; there are size or size+align bytes.
    Throws on Windows, if others take the place a hundred times.
    """
    uintptr = h.config.uintptr
    retries = 0
    while True:
        # It won't be aligned by chance: ask for more, and give back what is too much.
        p = sys_reserve(h, v, uintptr(size + align))
        if p == 0:
            return 0, 0
        if p & (align - 1) == 0:
            return p, uintptr(size + align)
        if h.config.goos == "windows":
            # Windows takes back nothing but whole reservations, so reserve again, and hope that
            # nobody else does meanwhile.
            h.runtime.mem.free(p, uintptr(size + align))
            p = align_up(h.config, p, align)
            p2 = sys_reserve(h, p, size)
            if p != p2:
                h.runtime.mem.free(p2, size)
                retries += 1
                if retries == 100:
                    throw("failed to allocate aligned heap memory; too many retries")
                continue
            return p2, size
        p_aligned = align_up(h.config, p, align)
        h.runtime.mem.free(p, p_aligned - p)
        end = uintptr(p_aligned + size)
        end_len = uintptr(p + size + align - end)
        if end_len > 0:
            h.runtime.mem.free(end, end_len)
        return p_aligned, size


def enable_metadata_huge_pages(self: "Mheap") -> None:
    """runtime/malloc.go mheap.enableMetadataHugePages: lets huge pages back the heap's metadata.

    h.lock is not held. The second time it does nothing.
    """
    self.pages.enable_chunk_huge_pages()

    # From here on new L2 maps are eligible; those that exist follow, without the lock.
    lock(self.lock)
    if self.arenas_huge_pages:
        unlock(self.lock)
        return
    self.arenas_huge_pages = True
    unlock(self.lock)

    for i in range(len(self.arenas)):
        l2 = atomic.loadp(self.arenas, i)
        if l2 is None:
            continue
        sys_huge_page(self, l2.addr, arena_l2_size(self.config))
