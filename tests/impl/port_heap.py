"""What the tests of the port share: small heaps with memory, throws, one thread's allocation."""

from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cache
from re import escape
from typing import Any

import pytest

from golang.errors import GoMissing
from golang.toolchain import find_go
from impl.config import MINIATURE, Config
from impl.mcache import Mcache, allocmcache
from impl.mem import sys_used
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.rt import PlainSlice, Throw, append, lock, unlock
from impl.runtime import new_mheap
from impl.spanclass import make_span_class

PAGE = MINIATURE.page_size
ARENA = MINIATURE.heap_arena_bytes
LARGE = make_span_class(0, False)
TWO_PER_PAGE = make_span_class(1, False)
ONE_PER_PAGE = make_span_class(2, False)


def heap_of(config: Config, arenas: int = 2) -> Mheap:
    """A heap that owns the arenas 1, 2, ... in full, on a system that has no more for it."""
    h = new_mheap(replace(config, arena_hints=(config.heap_arena_bytes,)))
    lock(h.lock)
    h.grow(arenas * config.pages_per_arena)
    unlock(h.lock)
    h.runtime.mem.refuses = lambda _v, _n: True
    return h


def slice_of(*values: Any) -> PlainSlice[Any]:
    """A slice of these values, in an array of its own."""
    made: PlainSlice[Any] = PlainSlice()
    for each in values:
        made = append(made, each)
    return made


@cache
def go_runtime_file(name: str) -> str:
    """The text of a file of the installed Go's package runtime; skips the test without Go."""
    try:
        return (find_go().runtime_source / name).read_text()
    except GoMissing as missing:
        pytest.skip(str(missing))


def throws(text: str) -> AbstractContextManager[Any]:
    """The block throws exactly this text."""
    return pytest.raises(Throw, match=f"^{escape(text)}$")


def span_at(h: Mheap, page: int, npages: int, spc: int, typ: int = 0) -> Mspan:
    """A span that starts at this page of arena 1, with the books that alloc_span keeps."""
    s = Mspan()
    base, nbytes = ARENA + page * PAGE, npages * PAGE
    lock(h.lock)
    scav = h.pages.alloc_range(base, npages)
    unlock(h.lock)
    h.init_span(s, typ, spc, base, npages)
    sys_used(h, base, nbytes, scav)
    h.runtime.gc_controller.heap_released.add(-scav)
    h.runtime.gc_controller.heap_free.add(scav - nbytes)
    if typ == 0:
        h.runtime.gc_controller.heap_in_use.add(nbytes)
    return s


class Thread:
    """A thread (a P, in Go) with its cache."""

    def __init__(self, h: Mheap) -> None:
        self.h = h
        self.cache: Mcache = allocmcache(h)

    def new(self, spc: int) -> tuple[int, Mspan]:
        """Allocates an object and makes it known to the collector, as the end of mallocgc does."""
        p, s = self.cache.next_free(self.h, spc)
        s.free_index_for_scan = s.freeindex
        return p, s
