"""The runtime's own statistics: single counters, and the heap's, which must agree with each other.

A thread with a P counts into the P's view without a lock; consistentHeapStats makes sure that a
reader sees an operation's changes of several counters together or not at all.

Not ported here, of runtime/mstats.go: pause times and their buffers (pause_ns, readGCStats), the
time histogram, gc_cpu_fraction and cpuStats, which measure time; newosproc0's stack, the locks that
keep sysmon and the tracer still during the double check, the size checks of init.
"""

from typing import TYPE_CHECKING

from impl.proc import assert_world_stopped
from impl.rt import (
    Atomic,
    Const,
    Plain,
    StatMutex,
    Struct,
    Tally,
    getm,
    i64,
    lock,
    osyield,
    throw,
    unlock,
)

if TYPE_CHECKING:
    from impl.config import Config
    from impl.mheap import Mheap


class SysMemStat(Struct):
    """runtime/mstats.go sysMemStat: a counter of bytes, a uint64 that must not overflow."""

    value: Atomic[int]

    def load(self) -> int:
        """runtime/mstats.go sysMemStat.load: the bytes."""
        return self.value.load()

    def add(self, n: int) -> None:
        """runtime/mstats.go sysMemStat.add: adds n bytes, a signed number; throws on overflow."""
        val = i64(self.value.add(n))
        if (n > 0 and val < n) or (n < 0 and i64(val + n) < n):
            throw("sysMemStat overflow")


class HeapStatsDelta(Struct):
    """runtime/mstats.go heapStatsDelta: changes of statistics, to be seen together.

    In bytes, those named ..._count in objects. The arrays are indexed by size class.
    """

    committed: Tally
    released: Tally
    in_heap: Tally
    in_stacks: Tally
    in_work_bufs: Tally
    in_ptr_scalar_bits: Tally
    tiny_alloc_count: Tally
    large_alloc: Tally
    large_alloc_count: Tally
    small_alloc_count: Const[tuple[Tally, ...]]
    large_free: Tally
    large_free_count: Tally
    small_free_count: Const[tuple[Tally, ...]]

    def init(self, config: "Config") -> None:
        """runtime/mstats.go heapStatsDelta: the zero value, with a count for each size class."""
        nclasses = len(config.class_to_size)
        self.small_alloc_count = tuple(Tally() for _ in range(nclasses))
        self.small_free_count = tuple(Tally() for _ in range(nclasses))

    def counters(self) -> tuple[Tally, ...]:
        """runtime/mstats.go heapStatsDelta: all counters, in the order of the fields."""
        return (
            self.committed,
            self.released,
            self.in_heap,
            self.in_stacks,
            self.in_work_bufs,
            self.in_ptr_scalar_bits,
            self.tiny_alloc_count,
            self.large_alloc,
            self.large_alloc_count,
            *self.small_alloc_count,
            self.large_free,
            self.large_free_count,
            *self.small_free_count,
        )

    def merge(self, b: "HeapStatsDelta") -> None:
        """runtime/mstats.go heapStatsDelta.merge: adds the changes of b."""
        for mine, other in zip(self.counters(), b.counters(), strict=True):
            mine.add(other.load())

    def clear(self) -> None:
        """runtime/mstats.go heapStatsDelta: becomes the zero value."""
        for counter in self.counters():
            counter.store(0)


def new_heap_stats_delta(config: "Config") -> HeapStatsDelta:
    """runtime/mstats.go heapStatsDelta: a new one, zero."""
    delta = HeapStatsDelta()
    delta.init(config)
    return delta


class ConsistentHeapStats(Struct):
    """runtime/mstats.go consistentHeapStats: a ring of three deltas, of which gen is written to.

    One reader at a time moves the writers on to the next delta, waits until each P was seen not to
    write, and then has the one before to itself.
    """

    stats: Const[tuple[HeapStatsDelta, HeapStatsDelta, HeapStatsDelta]]
    gen: Atomic[int]
    no_p_lock: StatMutex

    def init(self, config: "Config") -> None:
        """runtime/mstats.go consistentHeapStats: the zero value."""
        self.stats = (
            new_heap_stats_delta(config),
            new_heap_stats_delta(config),
            new_heap_stats_delta(config),
        )

    def acquire(self) -> HeapStatsDelta:
        """runtime/mstats.go consistentHeapStats.acquire: the delta to change until release.

        The thread's P must not change in between, nor may it acquire twice.
        """
        pp = getm().p
        if pp is not None:
            seq = pp.stats_seq.add(1)
            if seq % 2 == 0:
                throw("bad sequence number")
        else:
            lock(self.no_p_lock)
        return self.stats[self.gen.load() % 3]

    def release(self) -> None:
        """runtime/mstats.go consistentHeapStats.release: the delta of acquire is complete."""
        pp = getm().p
        if pp is not None:
            seq = pp.stats_seq.add(1)
            if seq % 2 != 0:
                throw("bad sequence number")
        else:
            unlock(self.no_p_lock)

    def unsafe_read(self, h: "Mheap", out: HeapStatsDelta) -> None:
        """runtime/mstats.go consistentHeapStats.unsafeRead: adds all to out; the world is stopped."""
        assert_world_stopped(h)
        for i in range(3):
            out.merge(self.stats[i])

    def read(self, h: "Mheap", out: HeapStatsDelta) -> None:
        """runtime/mstats.go consistentHeapStats.read: makes out a consistent snapshot of all.

        One reader at a time: it has stopped the world or holds Go's metricsSema.

        Departs: gives way (osyield) where Go spins.
        """
        curr_gen = self.gen.load()
        prev_gen = curr_gen - 1
        if curr_gen == 0:
            prev_gen = 2

        # Threads without a P must not write while the generation changes.
        lock(self.no_p_lock)
        self.gen.swap((curr_gen + 1) % 3)
        unlock(self.no_p_lock)

        for i in range(len(h.runtime.allp)):
            # Wait until the P was seen not to write: from then on it writes to the new generation.
            while h.runtime.allp[i].stats_seq.load() % 2 != 0:
                osyield()

        # Carry the totals on, and clear the delta that the next reader will move writers to.
        self.stats[curr_gen].merge(self.stats[prev_gen])
        self.stats[prev_gen].clear()

        out.clear()
        out.merge(self.stats[curr_gen])


class Mstats(Struct):
    """runtime/mstats.go mstats: statistics that are not those of the heap's pacing, in bytes."""

    heap_stats: ConsistentHeapStats
    stacks_sys: SysMemStat
    mspan_sys: SysMemStat
    mcache_sys: SysMemStat
    buckhash_sys: SysMemStat
    gc_misc_sys: SysMemStat
    other_sys: SysMemStat
    numgc: Plain[int] = 0  # a uint32
    numforcedgc: Plain[int] = 0  # a uint32
    last_heap_in_use: Plain[int] = 0
    enablegc: Plain[bool] = False

    def init(self, config: "Config") -> None:
        """runtime/mstats.go mstats: the zero value, with arrays that depend on the geometry."""
        self.heap_stats.init(config)
