"""Spans: their states, and what a new life keeps of the old one."""

from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD, M_SPAN_IN_USE, M_SPAN_STATE_NAMES, MSpanStateBox
from impl.rt import LockRank


def test_a_state_box_starts_dead_and_keeps_what_is_set() -> None:
    box = MSpanStateBox()
    assert box.get() == M_SPAN_DEAD
    box.set(M_SPAN_IN_USE)
    assert M_SPAN_STATE_NAMES[box.get()] == "mSpanInUse"


def test_layout() -> None:
    s = Mspan()
    s.npages = 3
    assert s.layout(13) == (0, 0, 24576)
    s.elemsize = 5000
    assert s.layout(13) == (5000, 4, 24576)


def test_init_leaves_alone_what_go_leaves_alone() -> None:
    s = Mspan()
    kept = ["sweepgen", "limit", "nelems", "alloc_cache", "div_mul", "manual_free_list"]
    kept += ["is_user_arena_chunk", "user_arena_chunk_free"]
    reset = ("alloc_count", "needzero", "freeindex", "pinner_bits", "specials")
    for field in (*kept, "alloc_count_before_cache", *reset):
        setattr(s, field, 7)
    s.state.set(M_SPAN_IN_USE)
    s.init(0x4000, 2)
    assert all(getattr(s, field) == 7 for field in (*kept, "alloc_count_before_cache"))
    assert (s.base(), s.npages, s.state.get()) == (0x4000, 2, M_SPAN_DEAD)
    assert (s.alloc_count, s.needzero, s.freeindex, s.free_index_for_scan) == (0, 0, 0, 0)
    assert (s.spanclass, s.elemsize) == (0, 0)
    for field in ("alloc_bits", "gcmark_bits", "pinner_bits", "specials"):
        assert getattr(s, field) is None
    assert s.speciallock.rank == LockRank.MSPAN_SPECIAL
