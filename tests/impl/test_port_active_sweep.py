"""Sweep ownership and the count of sweepers, near the wrap of their uint32s too."""

import pytest

from impl.mgcsweep import (
    NOTHING_TO_SWEEP,
    SWEEP_CLASS_DONE,
    SWEEP_DRAINED_MASK,
    SweepLocker,
    finishsweep_m,
    is_sweep_done,
    sweep_class_split,
    sweepone,
)
from impl.mheap import Mheap
from impl.mspan import Mspan
from impl.mspanstate import M_SPAN_DEAD
from impl.proc import acquirem, stop_the_world_with_sema
from impl.rt import U32_MAX, Atomic, M, run_on, u32
from tests.impl.port_heap import LARGE, ONE_PER_PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import heap_span, set_marks

GENERATIONS = pytest.mark.parametrize("gen", [0, 2, 4, U32_MAX - 3, U32_MAX - 1])


@GENERATIONS
@pytest.mark.parametrize("behind", [-3, -2, -1, 0, 1, 2])
def test_only_an_unswept_span_can_be_acquired(gen: int, behind: int) -> None:
    s = Mspan()
    s.sweepgen = u32(gen - behind)
    won = SweepLocker(gen, True).try_acquire(s)
    assert (won is not None) == (behind == 2)
    assert s.sweepgen == u32(gen - (1 if behind == 2 else behind))
    if won is not None:
        assert won.mspan is s


def test_a_span_lost_between_look_and_cas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("impl.rt.atomics.cas", lambda *_: False)
    s = Mspan()
    assert SweepLocker(2, True).try_acquire(s) is None


def test_an_invalid_locker_acquires_nothing() -> None:
    with throws("use of invalid sweepLocker"):
        SweepLocker(2, False).try_acquire(Mspan())


def test_sweepers_are_counted_until_drained(h: Mheap) -> None:
    active = h.runtime.sweep.active
    first, second = active.begin(h), active.begin(h)
    assert (first.valid, second.valid, active.sweepers()) == (True, True, 2)
    assert active.mark_drained()
    assert not active.mark_drained()
    assert not active.begin(h).valid
    active.end(h, first)
    assert not active.is_done()
    active.end(h, second)
    assert active.is_done()
    assert is_sweep_done(h)
    active.reset()
    assert (active.is_done(), active.sweepers()) == (False, 0)


@pytest.mark.parametrize("state", [0, SWEEP_DRAINED_MASK])
def test_end_without_begin(h: Mheap, state: int) -> None:
    h.runtime.sweep.active.state.store(state)
    with throws("mismatched begin/end of activeSweep"):
        h.runtime.sweep.active.end(h, SweepLocker(h.sweepgen, True))


def test_a_sweeper_must_not_outlive_its_generation(h: Mheap) -> None:
    sl = h.runtime.sweep.active.begin(h)
    h.sweepgen += 2
    with throws("sweeper left outstanding across sweep generations"):
        h.runtime.sweep.active.end(h, sl)


def test_the_sweep_class_only_grows(h: Mheap) -> None:
    index = h.runtime.sweep.central_index
    for new, expected in ((3, 3), (1, 3), (SWEEP_CLASS_DONE, SWEEP_CLASS_DONE)):
        index.update(new)
        assert index.load() == expected
    index.clear()
    assert index.load() == 0


def test_the_sweep_class_may_be_raised_by_another(
    h: Mheap, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = h.runtime.sweep.central_index

    def lost(atomic: Atomic[int], _old: int, _new: int) -> bool:
        atomic.value = 9
        return False

    monkeypatch.setattr(Atomic, "compare_and_swap", lost)
    index.update(3)
    assert index.load() == 9


def test_a_sweep_class_is_a_span_class_and_full_first() -> None:
    assert [sweep_class_split(s) for s in range(4)] == [
        (0, True),
        (0, False),
        (1, True),
        (1, False),
    ]


@GENERATIONS
def test_spans_are_swept_by_class_full_ones_first(h: Mheap, gen: int) -> None:
    h.sweepgen = gen
    spans = [heap_span(h, ONE_PER_PAGE) for _ in range(3)]
    h.central[ONE_PER_PAGE].partial_unswept(gen).push(spans[0])
    h.central[ONE_PER_PAGE].full_unswept(gen).push(spans[1])
    h.central[LARGE].partial_unswept(gen).push(spans[2])
    found = [h.next_span_for_sweep() for _ in range(4)]
    assert found == [spans[2], spans[1], spans[0], None]
    assert h.runtime.sweep.central_index.load() == SWEEP_CLASS_DONE


@GENERATIONS
@pytest.mark.parametrize("marked", [False, True])
def test_sweepone(h: Mheap, gen: int, marked: bool) -> None:
    h.sweepgen = gen
    s = heap_span(h, TWO_PER_PAGE)
    s.alloc_count = s.freeindex = 2
    set_marks(s, int(marked))
    s.sweepgen = u32(gen - 2)
    h.central[TWO_PER_PAGE].full_unswept(gen).push(s)
    assert sweepone(h) == (0 if marked else 1)
    assert h.reclaim_credit.load() == (0 if marked else 1)
    assert s.sweepgen == gen
    assert not is_sweep_done(h)
    assert sweepone(h) == NOTHING_TO_SWEEP
    assert is_sweep_done(h)
    assert sweepone(h) == NOTHING_TO_SWEEP


@GENERATIONS
@pytest.mark.parametrize("ahead", [-2, -1, 0, 1, 2, 3])
def test_sweepone_expects_dead_spans_to_be_swept(h: Mheap, gen: int, ahead: int) -> None:
    h.sweepgen = gen
    s = Mspan()
    s.sweepgen = u32(gen + ahead)
    assert s.state.get() == M_SPAN_DEAD
    h.central[LARGE].full_unswept(gen).push(s)
    if ahead in (0, 3):
        assert sweepone(h) == NOTHING_TO_SWEEP
    else:
        with throws("non in-use span in unswept list"):
            sweepone(h)


@GENERATIONS
@pytest.mark.parametrize("ahead", [-2, 0, 3])
def test_ensure_swept_returns_when_it_is(h: Mheap, gen: int, ahead: int) -> None:
    h.sweepgen = gen
    s = heap_span(h, LARGE)
    s.alloc_count = s.freeindex = 1
    set_marks(s, 1)
    s.sweepgen = u32(gen + ahead)
    s.ensure_swept(h)
    assert s.sweepgen == (gen if ahead == -2 else u32(gen + ahead))
    assert h.runtime.sweep.active.sweepers() == 0


def test_ensure_swept_waits_for_another_sweeper(h: Mheap) -> None:
    s = heap_span(h, LARGE)
    s.sweepgen = u32(h.sweepgen - 1)
    with throws("osyield with no other thread to wait for"):
        s.ensure_swept(h)


def test_marking_waits_for_every_sweeper(h: Mheap) -> None:
    h.runtime.sweep.active.begin(h)
    stop_the_world_with_sema(h)
    with throws("active sweepers found at start of mark phase"):
        finishsweep_m(h)


def test_the_end_of_the_sweep_needs_a_stopped_world(h: Mheap) -> None:
    with throws("world not stopped"):
        finishsweep_m(h)


def test_the_end_of_the_sweep_moves_the_mark_bits_on_and_wakes_the_scavenger(h: Mheap) -> None:
    heap_span(h, ONE_PER_PAGE)
    arena = h.runtime.gc_bits_arenas.next
    assert arena is not None
    stop_the_world_with_sema(h)
    finishsweep_m(h)
    assert (h.runtime.gc_bits_arenas.current, h.runtime.gc_bits_arenas.next) == (arena, None)


def test_ensure_swept_is_for_threads_that_cannot_be_preempted(h: Mheap) -> None:
    s = heap_span(h, ONE_PER_PAGE)
    m = M()
    m.on_system_stack = False
    with run_on(m):
        with throws("mspan.ensureSwept: m is not locked"):
            s.ensure_swept(h)
        acquirem()
        s.ensure_swept(h)


def test_the_last_sweeper_has_work_for_the_scavenger(h: Mheap) -> None:
    assert h.runtime.scavenger.sysmon_wake.load() == 0
    assert sweepone(h) == NOTHING_TO_SWEEP
    assert h.runtime.scavenger.sysmon_wake.load() == 1
    h.runtime.scavenger.sysmon_wake.store(0)
    assert sweepone(h) == NOTHING_TO_SWEEP
    assert h.runtime.scavenger.sysmon_wake.load() == 0
