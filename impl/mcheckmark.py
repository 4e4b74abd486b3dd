"""Checkmarks: a second set of marks, for a debug mode that marks again and compares.

Not ported here, of runtime/mcheckmark.go: the dump of the objects before a throw; endCheckmarks, since
there is no second mark phase that would end.
"""

from typing import TYPE_CHECKING

from impl.heaparena import arena_at, arena_index
from impl.mbitmap import MarkBits
from impl.persistentalloc import persistentalloc
from impl.proc import assert_world_stopped
from impl.rt import Const, SparseMixedArray, Struct, atomic, throw

if TYPE_CHECKING:
    from impl.mheap import Mheap


class CheckmarksMap(Struct):
    """runtime/mcheckmark.go checkmarksMap: a bit for each word of an arena, in bytes of 8 bits."""

    b: Const[SparseMixedArray[int]]


def start_checkmarks(h: "Mheap") -> None:
    """runtime/mcheckmark.go startCheckmarks: clears all checkmarks; the world is stopped.

    From now on marking uses them.
    """
    assert_world_stopped(h)
    for ai in h.all_arenas:
        arena = arena_at(h, ai)
        bitmap = arena.checkmarks
        if bitmap is None:
            size = h.config.heap_arena_bytes // h.config.ptr_size // 8
            if persistentalloc(h, size, 0, h.runtime.memstats.gc_misc_sys) == 0:
                throw("out of memory allocating checkmarks bitmap")
            bitmap = CheckmarksMap()
            bitmap.b = SparseMixedArray(size, 0)
            arena.checkmarks = bitmap
        else:
            for i in bitmap.b.touched():
                bitmap.b[i] = 0
    h.runtime.use_checkmark = True


def set_checkmark(h: "Mheap", obj: int, mbits: MarkBits) -> bool:
    """runtime/mcheckmark.go setCheckmark: checkmarks obj; True if it was.

    Throws if obj, whose ordinary mark bit is mbits, isn't marked. The index is Go's, and a mistake:
    it is that of the arena, not of the word, so that all objects of an arena share one bit.
    """
    if not mbits.is_marked():
        throw("checkmark found unmarked object")
    config = h.config
    arena = arena_at(h, arena_index(config, obj))
    b = arena.checkmarks.b  # type: ignore[union-attr]  # as in Go, nil faults when used
    arena_word = obj // config.heap_arena_bytes // 8 % len(b)
    mask = 1 << (obj // config.heap_arena_bytes % 8)
    if atomic.load8(b, arena_word) & mask != 0:
        return True
    atomic.or8(b, arena_word, mask)
    return False
