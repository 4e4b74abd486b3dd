"""What the tests of sweeping share: spans out of the heap, marks, threads with a P."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from impl.config import MINIATURE, Config
from impl.mgc import gc
from impl.mgcmark import scan_conservative
from impl.mgcwork import GcWork
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanset import SpanSet
from impl.procresize import schedinit
from impl.rt import M, run_on
from impl.runtime import new_mheap
from impl.spanalloctype import SPAN_ALLOC_HEAP, SPAN_ALLOC_STACK


def heap_span(h: Mheap, spc: int, npages: int = 1) -> Mspan:
    """The next span of the heap, published, on no list."""
    s = h.alloc_span(npages, SPAN_ALLOC_HEAP, spc)
    assert s is not None
    s.limit = s.base() + npages * h.config.page_size
    return s


def set_marks(s: Mspan, word: int) -> None:
    """Marks the objects whose bits are set."""
    for i in range(64):
        if word >> i & 1:
            s.mark_bits_for_index(i).set_marked()


def marks(s: Mspan) -> int:
    """The marks of the first 64 objects."""
    return s.gcmark_bits.word(0)


def content(spans: SpanSet) -> list[Mspan]:
    """Takes all spans off a set."""
    found = []
    while (s := spans.pop()) is not None:
        found.append(s)
    return found


@contextmanager
def program(procs: int = 1, config: Config = MINIATURE) -> Iterator[Mheap]:
    """A fresh program: its heap; the block runs on a thread that holds P 0."""
    with run_on(M()):
        h = new_mheap(config)
        schedinit(h, procs)
        yield h


def new_object(h: Mheap, spc: int) -> int:
    """Allocates an object from the cache of P 0, as the end of mallocgc does."""
    p, s = h.runtime.allp[0].mcache.next_free(h, spc)[:2]
    s.free_index_for_scan = s.freeindex
    return p


def collect(h: Mheap, roots: Iterable[int]) -> None:
    """A whole cycle in which the client's roots are these addresses."""

    def mark(gcw: GcWork) -> None:
        for p in roots:
            scan_conservative(h, p, gcw)

    gc(h, mark)


def without_memory(h: Mheap) -> None:
    """Takes all pages of the arenas 1 and 2, which are all there is."""
    assert h.alloc_manual(2 * h.config.pages_per_arena, SPAN_ALLOC_STACK) is not None
