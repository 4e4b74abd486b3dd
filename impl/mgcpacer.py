"""The collector's pace: how large the heap may get, when a cycle starts, what memory is mapped.

The page heap writes the counters of bytes here and reads the memory limit; the sweeper's and the
scavenger's pace follow from the trigger and the goal. Sizes are uint64 in bytes.

Not ported here, of runtime/mgcpacer.go: how much a mutator must assist (revise), the estimate of the
cons/mark ratio (so the runway, which derives from it, is 0) and the choice of mark workers, since
marking is the client's; GOGC and GOMEMLIMIT, waiting for a mark phase in debug.SetGCPercent, tracing,
the stacks' part of a P (maxStackScanDelta), systemstack.
"""

from typing import TYPE_CHECKING

from impl.float64 import f64touint64
from impl.mgclimit import GC_BACKGROUND_UTILIZATION
from impl.mgcpacesweep import gc_pace_sweeper
from impl.mgcscavenge import gc_pace_scavenger
from impl.mgcsweep import is_sweep_done
from impl.mstats import SysMemStat
from impl.proc import assert_world_stopped_or_lock_held
from impl.rt import U64_MAX, Atomic, Plain, Struct, lock, osyield, throw, u64, unlock

if TYPE_CHECKING:
    from impl.mheap import Mheap

GC_GOAL_UTILIZATION = GC_BACKGROUND_UTILIZATION
"""runtime/mgcpacer.go gcGoalUtilization: the part of the CPU time that the collector aims at."""

DEFAULT_HEAP_MINIMUM = 4 << 20
"""runtime/mgcpacer.go defaultHeapMinimum: the least heap goal when GOGC is 100."""

MEMORY_LIMIT_MIN_HEAP_GOAL_HEADROOM = 1 << 20
"""runtime/mgcpacer.go memoryLimitMinHeapGoalHeadroom: bytes taken off a goal at least."""

MEMORY_LIMIT_HEAP_GOAL_HEADROOM_PERCENT = 3
"""runtime/mgcpacer.go memoryLimitHeapGoalHeadroomPercent: what is taken off a goal, in percent."""

MIN_RUNWAY = 64 << 10
"""runtime/mgcpacer.go heapGoalInternal minRunway: bytes from the trigger to the goal at least."""

SWEEP_MIN_HEAP_DISTANCE = 1024 * 1024
"""runtime/mgc.go sweepMinHeapDistance: bytes that sweeping may take at least."""

TRIGGER_RATIO_DEN = 64
MIN_TRIGGER_RATIO_NUM = 45
MAX_TRIGGER_RATIO_NUM = 61

MAX_INT64 = (1 << 63) - 1
"""The memory limit that is none."""


class GcControllerState(Struct):
    """runtime/mgcpacer.go gcControllerState: the pacer's inputs and results.

    gc_percent is an int32, negative for no collection; memory_limit an int64. triggered and
    gc_percent_heap_goal are 2**64-1 where there is none.
    """

    gc_percent: Atomic[int]
    memory_limit: Atomic[int]
    heap_minimum: Plain[int] = 0
    runway: Atomic[int]
    cons_mark: Plain[float] = 0.0
    gc_percent_heap_goal: Atomic[int]
    sweep_dist_min_trigger: Atomic[int]
    triggered: Plain[int] = 0
    last_heap_goal: Plain[int] = 0
    heap_live: Atomic[int]
    heap_scan: Atomic[int]
    last_heap_scan: Plain[int] = 0
    last_stack_scan: Atomic[int]
    max_stack_scan: Atomic[int]
    globals_scan: Atomic[int]
    heap_marked: Plain[int] = 0
    heap_scan_work: Atomic[int]
    stack_scan_work: Atomic[int]
    heap_in_use: SysMemStat
    heap_released: SysMemStat
    heap_free: SysMemStat
    total_alloc: Atomic[int]
    total_free: Atomic[int]
    mapped_ready: Atomic[int]
    test: Plain[bool] = False

    def init(self, h: "Mheap", gc_percent: int, memory_limit: int) -> None:
        """runtime/mgcpacer.go gcControllerState.init: the pace before the first cycle."""
        self.heap_minimum = DEFAULT_HEAP_MINIMUM
        self.triggered = U64_MAX
        self.set_gc_percent(h, gc_percent)
        self.set_memory_limit(h, memory_limit)
        # The first cycle has no sweep before it.
        self.commit(h, True)

    def start_cycle(self) -> None:
        """runtime/mgcpacer.go gcControllerState.startCycle: notes where it started; world stopped.

        Its other part, the mark workers and the assists, is not ported.
        """
        self.heap_scan_work.store(0)
        self.stack_scan_work.store(0)
        self.triggered = self.heap_live.load()

    def end_cycle(self) -> None:
        """runtime/mgcpacer.go gcControllerState.endCycle: keeps the goal, for the scavenger.

        Its other part, the estimate of the cons/mark ratio, is not ported.
        """
        self.last_heap_goal = self.heap_goal()

    def reset_live(self, bytes_marked: int) -> None:
        """runtime/mgcpacer.go gcControllerState.resetLive: what was marked is what is live now."""
        self.heap_marked = bytes_marked
        self.heap_live.store(bytes_marked)
        self.heap_scan.store(self.heap_scan_work.load())
        self.last_heap_scan = self.heap_scan_work.load()
        self.last_stack_scan.store(self.stack_scan_work.load())
        self.triggered = U64_MAX

    def update(self, h: "Mheap", d_heap_live: int, d_heap_scan: int) -> None:
        """runtime/mgcpacer.go gcControllerState.update: the live and the scannable heap changed.

        The changes are signed. During marking the scannable heap is fixed, and Go revises the
        assists, which are not ported.
        """
        if d_heap_live != 0:
            self.heap_live.add(d_heap_live)
        if h.runtime.gc_blacken_enabled == 0 and d_heap_scan != 0:
            self.heap_scan.add(d_heap_scan)

    def heap_goal(self) -> int:
        """runtime/mgcpacer.go gcControllerState.heapGoal: the heap's size when a cycle is to end."""
        goal, _ = self.heap_goal_internal()
        return goal

    def heap_goal_internal(self) -> tuple[int, int]:
        """runtime/mgcpacer.go gcControllerState.heapGoalInternal: (goal, least trigger <= goal)."""
        goal = self.gc_percent_heap_goal.load()
        min_trigger = 0

        new_goal = self.memory_limit_heap_goal()
        if new_goal < goal:
            goal = new_goal
        else:
            # The limit doesn't bind, so the goal may be put forward.
            sweep_dist_trigger = self.sweep_dist_min_trigger.load()
            if sweep_dist_trigger > goal:
                goal = sweep_dist_trigger
            # With the limit, this could have been above the goal.
            min_trigger = sweep_dist_trigger

            # A cycle that started late must still have some way to go.
            if self.triggered != U64_MAX and goal < u64(self.triggered + MIN_RUNWAY):
                goal = u64(self.triggered + MIN_RUNWAY)
        return goal, min_trigger

    def memory_limit_heap_goal(self) -> int:
        """runtime/mgcpacer.go gcControllerState.memoryLimitHeapGoal: the goal due to the limit.

        From the limit comes off what is mapped but can't be objects, once more what is over the
        limit, and some headroom. Never below the marked heap.

        Departs: gives way (osyield) where Go spins.
        """
        while True:
            heap_free = self.heap_free.load()
            heap_alloc = u64(self.total_alloc.load() - self.total_free.load())
            mapped_ready = self.mapped_ready.load()
            if u64(heap_free + heap_alloc) <= mapped_ready:
                break
            # Another thread has updated some of the three. If it is an error of the books, Go
            # spins for ever.
            osyield()

        memory_limit = u64(self.memory_limit.load())
        non_heap_memory = mapped_ready - heap_free - heap_alloc
        overage = 0
        if mapped_ready > memory_limit:
            overage = mapped_ready - memory_limit

        if u64(non_heap_memory + overage) >= memory_limit:
            # Nothing can be done but to collect all the time.
            return self.heap_marked

        goal = memory_limit - (non_heap_memory + overage)
        headroom = goal // 100 * MEMORY_LIMIT_HEAP_GOAL_HEADROOM_PERCENT
        if headroom < MEMORY_LIMIT_MIN_HEAP_GOAL_HEADROOM:
            headroom = MEMORY_LIMIT_MIN_HEAP_GOAL_HEADROOM
        goal = headroom if goal < headroom or goal - headroom < headroom else goal - headroom
        if goal < self.heap_marked:
            goal = self.heap_marked
        return goal

    def trigger(self) -> tuple[int, int]:
        """runtime/mgcpacer.go gcControllerState.trigger: (the size at which a cycle starts, goal)."""
        goal, min_trigger = self.heap_goal_internal()

        if self.heap_marked >= goal:
            # Should not be; a cycle starts at once.
            return goal, goal

        if min_trigger < self.heap_marked:
            min_trigger = self.heap_marked

        # Too low a trigger would keep the collector on nearly always, allocating black.
        way = (goal - self.heap_marked) // TRIGGER_RATIO_DEN
        trigger_lower_bound = u64(way * MIN_TRIGGER_RATIO_NUM + self.heap_marked)
        if min_trigger < trigger_lower_bound:
            min_trigger = trigger_lower_bound

        # Leave some headroom: of a small heap a part, of a large one the least heap.
        max_trigger = u64(way * MAX_TRIGGER_RATIO_NUM + self.heap_marked)
        if goal > DEFAULT_HEAP_MINIMUM and goal - DEFAULT_HEAP_MINIMUM > max_trigger:
            max_trigger = goal - DEFAULT_HEAP_MINIMUM
        if max_trigger < min_trigger:
            max_trigger = min_trigger

        runway = self.runway.load()
        trigger = min_trigger if runway > goal else goal - runway
        if trigger < min_trigger:
            trigger = min_trigger
        if trigger > max_trigger:
            trigger = max_trigger
        if trigger > goal:
            throw("produced a trigger greater than the heap goal")
        return trigger, goal

    def commit(self, h: "Mheap", is_sweep_done: bool) -> None:
        """runtime/mgcpacer.go gcControllerState.commit: computes what goal and trigger derive from.

        With the world stopped or h.lock held.
        """
        if not self.test:
            assert_world_stopped_or_lock_held(h, h.lock)

        if is_sweep_done:
            self.sweep_dist_min_trigger.store(0)
        else:
            # The sweep goes on while the heap grows from here: leave it some way.
            self.sweep_dist_min_trigger.store(u64(self.heap_live.load() + SWEEP_MIN_HEAP_DISTANCE))

        scan = u64(self.last_stack_scan.load() + self.globals_scan.load())
        gc_percent_heap_goal = U64_MAX
        gc_percent = self.gc_percent.load()
        if gc_percent >= 0:
            gc_percent_heap_goal = u64(
                self.heap_marked + u64(u64(self.heap_marked + scan) * gc_percent) // 100
            )
        if gc_percent_heap_goal < self.heap_minimum:
            gc_percent_heap_goal = self.heap_minimum
        self.gc_percent_heap_goal.store(gc_percent_heap_goal)

        ratio = self.cons_mark * (1 - GC_GOAL_UTILIZATION) / GC_GOAL_UTILIZATION
        self.runway.store(f64touint64(ratio * float(u64(self.last_heap_scan + scan))))

    def set_gc_percent(self, h: "Mheap", in_: int) -> int:
        """runtime/mgcpacer.go gcControllerState.setGCPercent: returns the old value; commit follows."""
        if not self.test:
            assert_world_stopped_or_lock_held(h, h.lock)
        out = self.gc_percent.load()
        if in_ < 0:
            in_ = -1
        # A negative value wraps, and the least heap with it.
        self.heap_minimum = u64(DEFAULT_HEAP_MINIMUM * u64(in_)) // 100
        self.gc_percent.store(in_)
        return out

    def set_memory_limit(self, h: "Mheap", in_: int) -> int:
        """runtime/mgcpacer.go gcControllerState.setMemoryLimit: returns the old one; commit follows.

        A negative limit changes nothing.
        """
        if not self.test:
            assert_world_stopped_or_lock_held(h, h.lock)
        out = self.memory_limit.load()
        if in_ >= 0:
            self.memory_limit.store(in_)
        return out


def set_gc_percent(h: "Mheap", in_: int) -> int:
    """runtime/mgcpacer.go setGCPercent: debug.SetGCPercent; returns the old value."""
    lock(h.lock)
    out = h.runtime.gc_controller.set_gc_percent(h, in_)
    gc_controller_commit(h)
    unlock(h.lock)
    return out


def set_memory_limit(h: "Mheap", in_: int) -> int:
    """runtime/mgcpacer.go setMemoryLimit: debug.SetMemoryLimit; returns the old limit in bytes."""
    lock(h.lock)
    out = h.runtime.gc_controller.set_memory_limit(h, in_)
    if in_ < 0 or out == in_:
        unlock(h.lock)
        return out
    gc_controller_commit(h)
    unlock(h.lock)
    return out


def gc_controller_commit(h: "Mheap") -> None:
    """runtime/mgcpacer.go gcControllerCommit: commit, then the sweeper's and the scavenger's pace.

    With the world stopped or h.lock held.
    """
    assert_world_stopped_or_lock_held(h, h.lock)
    h.runtime.gc_controller.commit(h, is_sweep_done(h))
    trigger, heap_goal = h.runtime.gc_controller.trigger()
    gc_pace_sweeper(h, trigger)
    gc_pace_scavenger(
        h,
        h.runtime.gc_controller.memory_limit.load(),
        heap_goal,
        h.runtime.gc_controller.last_heap_goal,
    )
