"""Ps: what they hold of the heap, that destroying one gives all of it back, and a stopped world."""

import pytest

from impl.config import LINUX_AMD64
from impl.mcache import get_m_cache
from impl.mheap import Mheap
from impl.proc import (
    PDEAD,
    PIDLE,
    PRUNNING,
    acquirem,
    acquirep,
    assert_world_stopped,
    assert_world_stopped_or_lock_held,
    releasem,
    releasep,
    start_the_world_with_sema,
    stop_the_world_with_sema,
    wirep,
    world_started,
    world_stopped,
)
from impl.procresize import gomaxprocs, procresize
from impl.rt import M, getm, lock, run_on, u32, unlock
from tests.impl.port_heap import ONE_PER_PAGE, TWO_PER_PAGE, throws
from tests.impl.port_sweep import new_object, program


def test_a_program_starts_with_p_0_and_its_bootstrap_cache() -> None:
    with program(2) as h:
        assert getm().p is h.runtime.allp[0]
        assert [pp.status for pp in h.runtime.allp] == [PRUNNING, PIDLE]
        assert h.runtime.allp[0].mcache is not h.runtime.allp[1].mcache
        assert h.runtime.mcache0 is None
        assert get_m_cache(h, getm()) is h.runtime.allp[0].mcache
        assert get_m_cache(h, M()) is None
        assert h.runtime.sweep.parked
        assert h.runtime.sweep.active.is_done()


def test_a_destroyed_p_gives_back_spans_pages_and_structures() -> None:
    with program(2, LINUX_AMD64) as h:
        mine, other = h.runtime.allp
        with run_on(M()):
            acquirep(h, other)
            assert h.alloc(1, ONE_PER_PAGE) is not None
            other.mcache.refill(h, TWO_PER_PAGE)
            held = other.mcache.alloc[TWO_PER_PAGE]
            held.alloc_count = held.freeindex = 1
            assert other.mspancache.len > 0
            assert not other.pcache.empty()
            releasep()
        cache, structures = other.mcache, h.spanalloc.inuse
        spare = other.mspancache.len
        caches = h.cachealloc.inuse
        assert gomaxprocs(h, 1) == 2
        assert list(h.runtime.allp) == [mine]
        left: tuple[int, object, int] = (other.status, other.mcache, other.mspancache.len)
        assert left == (PDEAD, None, 0)
        assert other.pcache.empty()
        assert h.spanalloc.inuse == structures - spare * h.spanalloc.size
        assert h.cachealloc.inuse == caches - h.cachealloc.size
        assert h.central[TWO_PER_PAGE].partial_swept(h.sweepgen).pop() is held

        # The next P gets the structure of the P and of the cache back.
        gomaxprocs(h, 2)
        assert list(h.runtime.allp) == [mine, other]
        assert other.mcache is cache
        assert cache.alloc[TWO_PER_PAGE] is h.runtime.emptymspan
        assert cache.flush_gen.load() == h.sweepgen


def test_a_thread_whose_p_goes_gets_p_0() -> None:
    with program(2) as h:
        releasep()
        acquirep(h, h.runtime.allp[1])
        gomaxprocs(h, 1)
        assert getm().p is h.runtime.allp[0]
        assert h.runtime.allp[0].status == PRUNNING


def test_there_is_one_p_at_least() -> None:
    with program() as h:
        assert gomaxprocs(h, 0) == gomaxprocs(h, 1) == 1
        stop_the_world_with_sema(h)
        lock(h.runtime.sched.lock)
        with throws("procresize: invalid arg"):
            procresize(h, 0)


def test_ps_change_in_a_stopped_world_only() -> None:
    with program(2) as h:
        with throws("not holding required lock!"):
            h.runtime.allp[1].destroy(h)
        lock(h.runtime.sched.lock)
        with throws("world not stopped"):
            procresize(h, 1)


def test_whoever_takes_a_p_flushes_its_cache() -> None:
    with program(2) as h:
        h.runtime.allp[1].mcache.flush_gen.store(u32(h.sweepgen - 2))
        releasep()
        acquirep(h, h.runtime.allp[1])
        assert h.runtime.allp[1].mcache.flush_gen.load() == h.sweepgen
        with throws("wirep: already in go"):
            wirep(h.runtime.allp[0])
        with run_on(M()), throws("wirep: invalid p state"):
            wirep(h.runtime.allp[1])
        with run_on(M()), throws("releasep: invalid arg"):
            releasep()
        h.runtime.allp[1].m = None
        with throws("releasep: invalid p state"):
            releasep()


def test_starting_the_world_flushes_the_ps_that_threads_hold() -> None:
    with program(3) as h:
        with run_on(M()):
            acquirep(h, h.runtime.allp[1])
        stop_the_world_with_sema(h)
        for pp in h.runtime.allp:
            pp.mcache.flush_gen.store(u32(h.sweepgen - 2))
        start_the_world_with_sema(h)
        flushed = [pp.mcache.flush_gen.load() == h.sweepgen for pp in h.runtime.allp]
        assert flushed == [True, True, False]
        assert [pp.status for pp in h.runtime.allp] == [PRUNNING, PRUNNING, PIDLE]


def test_the_world_is_stopped_once_and_by_a_thread_without_locks(h: Mheap) -> None:
    with run_on(M()):
        with throws("world not stopped"):
            assert_world_stopped(h)
        with throws("no world stop or required lock!"):
            assert_world_stopped_or_lock_held(h, h.lock)
        lock(h.lock)
        assert_world_stopped_or_lock_held(h, h.lock)
        unlock(h.lock)
        mp = acquirem()
        with throws("stopTheWorld: holding locks"):
            stop_the_world_with_sema(h)
        releasem(mp)
        stop_the_world_with_sema(h)
        assert_world_stopped(h)
        assert_world_stopped_or_lock_held(h, h.lock)
        with throws("recursive world stop"):
            stop_the_world_with_sema(h)
        with throws("inconsistent world stop count"):
            assert_world_stopped(h)


def test_a_world_that_runs_cannot_be_started(h: Mheap) -> None:
    with throws("world not stopped"):
        start_the_world_with_sema(h)
    world_stopped(h)
    world_started(h)
    with throws("released non-stopped world stop"):
        world_started(h)


@pytest.mark.parametrize("procs", [1, 3])
def test_objects_survive_a_change_of_the_number_of_ps(procs: int) -> None:
    with program(2) as h:
        objects = [new_object(h, TWO_PER_PAGE) for _ in range(5)]
        gomaxprocs(h, procs)
        objects += [new_object(h, TWO_PER_PAGE) for _ in range(5)]
        assert len(set(objects)) == 10
