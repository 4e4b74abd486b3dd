"""The background scavenger's share of CPU time, its sleep, and its controller."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64
from impl.mheap import Mheap
from impl.rt import M, run_on
from impl.scavenger import (
    SCAVENGE_QUANTUM,
    STARTING_SCAV_SLEEP_RATIO,
    Hooks,
    bgscavenge,
    new_pi_controller,
    real_hooks,
)
from tests.impl.port_heap import throws
from tests.impl.scavenge_heap import first_chunk, give_back, grow, scavenge_heap, take, with_pages

MIB = 1 << 20


class Clock:
    """Time that passes only while the scavenger sleeps or works, and who wakes it."""

    def __init__(self) -> None:
        self.now = 0
        self.slept = 0
        self.parks = 0

    def nanotime(self) -> int:
        return self.now

    def gopark(self, until: int | None) -> None:
        if until is None:
            self.parks += 1
            return
        self.slept += until - self.now
        self.now = until


class Work:
    """A heap of so many bytes to scavenge, at 10 microseconds for each page."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.available = 0
        self.stop_at = 0
        self.worked = 0

    def scavenge(self, nbytes: int) -> tuple[int, int]:
        nbytes = min(nbytes, self.available)
        self.available -= nbytes
        t = (nbytes + 4095) // 4096 * 10_000
        self.worked += t
        self.clock.now += t
        return nbytes, t

    def should_stop(self) -> bool:
        return self.available <= self.stop_at


def scavenger() -> tuple[Mheap, Clock, Work]:
    h = scavenge_heap(LINUX_AMD64)
    clock = Clock()
    work = Work(clock)
    hooks = Hooks(clock.nanotime, clock.gopark, work.scavenge, work.should_stop, lambda: 1)
    h.runtime.scavenger.init(h, hooks)
    return h, clock, work


def until_parked(h: Mheap, clock: Clock) -> int:
    """Runs the scavenger until it parks; the bytes it released."""
    before = h.pages.scav.released_bg.load()
    parks = clock.parks
    h.runtime.scavenger.wake()
    while clock.parks == parks:
        bgscavenge(h)
    return h.pages.scav.released_bg.load() - before


def test_it_does_all_the_work_in_one_percent_of_the_time() -> None:
    h, clock, work = scavenger()
    total = 64 * MIB - 3 * 4096
    for stop_at in (0, 0, MIB - 3 * 4096):
        work.stop_at = stop_at
        work.available = total
        assert until_parked(h, clock) == total - stop_at
        assert until_parked(h, clock) == 0
        assert abs(work.worked / (work.worked + clock.slept) - 0.01) < 0.005


def test_it_stops_when_there_is_less_than_it_asked_for() -> None:
    h, _, work = scavenger()
    work.available = SCAVENGE_QUANTUM + 4096
    assert h.runtime.scavenger.run() == (SCAVENGE_QUANTUM + 4096, 17 * 10_000.0)


def test_a_clock_that_is_too_coarse_counts_ten_microseconds_a_page() -> None:
    h, _, work = scavenger()
    work.available = MIB
    real = work.scavenge
    hooks = h.runtime.scavenger.hooks._replace(scavenge=lambda n: (real(n)[0], 0))
    h.runtime.scavenger.hooks = hooks
    released, worked = h.runtime.scavenger.run()
    assert worked == released // 4096 * 10e3 == 1.12e6


def test_part_of_a_page_must_not_be_released() -> None:
    h, _, work = scavenger()
    work.available = 4095
    with throws("released less than one physical page of memory"):
        h.runtime.scavenger.run()


@pytest.mark.parametrize(("what", "arguments"), [("run", ()), ("park", ()), ("sleep", (1.0,))])
def test_only_the_scavengers_thread_runs_it(what: str, arguments: tuple[float, ...]) -> None:
    h, _, _ = scavenger()
    with run_on(M()), throws(f"tried to {what} scavenger from another goroutine"):
        getattr(h.runtime.scavenger, what)(*arguments)


def test_it_is_wired_once() -> None:
    h, _, _ = scavenger()
    with throws("scavenger state is already wired"):
        h.runtime.scavenger.init(h, h.runtime.scavenger.hooks)


def test_waking() -> None:
    h, _, _ = scavenger()
    h.runtime.scavenger.ready()
    h.runtime.scavenger.wake()
    assert h.runtime.scavenger.sysmon_wake.load() == 1  # it wasn't parked
    h.runtime.scavenger.park()
    assert h.runtime.scavenger.parked
    h.runtime.scavenger.wake()
    assert (h.runtime.scavenger.parked, h.runtime.scavenger.sysmon_wake.load()) == (False, 0)


def test_a_failed_controller_rests() -> None:
    h, clock, _ = scavenger()
    h.runtime.scavenger.sleep_controller.err_integral = math.inf
    h.runtime.scavenger.sleep(2e6)
    assert h.runtime.scavenger.sleep_ratio == STARTING_SCAV_SLEEP_RATIO
    assert h.runtime.scavenger.controller_cooldown == 5_000_000_000
    assert h.runtime.scavenger.print_controller_reset
    assert h.runtime.scavenger.sleep_controller.input_overflow
    h.runtime.scavenger.sleep(1e6)
    assert h.runtime.scavenger.controller_cooldown == 5_000_000_000 - 1_001_000_000
    for _ in range(4):
        h.runtime.scavenger.sleep(1e6)
    assert h.runtime.scavenger.controller_cooldown == 0
    assert clock.now == 2_000_000_000 + 5 * 1_000_000_000


NORMAL = st.floats(allow_nan=False, allow_infinity=False)
POSITIVE = st.floats(min_value=5e-324, allow_infinity=False)


@given(
    POSITIVE,
    POSITIVE,
    POSITIVE,
    st.tuples(NORMAL, NORMAL),
    NORMAL,
    st.lists(st.floats(), max_size=30),
)
def test_the_controllers_output_is_always_a_number_within_its_bounds(
    kp: float,
    ti: float,
    tt: float,
    bounds: tuple[float, float],
    setpoint: float,
    inputs: list[float],
) -> None:
    low, high = min(bounds), max(bounds)
    c = new_pi_controller(kp, ti, tt, low, high)
    for each in inputs:
        output, ok = c.next(each, setpoint, 1.0)
        assert low <= output <= high
        assert ok or output == low


def test_the_controller_approaches_its_setpoint() -> None:
    c = new_pi_controller(0.9, 4.0, 1000.0, -1000.0, 1000.0)
    state = 0.0
    for _ in range(200):
        state, ok = c.next(state, 0.84, 1.0)
        assert ok
    assert state == pytest.approx(0.84, abs=1e-3)


def test_an_integral_that_overflows_starts_anew() -> None:
    c = new_pi_controller(1.0, 5e-324, 1.0, -1.0, 1.0)
    assert c.next(0.0, 1.0, 1.0) == (-1.0, False)
    assert (c.err_overflow, c.input_overflow, c.err_integral) == (True, False, 0.0)


def test_it_scavenges_the_heap_down_to_the_goal() -> None:
    h = with_pages(scavenge_heap(LINUX_AMD64), False)
    grow(h, first_chunk(h.config), 4)
    base = take(h, 2048)
    give_back(h, base, 2048)
    h.pages.scav.index.next_gen()
    clock = Clock()
    hooks = real_hooks(h, clock.nanotime, clock.gopark)
    h.runtime.scavenger.init(h, hooks._replace(gomaxprocs=lambda: 1))
    h.runtime.scavenge.memory_limit_goal.store((1 << 64) - 1)
    goal = 5 * MIB
    h.runtime.scavenge.gc_percent_goal.store(goal)
    assert until_parked(h, clock) > 0
    retained = h.runtime.gc_controller.heap_free.load()
    # It stops when the goal is reached, and what it takes at a time is at most a huge page more.
    assert goal - 2 * MIB - SCAVENGE_QUANTUM < retained <= goal
    h.runtime.scavenge.gc_percent_goal.store((1 << 64) - 1)
    assert until_parked(h, clock) == 0


def test_real_hooks_measure_the_time_in_the_background() -> None:
    h = with_pages(scavenge_heap(LINUX_AMD64), False)
    times = iter([5, 105, 105, 5])
    hooks = real_hooks(h, lambda: next(times), lambda _until: None)
    assert hooks.scavenge(1) == (0, 100)
    assert hooks.scavenge(1) == (0, 0)
    assert h.runtime.scavenge.background_time.load() == 100
