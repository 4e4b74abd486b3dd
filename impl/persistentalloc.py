"""Memory that is never given back, for the runtime's own structures (runtime/malloc.go).

Small pieces are cut from chunks, each P from one of its own. Go links the chunks through their first
words; simulated memory has no contents, so here the links are values. Not ported here: systemstack,
which is a plain call; acquirem, since the running thread keeps its P here; inPersistentAlloc,
which cgo's checks call.
"""

from typing import TYPE_CHECKING, NamedTuple

from impl.mem import sys_alloc
from impl.rt import (
    LockRank,
    Mixed,
    Mutex,
    Plain,
    Struct,
    atomic,
    getm,
    lock,
    lock_init,
    throw,
    unlock,
)
from impl.stubs import align_up

if TYPE_CHECKING:
    from impl.mheap import Mheap
    from impl.mstats import SysMemStat

PERSISTENT_CHUNK_SIZE = 256 << 10
"""runtime/malloc.go persistentChunkSize: bytes of a chunk."""

MAX_BLOCK = 64 << 10
"""runtime/malloc.go persistentalloc1 maxBlock: pieces of so many bytes come from the system."""


class PersistentAlloc(Struct):
    """runtime/malloc.go persistentAlloc: the present chunk, of which `off` bytes are handed out."""

    base: Plain[int] = 0
    off: Plain[int] = 0


class PersistentChunk(NamedTuple):
    """What Go keeps in the first word of a chunk: the address of the next one."""

    base: int
    next: "PersistentChunk | None"


class Persistent(Struct):
    """runtime/malloc.go globalAlloc, for threads without a P, and persistentChunks."""

    mutex: Mutex
    global_alloc: PersistentAlloc
    chunks: Mixed[PersistentChunk | None] = None

    def init(self) -> None:
        """runtime/proc.go schedinit: ranks the lock of globalAlloc."""
        lock_init(self.mutex, LockRank.GLOBAL_ALLOC)


def persistentalloc(h: "Mheap", size: int, align: int, sys_stat: "SysMemStat") -> int:
    """runtime/malloc.go persistentalloc: the address of size zeroed bytes, for good.

    align is a power of two, or 0 for 8.
    """
    return persistentalloc1(h, size, align, sys_stat)


def persistentalloc1(h: "Mheap", size: int, align: int, sys_stat: "SysMemStat") -> int:
    """runtime/malloc.go persistentalloc1: cuts the piece from a chunk of this thread's P.

    Throws if there is no memory, except that a piece of 64 KiB or more is 0 then.
    """
    if size == 0:
        throw("persistentalloc: size == 0")
    if align != 0:
        if align & (align - 1) != 0:
            throw("persistentalloc: align is not a power of 2")
        if align > h.config.page_size:
            throw("persistentalloc: align is too large")
    else:
        align = 8

    if size >= MAX_BLOCK:
        return sys_alloc(h, size, sys_stat)

    pp = getm().p
    if pp is not None:
        persistent = pp.palloc
    else:
        lock(h.runtime.persistent.mutex)
        persistent = h.runtime.persistent.global_alloc
    persistent.off = align_up(h.config, persistent.off, align)
    if persistent.off + size > PERSISTENT_CHUNK_SIZE or persistent.base == 0:
        persistent.base = sys_alloc(h, PERSISTENT_CHUNK_SIZE, h.runtime.memstats.other_sys)
        if persistent.base == 0:
            if persistent is h.runtime.persistent.global_alloc:
                unlock(h.runtime.persistent.mutex)
            throw("runtime: cannot allocate memory")

        # Add the chunk to the list of all; its first word is used up by the link.
        while True:
            chunks = h.runtime.persistent.chunks
            h.runtime.mem.write(persistent.base, h.config.ptr_size)
            if atomic.cas(
                h.runtime.persistent, "chunks", chunks, PersistentChunk(persistent.base, chunks)
            ):
                break
        persistent.off = align_up(h.config, h.config.ptr_size, align)
    p: int = persistent.base + persistent.off
    persistent.off += size
    if persistent is h.runtime.persistent.global_alloc:
        unlock(h.runtime.persistent.mutex)

    if sys_stat is not h.runtime.memstats.other_sys:
        sys_stat.add(size)
        h.runtime.memstats.other_sys.add(-size)
    return p
