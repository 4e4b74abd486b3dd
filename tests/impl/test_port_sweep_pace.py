"""Proportional sweep: allocation pays for sweeping, and the background sweeper works in batches."""

import pytest

from impl.config import LINUX_AMD64
from impl.mgc import gc_mark_done, gc_start
from impl.mgcpacesweep import SWEEP_MARGIN, deduct_sweep_credit, gc_pace_sweeper
from impl.mgcsweep import SWEEP_BATCH_SIZE, bgsweep, is_sweep_done, sweepone
from impl.mheap import Mheap
from impl.rt import U64_MAX, lock, u32, unlock
from tests.impl.port_heap import ONE_PER_PAGE, PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import heap_span, new_object, program, set_marks


def unswept(h: Mheap, count: int) -> None:
    """So many full spans that await their sweep, each with a marked object."""
    for _ in range(count):
        s = heap_span(h, ONE_PER_PAGE)
        s.alloc_count = s.freeindex = 1
        set_marks(s, 1)
        s.sweepgen = u32(h.sweepgen - 2)
        h.central[ONE_PER_PAGE].full_unswept(h.sweepgen).push(s)


def pace(h: Mheap, trigger: int) -> None:
    lock(h.lock)
    gc_pace_sweeper(h, trigger)
    unlock(h.lock)


def test_the_pace_is_pages_to_sweep_per_byte_to_allocate(h: Mheap) -> None:
    unswept(h, 6)
    h.pages_swept.store(2)
    h.runtime.gc_controller.heap_live.store(1000)
    pace(h, 1000 + SWEEP_MARGIN + 4 * PAGE)
    assert h.sweep_pages_per_byte == (6 - 2) / (4 * PAGE)
    assert (h.sweep_heap_live_basis, h.pages_swept_basis.load()) == (1000, 2)


@pytest.mark.parametrize("trigger", [0, SWEEP_MARGIN, U64_MAX])
def test_the_pace_is_a_page_for_a_page_if_there_is_no_room(h: Mheap, trigger: int) -> None:
    """A trigger that is none (2**64-1) is -1 to the signed arithmetic of Go."""
    unswept(h, 1)
    pace(h, trigger)
    assert h.sweep_pages_per_byte == 1 / PAGE


def test_there_is_no_pace_when_all_is_swept(h: Mheap) -> None:
    unswept(h, 2)
    h.pages_swept.store(2)
    h.sweep_pages_per_byte = 1.0
    pace(h, 0)
    assert h.sweep_pages_per_byte == 0
    h.pages_swept.store(0)
    h.runtime.sweep.active.mark_drained()
    h.sweep_pages_per_byte = 1.0
    pace(h, 0)
    assert h.sweep_pages_per_byte == 0


def test_the_pace_is_set_under_the_lock(h: Mheap) -> None:
    with throws("no world stop or required lock!"):
        gc_pace_sweeper(h, 0)


def test_credit_is_swept_for_before_a_span_is_taken(h: Mheap) -> None:
    unswept(h, 8)
    h.sweep_pages_per_byte = 1 / PAGE
    h.runtime.gc_controller.heap_live.store(2 * PAGE)
    deduct_sweep_credit(h, PAGE, 0)
    assert h.pages_swept.load() == 3
    # Nothing is owed any more.
    deduct_sweep_credit(h, PAGE, 0)
    assert h.pages_swept.load() == 3
    deduct_sweep_credit(h, 4 * PAGE, 3)
    assert h.pages_swept.load() == 3
    deduct_sweep_credit(h, 4 * PAGE, 1)
    assert h.pages_swept.load() == 5


def test_an_older_count_of_live_bytes_does_not_wrap(h: Mheap) -> None:
    """go.dev/issue/57523: live below its basis must not look like 2**64 new bytes."""
    unswept(h, 8)
    h.sweep_pages_per_byte = 1 / PAGE
    h.sweep_heap_live_basis = 5 * PAGE
    h.runtime.gc_controller.heap_live.store(PAGE)
    deduct_sweep_credit(h, 2 * PAGE, 0)
    assert h.pages_swept.load() == 2


def test_pages_swept_before_the_basis_do_not_count(h: Mheap) -> None:
    unswept(h, 3)
    h.pages_swept.store(7)
    h.pages_swept_basis.store(7)
    h.sweep_pages_per_byte = 1 / PAGE
    deduct_sweep_credit(h, 2 * PAGE, 0)
    assert h.pages_swept.load() == 9


def test_a_debt_that_cannot_be_paid_ends_proportional_sweep(h: Mheap) -> None:
    unswept(h, 2)
    h.sweep_pages_per_byte = 1 / PAGE
    deduct_sweep_credit(h, 9 * PAGE, 0)
    assert h.sweep_pages_per_byte == 0
    assert is_sweep_done(h)


def test_a_new_pace_means_a_new_debt(h: Mheap, monkeypatch: pytest.MonkeyPatch) -> None:
    unswept(h, 6)
    h.sweep_pages_per_byte = 1 / PAGE
    swept = []

    def pace_changes_once(heap: Mheap) -> int:
        swept.append(sweepone(heap))
        if len(swept) == 1:
            heap.sweep_pages_per_byte = 4 / PAGE
            heap.pages_swept_basis.store(1)
        return swept[-1]

    monkeypatch.setattr("impl.mgcpacesweep.sweepone", pace_changes_once)
    deduct_sweep_credit(h, PAGE, 0)
    assert len(swept) == 5


def test_the_background_sweeper_works_in_batches_and_parks(h: Mheap) -> None:
    unswept(h, SWEEP_BATCH_SIZE + 1)
    assert not bgsweep(h)
    assert (h.runtime.sweep.nbgsweep, h.runtime.sweep.parked) == (SWEEP_BATCH_SIZE, False)
    assert bgsweep(h)
    assert (h.runtime.sweep.nbgsweep, h.runtime.sweep.parked) == (SWEEP_BATCH_SIZE + 1, True)


def test_the_background_sweeper_does_not_park_beside_another(h: Mheap) -> None:
    sl = h.runtime.sweep.active.begin(h)
    assert not bgsweep(h)
    assert not h.runtime.sweep.parked
    h.runtime.sweep.active.end(h, sl)
    assert bgsweep(h)


def test_a_cycle_wakes_the_background_sweeper_and_sets_its_pace() -> None:
    with program(config=LINUX_AMD64) as h:
        for _ in range(2000):
            new_object(h, TWO_PER_PAGE)
        gc_start(h)
        gc_mark_done(h)
        assert not h.runtime.sweep.parked
        assert h.sweep_pages_per_byte > 0
        swept = h.pages_swept.load()
        h.runtime.gc_controller.heap_live.add(2 << 20)
        new_object(h, ONE_PER_PAGE)
        assert h.pages_swept.load() > swept
        while not bgsweep(h):
            pass
        assert is_sweep_done(h)
