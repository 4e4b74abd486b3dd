"""Checkmarks: a second set of marks, in which 1.21.13 confuses the objects of an arena."""

from impl.heaparena import arena_at
from impl.mcheckmark import set_checkmark, start_checkmarks
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.proc import start_the_world_with_sema, stop_the_world_with_sema
from tests.impl.port_heap import ARENA, PAGE, TWO_PER_PAGE, span_at, throws


def marked_span(h: Mheap, marked: int = 2) -> Mspan:
    s = span_at(h, 0, 1, TWO_PER_PAGE)
    s.limit = s.base() + PAGE
    for n in range(marked):
        s.mark_bits_for_index(n).set_marked()
    return s


def checkmark(h: Mheap, s: Mspan, n: int) -> bool:
    return set_checkmark(h, s.base() + n * s.elemsize, s.mark_bits_for_index(n))


def test_an_object_is_checkmarked_once_in_each_phase(h: Mheap) -> None:
    s = marked_span(h)
    for _ in range(2):
        stop_the_world_with_sema(h)
        start_checkmarks(h)
        assert h.runtime.use_checkmark
        assert [checkmark(h, s, 0) for _ in range(2)] == [False, True]
        h.runtime.use_checkmark = False
        start_the_world_with_sema(h)


def test_an_object_must_be_marked(h: Mheap) -> None:
    s = marked_span(h, marked=1)
    stop_the_world_with_sema(h)
    start_checkmarks(h)
    with throws("checkmark found unmarked object"):
        checkmark(h, s, 1)


def test_the_world_is_stopped(h: Mheap) -> None:
    with throws("world not stopped"):
        start_checkmarks(h)


def test_all_objects_of_an_arena_share_a_checkmark_in_1_21(h: Mheap) -> None:
    """The index is that of the arena, not that of the word: the second object seems to be checked."""
    s = marked_span(h)
    stop_the_world_with_sema(h)
    start_checkmarks(h)
    assert not checkmark(h, s, 0)
    assert checkmark(h, s, 1)
    marks = arena_at(h, 1).checkmarks
    assert marks is not None
    assert marks.b.touched() == [ARENA // h.config.heap_arena_bytes // 8]


def test_a_bitmap_has_a_bit_for_each_word(h: Mheap) -> None:
    before = h.runtime.memstats.gc_misc_sys.load()
    stop_the_world_with_sema(h)
    start_checkmarks(h)
    marks = arena_at(h, 1).checkmarks
    assert marks is not None
    assert 8 * len(marks.b) == ARENA // 8
    assert h.runtime.memstats.gc_misc_sys.load() - before == len(h.all_arenas) * len(marks.b)
