"""The background scavenger: how much CPU time it takes, and when it sleeps and wakes.

A controller sets the ratio of work to sleep such that 1 % of the CPU time goes into scavenging. The
client lends the thread and the clock: it calls bgscavenge again and again, and the function
`gopark` it brings along returns once wake was called, or after a given time has passed.

Not ported here, of runtime/mgcscavenge.go: the goroutine, its timer and injectglist (the client
calls wake instead of the timer), the endless loop of bgscavenge, faketime. Of runtime/proc.go: that
sysmon looks at sysmon_wake and calls wake.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from impl.float64 import f64toint64, is_inf, is_nan
from impl.mgcscavenge import ShouldStop, heap_retained
from impl.rt import (
    Atomic,
    Const,
    LockRank,
    M,
    Mutex,
    Plain,
    Struct,
    getm,
    lock,
    lock_init,
    throw,
    unlock,
)

if TYPE_CHECKING:
    from impl.mheap import Mheap

SCAVENGE_PERCENT = 1
"""runtime/mgcscavenge.go scavengePercent: the part of the CPU time for scavenging, in percent."""

STARTING_SCAV_SLEEP_RATIO = 0.001
"""runtime/mgcscavenge.go startingScavSleepRatio: where the ratio of work to sleep begins."""

MIN_SCAV_WORK_TIME = 1e6
"""runtime/mgcscavenge.go minScavWorkTime: nanoseconds to work at least."""

SCAVENGE_QUANTUM = 64 << 10
"""runtime/mgcscavenge.go scavengerState.run scavengeQuantum: bytes to scavenge in one go."""

APPROX_WORKED_NS_PER_PHYSICAL_PAGE = 10e3
"""runtime/mgcscavenge.go scavengerState.run: how long a page takes if the clock is too coarse."""

CONTROLLER_COOLDOWN = 5_000_000_000
"""runtime/mgcscavenge.go scavengerState.sleep: how long a failed controller is not used, 5 s."""


class PiController(Struct):
    """runtime/mgcscavenge.go piController: a proportional-integral controller of one number.

    kp is the proportional constant, ti and tt are the times of the integral and of its reset; the
    output is between min and max.
    """

    kp: Const[float] = 0.0
    ti: Const[float] = 0.0
    tt: Const[float] = 0.0
    min: Const[float] = 0.0
    max: Const[float] = 0.0
    err_integral: Plain[float] = 0.0
    err_overflow: Plain[bool] = False
    input_overflow: Plain[bool] = False

    def next(self, input_: float, setpoint: float, period: float) -> tuple[float, bool]:
        """runtime/mgcscavenge.go piController.next: (the output for a new sample, success).

        period is the time since the last sample. After an overflow it starts anew, with the least
        output.
        """
        prop = self.kp * (setpoint - input_)
        raw_output = prop + self.err_integral

        output = raw_output
        if is_inf(output) or is_nan(output):
            self.reset()
            self.input_overflow = True
            return self.min, False
        if output < self.min:
            output = self.min
        elif output > self.max:
            output = self.max

        if self.ti != 0 and self.tt != 0:
            self.err_integral += (self.kp * period / self.ti) * (setpoint - input_) + (
                period / self.tt
            ) * (output - raw_output)
            if is_inf(self.err_integral) or is_nan(self.err_integral):
                self.reset()
                self.err_overflow = True
                return self.min, False
        return output, True

    def reset(self) -> None:
        """runtime/mgcscavenge.go piController.reset: starts anew; the error flags stay."""
        self.err_integral = 0.0


def new_pi_controller(kp: float, ti: float, tt: float, min_: float, max_: float) -> PiController:
    """runtime/mgcscavenge.go piController: a controller with these constants."""
    c = PiController()
    c.kp, c.ti, c.tt, c.min, c.max = kp, ti, tt, min_, max_
    return c


class Hooks(NamedTuple):
    """What the scavenger gets from outside; Go's own tests replace the same functions.

    nanotime() is the clock (nanoseconds). gopark(until) lets others run until wake was called; a
    time `until` (or None) says when the timer calls wake. scavenge(nbytes) returns (bytes scavenged,
    nanoseconds it took).
    """

    nanotime: Callable[[], int]
    gopark: Callable[[int | None], None]
    scavenge: Callable[[int], tuple[int, int]]
    should_stop: ShouldStop
    gomaxprocs: Callable[[], int]


def real_hooks(
    h: "Mheap", nanotime: Callable[[], int], gopark: Callable[[int | None], None]
) -> Hooks:
    """runtime/mgcscavenge.go scavengerState.init: the functions that work on the heap."""

    def scavenge_heap(n: int) -> tuple[int, int]:
        start = nanotime()
        r = h.pages.scavenge(n, None, False)
        end = nanotime()
        if start >= end:
            return r, 0
        h.runtime.scavenge.background_time.add(end - start)
        return r, end - start

    def should_stop() -> bool:
        return (
            heap_retained(h) <= h.runtime.scavenge.gc_percent_goal.load()
            and h.runtime.gc_controller.mapped_ready.load()
            <= h.runtime.scavenge.memory_limit_goal.load()
        )

    return Hooks(nanotime, gopark, scavenge_heap, should_stop, lambda: len(h.runtime.allp))


class ScavengerState(Struct):
    """runtime/mgcscavenge.go scavengerState: m is the thread that the scavenger runs on.

    sleep_ratio is time worked / time slept. controller_cooldown is the nanoseconds for which it
    stays at a low value, because the controller failed.
    """

    lock: Mutex
    h: Const["Mheap"]
    m: Plain[M | None] = None
    hooks: Const[Hooks]
    parked: Plain[bool] = False
    sysmon_wake: Atomic[int]
    sleep_ratio: Plain[float] = 0.0
    sleep_controller: Const[PiController]
    controller_cooldown: Plain[int] = 0
    print_controller_reset: Plain[bool] = False

    def init(self, h: "Mheap", hooks: Hooks) -> None:
        """runtime/mgcscavenge.go scavengerState.init: ties the scavenger to the running thread."""
        if self.m is not None:
            throw("scavenger state is already wired")
        lock_init(self.lock, LockRank.SCAVENGE)
        self.h = h
        self.m = getm()
        self.hooks = hooks
        # Its input is the part of CPU time used, its output the ratio of work to sleep.
        self.sleep_controller = new_pi_controller(0.3375, 3.2e6, 1e9, 0.001, 1000.0)
        self.sleep_ratio = STARTING_SCAV_SLEEP_RATIO

    def park(self) -> None:
        """runtime/mgcscavenge.go scavengerState.park: waits until someone calls wake."""
        lock(self.lock)
        if getm() is not self.m:
            throw("tried to park scavenger from another goroutine")
        self.parked = True
        unlock(self.lock)
        self.hooks.gopark(None)

    def ready(self) -> None:
        """runtime/mgcscavenge.go scavengerState.ready: asks sysmon to call wake."""
        self.sysmon_wake.store(1)

    def wake(self) -> None:
        """runtime/mgcscavenge.go scavengerState.wake: ends a park or a sleep, if there is one."""
        lock(self.lock)
        if self.parked:
            self.sysmon_wake.store(0)
            # So that it isn't woken twice.
            self.parked = False
        unlock(self.lock)

    def sleep(self, worked: float) -> None:
        """runtime/mgcscavenge.go scavengerState.sleep: sleeps in proportion to the time worked.

        Then the controller adapts the proportion. Someone may end the sleep early.
        """
        lock(self.lock)
        if getm() is not self.m:
            throw("tried to sleep scavenger from another goroutine")

        # So short a time says nothing.
        if worked < MIN_SCAV_WORK_TIME:
            worked = MIN_SCAV_WORK_TIME

        # Where it is dear to use scavenged memory again, sleep longer.
        worked *= 1 + self.scavenge_cost_ratio()
        sleep_time = f64toint64(worked / self.sleep_ratio)

        start = self.hooks.nanotime()
        self.parked = True
        unlock(self.lock)
        self.hooks.gopark(start + sleep_time)
        slept = self.hooks.nanotime() - start

        if self.controller_cooldown > 0:
            t = slept + f64toint64(worked)
            if t > self.controller_cooldown:
                self.controller_cooldown = 0
            else:
                self.controller_cooldown -= t
            return

        ideal_fraction = float(SCAVENGE_PERCENT) / 100.0
        cpu_fraction = worked / ((float(slept) + worked) * float(self.hooks.gomaxprocs()))
        self.sleep_ratio, ok = self.sleep_controller.next(
            cpu_fraction, ideal_fraction, float(slept) + worked
        )
        if not ok:
            # It may be passing: sleep long for some time, without the controller.
            self.sleep_ratio = STARTING_SCAV_SLEEP_RATIO
            self.controller_cooldown = CONTROLLER_COOLDOWN
            self.controller_failed()

    def scavenge_cost_ratio(self) -> float:
        """runtime/mgcscavenge.go scavengeCostRatio: the cost of using scavenged memory again,
        compared with scavenging it.
        """
        return 0.7 if self.h.config.goos in ("darwin", "ios") else 0.0

    def controller_failed(self) -> None:
        """runtime/mgcscavenge.go scavengerState.controllerFailed: the next trace line is to say so."""
        lock(self.lock)
        self.print_controller_reset = True
        unlock(self.lock)

    def run(self) -> tuple[int, float]:
        """runtime/mgcscavenge.go scavengerState.run: works for a while, if there is work.

        Returns (bytes released, nanoseconds worked).
        """
        lock(self.lock)
        if getm() is not self.m:
            throw("tried to run scavenger from another goroutine")
        unlock(self.lock)

        phys_page_size = self.h.config.phys_page_size
        released, worked = 0, 0.0
        while worked < MIN_SCAV_WORK_TIME:
            if self.hooks.should_stop():
                break
            r, duration = self.hooks.scavenge(SCAVENGE_QUANTUM)
            if duration == 0:
                worked += APPROX_WORKED_NS_PER_PHYSICAL_PAGE * float(r // phys_page_size)
            else:
                worked += float(duration)
            released += r
            # Less than asked for is all there is.
            if r < SCAVENGE_QUANTUM:
                break
        if 0 < released < phys_page_size:
            # The system may have released all of a page of which a part is in use.
            throw("released less than one physical page of memory")
        return released, worked


def bgscavenge(h: "Mheap") -> None:
    """runtime/mgcscavenge.go bgscavenge: one round of its loop."""
    released, work_time = h.runtime.scavenger.run()
    if released == 0:
        h.runtime.scavenger.park()
        return
    h.pages.scav.released_bg.add(released)
    h.runtime.scavenger.sleep(work_time)
