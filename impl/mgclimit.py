"""The limiter of the collector's share of CPU time: a bucket that fills with its time.

Mutator time drains it. While it is full, the collector's assists are to be skipped. Times are int64
nanoseconds of a clock that the caller brings along. Not ported here, of runtime/mgclimit.go:
sched.idleTime, a statistic of the scheduler; acquirem, since nothing here loses its P; needUpdate, which is for
the scheduler.
"""

from typing import TYPE_CHECKING

from impl.float64 import f64toint64
from impl.rt import Atomic, Plain, Struct, i64, throw, u32, u64

if TYPE_CHECKING:
    from impl.mheap import Mheap

GC_BACKGROUND_UTILIZATION = 0.25
"""runtime/mgcpacer.go gcBackgroundUtilization: the background workers' part of the CPU time."""

CAPACITY_PER_PROC = 1_000_000_000
"""runtime/mgclimit.go capacityPerProc: the bucket's capacity for each P, 1 s."""

LIMITER_EVENT_NONE = 0
LIMITER_EVENT_IDLE_MARK_WORK = 1
LIMITER_EVENT_MARK_ASSIST = 2
LIMITER_EVENT_SCAVENGE_ASSIST = 3
LIMITER_EVENT_IDLE = 4
LIMITER_EVENT_BITS = 3

LIMITER_EVENT_TYPE_MASK = ((1 << LIMITER_EVENT_BITS) - 1) << (64 - LIMITER_EVENT_BITS)
"""runtime/mgclimit.go limiterEventTypeMask: the bits of a stamp that say the type."""

LIMITER_EVENT_STAMP_NONE = 0
"""runtime/mgclimit.go limiterEventStampNone: the stamp of no event."""


class LimiterBucket(Struct):
    """runtime/mgclimit.go gcCPULimiterState.bucket: 0 <= fill <= capacity, both uint64."""

    fill: Plain[int] = 0
    capacity: Plain[int] = 0


class GcCPULimiterState(Struct):
    """runtime/mgclimit.go gcCPULimiterState: the limiter, with a lock that nobody waits for."""

    lock: Atomic[int]
    enabled: Atomic[bool]
    bucket: LimiterBucket
    overflow: Plain[int] = 0
    gc_enabled: Plain[bool] = False
    transitioning: Plain[bool] = False
    assist_time_pool: Atomic[int]
    idle_mark_time_pool: Atomic[int]
    idle_time_pool: Atomic[int]
    last_update: Atomic[int]
    last_enabled_cycle: Atomic[int]
    nprocs: Plain[int] = 0
    test: Plain[bool] = False

    def limiting(self) -> bool:
        """runtime/mgclimit.go gcCPULimiterState.limiting: the collector is to use less time."""
        return bool(self.enabled.load())

    def start_gc_transition(self, h: "Mheap", enable_gc: bool, now: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.startGCTransition: the collector goes on or off.

        The limiter stays locked until finish_gc_transition.
        """
        if not self.try_lock():
            # The world is stopped, so nobody can have it.
            throw("failed to acquire lock to start a GC transition")
        if self.gc_enabled == enable_gc:
            throw("transitioning GC to the same state as before?")
        self.update_locked(h, now)
        self.gc_enabled = enable_gc
        self.transitioning = True

    def finish_gc_transition(self, h: "Mheap", now: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.finishGCTransition: the pause ended at `now`."""
        if not self.transitioning:
            throw("finishGCTransition called without starting one?")
        # The pause was the collector's time on every P.
        last_update = self.last_update.load()
        if now >= last_update:
            self.accumulate(h, 0, i64((now - last_update) * self.nprocs))
        self.last_update.store(now)
        self.transitioning = False
        self.unlock()

    def add_assist_time(self, t: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.addAssistTime: the next update counts it."""
        self.assist_time_pool.add(t)

    def add_idle_time(self, t: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.addIdleTime: the next update leaves it out."""
        self.idle_time_pool.add(t)

    def update(self, h: "Mheap", now: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.update: brings the bucket up to date, if nobody is.

        What it doesn't count now, the next update does.
        """
        if not self.try_lock():
            return
        if self.transitioning:
            throw("update during transition")
        self.update_locked(h, now)
        self.unlock()

    def update_locked(self, h: "Mheap", now: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.updateLocked: update with the lock held."""
        last_update = self.last_update.load()
        if now < last_update:
            # Not the latest time anyway.
            return
        window_total_time = i64((now - last_update) * self.nprocs)
        self.last_update.store(now)

        assist_time = i64(self.assist_time_pool.load())
        if assist_time != 0:
            self.assist_time_pool.add(-assist_time)
        idle_time = i64(self.idle_time_pool.load())
        if idle_time != 0:
            self.idle_time_pool.add(-idle_time)

        if not self.test:
            # Events under way count as far as they have come, so that all the time counted in this
            # window was spent in it.
            for i in range(len(h.runtime.allp)):
                typ, duration = h.runtime.allp[i].limiter_event.consume(now)
                if typ in (LIMITER_EVENT_IDLE_MARK_WORK, LIMITER_EVENT_IDLE):
                    idle_time += duration
                elif typ in (LIMITER_EVENT_MARK_ASSIST, LIMITER_EVENT_SCAVENGE_ASSIST):
                    assist_time += duration
                elif typ != LIMITER_EVENT_NONE:
                    throw("invalid limiter event type found")

        window_gc_time = assist_time
        if self.gc_enabled:
            window_gc_time += f64toint64(float(window_total_time) * GC_BACKGROUND_UTILIZATION)

        # The background workers' part is one of the real total; only then comes idle time off.
        window_total_time -= idle_time

        self.accumulate(h, i64(window_total_time - window_gc_time), i64(window_gc_time))

    def accumulate(self, h: "Mheap", mutator_time: int, gc_time: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.accumulate: fills or drains the bucket.

        The lock is held. `enabled` is stored only when it changes, since every assist reads it.
        """
        headroom = u64(self.bucket.capacity - self.bucket.fill)
        enabled = headroom == 0
        change = i64(gc_time - mutator_time)

        if change > 0 and headroom <= change:
            self.overflow = u64(self.overflow + change - headroom)
            self.bucket.fill = self.bucket.capacity
            if not enabled:
                self.enabled.store(True)
                self.last_enabled_cycle.store(u32(h.runtime.memstats.numgc + 1))
            return

        if change < 0 and self.bucket.fill <= -change:
            self.bucket.fill = 0
        else:
            self.bucket.fill = u64(self.bucket.fill + change)
        if change != 0 and enabled:
            self.enabled.store(False)

    def try_lock(self) -> bool:
        """runtime/mgclimit.go gcCPULimiterState.tryLock: takes the lock if it is free."""
        return self.lock.compare_and_swap(0, 1)

    def unlock(self) -> None:
        """runtime/mgclimit.go gcCPULimiterState.unlock: gives the lock back."""
        old = self.lock.swap(0)
        if old != 1:
            throw("double unlock")

    def reset_capacity(self, h: "Mheap", now: int, nprocs: int) -> None:
        """runtime/mgclimit.go gcCPULimiterState.resetCapacity: from now on there are nprocs Ps.

        Not to be called while the collector is on.
        """
        if not self.try_lock():
            # The world is stopped, so nobody can have it.
            throw("failed to acquire lock to reset capacity")
        self.update_locked(h, now)
        self.nprocs = nprocs

        self.bucket.capacity = u64(nprocs * CAPACITY_PER_PROC)
        if self.bucket.fill > self.bucket.capacity:
            self.bucket.fill = self.bucket.capacity
            self.enabled.store(True)
            self.last_enabled_cycle.store(u32(h.runtime.memstats.numgc + 1))
        elif self.bucket.fill < self.bucket.capacity:
            self.enabled.store(False)
        self.unlock()


def make_limiter_event_stamp(typ: int, now: int) -> int:
    """runtime/mgclimit.go makeLimiterEventStamp: the type in the top bits, below them the time."""
    return u64(typ << (64 - LIMITER_EVENT_BITS)) | (u64(now) & ~LIMITER_EVENT_TYPE_MASK)


def limiter_event_stamp_duration(stamp: int, now: int) -> int:
    """runtime/mgclimit.go limiterEventStamp.duration: the time from the stamp to now.

    0 if that is negative, as it may be when the bits that a stamp leaves out have changed.
    """
    start = i64((u64(now) & LIMITER_EVENT_TYPE_MASK) | (stamp & ~LIMITER_EVENT_TYPE_MASK))
    if now < start:
        return 0
    return i64(now - start)


def limiter_event_stamp_typ(stamp: int) -> int:
    """runtime/mgclimit.go limiterEventStamp.typ: the type of the event."""
    return stamp >> (64 - LIMITER_EVENT_BITS)


class LimiterEvent(Struct):
    """runtime/mgclimit.go limiterEvent: what a P is doing that the limiter counts, and since when."""

    stamp: Atomic[int]

    def start(self, typ: int, now: int) -> bool:
        """runtime/mgclimit.go limiterEvent.start: begins an event; False if there is one already.

        The thread keeps its P until it calls stop.
        """
        if limiter_event_stamp_typ(self.stamp.load()) != LIMITER_EVENT_NONE:
            return False
        self.stamp.store(make_limiter_event_stamp(typ, now))
        return True

    def consume(self, now: int) -> tuple[int, int]:
        """runtime/mgclimit.go limiterEvent.consume: (type, time so far), and starts anew at now.

        Without an event, or if the clock makes no sense: (LIMITER_EVENT_NONE, 0).
        """
        while True:
            old = self.stamp.load()
            typ = limiter_event_stamp_typ(old)
            if typ == LIMITER_EVENT_NONE:
                return LIMITER_EVENT_NONE, 0
            duration = limiter_event_stamp_duration(old, now)
            if duration == 0:
                return LIMITER_EVENT_NONE, 0
            if self.stamp.compare_and_swap(old, make_limiter_event_stamp(typ, now)):
                return typ, duration

    def stop(self, h: "Mheap", typ: int, now: int) -> None:
        """runtime/mgclimit.go limiterEvent.stop: ends the event of this type, and counts its time."""
        while True:
            stamp = self.stamp.load()
            if limiter_event_stamp_typ(stamp) != typ:
                throw("limiterEvent.stop: found wrong event in p's limiter event slot")
            if self.stamp.compare_and_swap(stamp, LIMITER_EVENT_STAMP_NONE):
                break
        duration = limiter_event_stamp_duration(stamp, now)
        if duration == 0:
            # Time is lost when the bits that a stamp leaves out have changed; that is rare.
            return
        if typ in (LIMITER_EVENT_IDLE_MARK_WORK, LIMITER_EVENT_IDLE):
            h.runtime.gc_cpu_limiter.add_idle_time(duration)
        elif typ in (LIMITER_EVENT_MARK_ASSIST, LIMITER_EVENT_SCAVENGE_ASSIST):
            h.runtime.gc_cpu_limiter.add_assist_time(duration)
        else:
            throw("limiterEvent.stop: invalid limiter event type found")
