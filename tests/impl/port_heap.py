"""What the tests of the port share: small heaps with memory, throws, one thread's allocation."""

from contextlib import AbstractContextManager
from functools import cache
from re import escape
from typing import Any

import pytest

from golang.errors import GoMissing
from golang.toolchain import find_go
from impl.config import MINIATURE, Config
from impl.malloc import next_free, sys_alloc
from impl.mcache import Mcache, alloc_mcache
from impl.mheap import Mheap, new_mheap
from impl.mspan import Mspan
from impl.rt import Throw
from impl.spanclass import make_span_class

PAGE = MINIATURE.page_size
ARENA = MINIATURE.heap_arena_bytes
LARGE = make_span_class(0, False)
TWO_PER_PAGE = make_span_class(1, False)
ONE_PER_PAGE = make_span_class(2, False)


def heap_of(config: Config, arenas: int = 2) -> Mheap:
    """A heap that owns the arenas 1, 2, ... in full."""
    h = new_mheap(config)
    sys_alloc(h, config.heap_arena_bytes, arenas * config.heap_arena_bytes)
    h.pages.grow(config.heap_arena_bytes, arenas * config.heap_arena_bytes)
    return h


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
    """A span that starts at this page of arena 1."""
    s = Mspan()
    h.pages.alloc_range(ARENA + page * PAGE, npages)
    h.init_span(s, typ, spc, ARENA + page * PAGE, npages)
    return s


class Thread:
    """A thread (a P, in Go) with its cache."""

    def __init__(self, h: Mheap) -> None:
        self.h = h
        self.cache: Mcache = alloc_mcache(h)

    def new(self, spc: int) -> tuple[int, Mspan]:
        """Allocates an object and makes it known to the collector, as the end of mallocgc does."""
        p, s = next_free(self.h, self.cache, spc)
        s.free_index_for_scan = s.free_index
        return p, s
