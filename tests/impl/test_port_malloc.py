"""Objects: their classes, the tiny ones' shared blocks, the large ones, and zero where promised."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impl.config import LINUX_386, LINUX_AMD64, MINIATURE, Config
from impl.gcphase import GC_MARK, GC_MARK_TERMINATION
from impl.malloc import ZEROBASE, Type, mallocgc, next_free_fast
from impl.mcache import TINY_SPAN_CLASS
from impl.mgc import gc, set_gc_phase
from impl.mheap import Mheap
from impl.rt import M, MemoryFault, getm, run_on
from impl.runtime import new_mheap
from impl.spanclass import make_span_class, span_class_noscan
from impl.spanof import span_of_heap
from tests.impl.port_heap import throws
from tests.impl.port_sweep import program

POINTERS = Type(8, 8)


def span_class(h: Mheap, p: int) -> int:
    """The span class of the object at p."""
    s = span_of_heap(h, p)
    assert s is not None
    return s.spanclass


def test_no_bytes_no_object() -> None:
    with program(1, LINUX_AMD64) as h:
        assert mallocgc(h, 0, None, True) == ZEROBASE
        assert h.allspans.len == 0


@pytest.mark.parametrize("typ", [None, POINTERS, Type(16, 0)])
@pytest.mark.parametrize("size", [16, 24, 25, 1016, 1017, 1024, 1025, 32768])
def test_small_objects_get_the_class_of_their_size(size: int, typ: Type | None) -> None:
    with program(1, LINUX_AMD64) as h:
        p = mallocgc(h, size, typ, True)
        spc = span_class(h, p)
        assert span_class_noscan(spc) == (typ is None or typ.ptr_bytes == 0)
        sizes = LINUX_AMD64.class_to_size
        assert sizes[(spc >> 1) - 1] < size <= sizes[spc >> 1]
        assert mallocgc(h, size, typ, True) == p + sizes[spc >> 1]


def test_small_objects_with_pointers_are_not_tiny() -> None:
    with program(1, LINUX_AMD64) as h:
        assert span_class(h, mallocgc(h, 8, POINTERS, True)) == make_span_class(1, False)


def test_tiny_objects_share_a_block_each_at_its_alignment() -> None:
    with program(1, LINUX_AMD64) as h:
        c = getm().p.mcache
        base = mallocgc(h, 1, None, True)
        assert span_class(h, base) == TINY_SPAN_CLASS
        offsets = [mallocgc(h, size, None, True) - base for size in (1, 2, 4, 8)]
        assert offsets == [1, 2, 4, 8]
        assert (c.tiny, c.tinyoffset, c.tiny_allocs) == (base, 16, 4)
        second = mallocgc(h, 3, None, True)
        assert (c.tiny, c.tinyoffset) == (second, 3)
        assert mallocgc(h, 12, None, True) == second + 4
        third = mallocgc(h, 15, None, True)
        assert third == second + 16
        assert (c.tiny, c.tinyoffset) == (third, 15), "the new block has more room left: 1, not 0"
        fourth = mallocgc(h, 15, None, True)
        assert fourth == third + 16
        assert c.tiny == third, "no more room than in the old one"


def test_12_bytes_are_aligned_to_8_on_32_bit_platforms() -> None:
    for config, offset in ((LINUX_386, 8), (LINUX_AMD64, 4)):
        with program(1, config) as h:
            base = mallocgc(h, 1, None, True)
            h.runtime.allp[0].mcache.tinyoffset = 1
            p = mallocgc(h, 12, None, True)
            fits = offset + 12 <= 16
            assert (p == base + offset) == fits


def test_large_objects_have_a_span_of_their_own() -> None:
    with program(1, LINUX_AMD64) as h:
        p = mallocgc(h, 32769, POINTERS, True)
        s = span_of_heap(h, p)
        assert s is not None
        assert (s.npages, s.elemsize, s.spanclass) == (5, 5 * 8192, make_span_class(0, False))
        assert (s.freeindex, s.free_index_for_scan, s.alloc_count) == (1, 1, 1)
        assert s.limit == p + 32769
        assert h.central[0].full_swept(h.sweepgen).pop() is s


def test_scan_work_is_counted_up_to_the_last_pointer() -> None:
    with program(1, LINUX_AMD64) as h:
        c = getm().p.mcache

        def work(size: int, typ: Type | None) -> int:
            c.scan_alloc = 0
            mallocgc(h, size, typ, True)
            mallocgc(h, size, typ, True)
            return c.scan_alloc // 2 if c.scan_alloc else 0

        mallocgc(h, 32, POINTERS, True)
        mallocgc(h, 32, None, True)
        assert work(32, Type(32, 8)) == 8
        assert work(32, Type(16, 8)) == 24
        assert work(32, None) == 0


def test_the_scanner_sees_an_object_only_when_it_is_ready() -> None:
    with program(1, LINUX_AMD64) as h:
        p = mallocgc(h, 4096, None, True)
        s = span_of_heap(h, p)
        assert s is not None
        next_free_fast(s)
        assert (s.freeindex, s.free_index_for_scan) == (2, 1)


def test_dirty_memory_is_cleared_when_zero_is_wanted() -> None:
    with program(1, LINUX_AMD64) as h:
        p = mallocgc(h, 200_000, None, True)
        h.runtime.mem.write(p, 200_000)
        gc(h, lambda _gcw: None)
        again = mallocgc(h, 200_000, None, False)
        assert again == p, "the dead object's pages"
        with pytest.raises(MemoryFault):
            h.runtime.mem.check_zero(again, 200_000)
        gc(h, lambda _gcw: None)
        third = mallocgc(h, 200_000, None, True)
        assert third == p
        h.runtime.mem.check_zero(third, 200_000)


@pytest.mark.parametrize("size", [100, 5000, 40000])
def test_memory_wrongly_taken_for_zero_is_caught(size: int) -> None:
    with program(1, LINUX_AMD64) as h:
        first = mallocgc(h, size, POINTERS, True)
        s = span_of_heap(h, first)
        assert s is not None
        if size < 32768:
            h.runtime.mem.write(first + s.elemsize, 1)
            with pytest.raises(MemoryFault, match="handed out as zero"):
                mallocgc(h, size, POINTERS, True)
        else:
            h.runtime.mem.write(first, size)
            s.alloc_count = 0
            h.central[0].full_swept(h.sweepgen).pop()
            h.free_span(s)
            h.arenas[0][h.all_arenas[0]].zeroed_base = 0  # type: ignore[index,union-attr]  # the bug
            with pytest.raises(MemoryFault, match="handed out as zero"):
                mallocgc(h, size, POINTERS, True)


SIZES = st.lists(st.tuples(st.integers(1, 70000), st.booleans(), st.booleans()), max_size=60)


@settings(max_examples=20)
@pytest.mark.parametrize("config", [LINUX_AMD64, LINUX_386])
@given(rounds=st.lists(SIZES, min_size=1, max_size=3))
def test_objects_are_disjoint_and_zero_across_collections(
    config: Config, rounds: list[list[tuple[int, bool, bool]]]
) -> None:
    with program(1, config) as h:
        for sizes in rounds:
            live: dict[int, int] = {}
            for size, pointers, dirty in sizes:
                p = mallocgc(h, size, POINTERS if pointers else None, True)
                assert all(p + size <= q or q + n <= p for q, n in live.items())
                h.runtime.mem.check_zero(p, size)
                live[p] = size
                if dirty:
                    h.runtime.mem.write(p, size)
            gc(h, lambda _gcw: None)


def test_the_miniature_allocates_too() -> None:
    with program(1, MINIATURE) as h:
        first = mallocgc(h, 4096, POINTERS, True)
        assert mallocgc(h, 4096, POINTERS, True) == first + 4096
        tiny = mallocgc(h, 1, None, True)
        assert mallocgc(h, 4096, None, True) == tiny + 8, "everything up to a page is tiny here"
        assert span_class(h, mallocgc(h, 3 * 8192, None, True)) == make_span_class(0, True)


def test_allocation_during_marking_is_black() -> None:
    with program(1, LINUX_AMD64) as h:
        set_gc_phase(h, GC_MARK)
        p = mallocgc(h, 64, POINTERS, True)
        s = span_of_heap(h, p)
        assert s is not None
        assert s.gcmark_bits.bytep(0) == 1


def test_what_must_not_allocate() -> None:
    with program(1, LINUX_AMD64) as h:
        with throws("mallocgc called without a P or outside bootstrapping"), run_on(M()):
            mallocgc(h, 8, None, True)
        getm().mallocing = 1
        with throws("malloc deadlock"):
            mallocgc(h, 8, None, True)
        getm().mallocing = 0
        set_gc_phase(h, GC_MARK_TERMINATION)
        with throws("mallocgc called with gcphase == _GCmarktermination"):
            mallocgc(h, 8, None, True)


def test_before_there_are_ps_the_bootstrap_cache_serves() -> None:
    with run_on(M()):
        h = new_mheap(LINUX_AMD64)
        h.runtime.sweep.active.state.store(1 << 31)
        assert mallocgc(h, 100, None, True) == 0xC0 << 32
        assert h.runtime.mcache0 is not None
        used = h.runtime.mcache0.alloc[span_class(h, 0xC0 << 32)]
        assert used.alloc_count == 1


@pytest.mark.parametrize(
    ("alloc_count", "freeindex", "text"),
    [
        (1, 2, "s.allocCount != s.nelems && freeIndex == s.nelems"),
        (2, 0, "s.allocCount > s.nelems"),
    ],
)
def test_a_span_whose_count_is_wrong_is_refused(
    alloc_count: int, freeindex: int, text: str
) -> None:
    with program(1, MINIATURE) as h:
        c = getm().p.mcache
        spc = make_span_class(1, False)
        c.refill(h, spc)
        s = c.alloc[spc]
        s.alloc_count, s.freeindex = alloc_count, freeindex
        with throws(text):
            c.next_free(h, spc)
