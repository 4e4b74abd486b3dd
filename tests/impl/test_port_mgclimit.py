"""The limiter's bucket fills with the collector's time and drains with the mutator's."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.config import MINIATURE
from impl.mgclimit import (
    CAPACITY_PER_PROC,
    LIMITER_EVENT_IDLE,
    LIMITER_EVENT_IDLE_MARK_WORK,
    LIMITER_EVENT_MARK_ASSIST,
    LIMITER_EVENT_NONE,
    LIMITER_EVENT_SCAVENGE_ASSIST,
    LimiterEvent,
    limiter_event_stamp_duration,
    limiter_event_stamp_typ,
    make_limiter_event_stamp,
)
from impl.rt import U64_MAX
from tests.impl.port_heap import slice_of, throws
from tests.impl.scavenge_heap import scavenge_heap

PROCS = 14
MS = 1_000_000
SECOND = 1000 * MS
EVENTS = [
    LIMITER_EVENT_IDLE_MARK_WORK,
    LIMITER_EVENT_MARK_ASSIST,
    LIMITER_EVENT_SCAVENGE_ASSIST,
    LIMITER_EVENT_IDLE,
]


def limiter(procs: int = PROCS) -> tuple[Any, Any]:
    h = scavenge_heap(MINIATURE)
    h.runtime.gc_cpu_limiter.test = True
    h.runtime.gc_cpu_limiter.reset_capacity(h, 0, procs)
    return h, h.runtime.gc_cpu_limiter


def bucket(limit: Any) -> tuple[int, int]:
    return limit.bucket.fill, limit.bucket.capacity


def test_mutator_time_alone_leaves_the_bucket_empty() -> None:
    h, limit = limiter()
    for now in (10 * MS, SECOND, 3600 * SECOND):
        limit.update(h, now)
        assert bucket(limit) == (0, PROCS * CAPACITY_PER_PROC)


def test_a_pause_counts_on_every_processor() -> None:
    h, limit = limiter()
    limit.start_gc_transition(h, True, 109 * MS)
    limit.finish_gc_transition(h, 111 * MS)
    assert limit.bucket.fill == 2 * MS * PROCS
    # A quarter of the time is the workers', so half of it drains the bucket.
    limit.update(h, 113 * MS)
    assert limit.bucket.fill == MS * PROCS
    limit.update(h, 3600 * SECOND)
    assert limit.bucket.fill == 0


def test_a_full_bucket_limits_until_it_drains() -> None:
    h, limit = limiter()
    h.runtime.memstats.numgc = 6
    limit.start_gc_transition(h, True, 0)
    limit.finish_gc_transition(h, 0)
    limit.add_assist_time(3 * SECOND * PROCS // 4)
    limit.update(h, SECOND)
    assert limit.bucket.fill == limit.bucket.capacity
    assert limit.limiting()
    assert limit.overflow == 0
    assert limit.last_enabled_cycle.load() == 7
    limit.add_assist_time(SECOND * PROCS)
    limit.update(h, SECOND)
    # Time that is the collector's is also time that isn't the mutator's.
    assert (limit.limiting(), limit.overflow) == (True, 2 * SECOND * PROCS)
    # Exactly half: nothing changes.
    limit.add_assist_time(SECOND * PROCS // 4)
    limit.update(h, 2 * SECOND)
    assert limit.limiting()
    limit.update(h, 2 * SECOND + MS)
    assert not limit.limiting()


def test_idle_time_is_not_the_mutators() -> None:
    h, limit = limiter()
    limit.add_assist_time(SECOND * PROCS // 2)
    limit.add_idle_time(SECOND * PROCS // 2)
    limit.update(h, SECOND)
    assert limit.bucket.fill == SECOND * PROCS // 2


def test_fewer_processors_may_fill_the_bucket() -> None:
    h, limit = limiter()
    limit.add_assist_time(2 * SECOND * PROCS)
    limit.update(h, SECOND)
    assert limit.limiting()
    limit.reset_capacity(h, SECOND, 2 * PROCS)
    assert not limit.limiting()
    limit.reset_capacity(h, SECOND, 2)
    assert limit.limiting()
    assert bucket(limit) == (2 * CAPACITY_PER_PROC, 2 * CAPACITY_PER_PROC)


def test_an_old_time_and_a_locked_limiter_are_passed_over() -> None:
    h, limit = limiter()
    limit.update(h, 5)
    limit.add_assist_time(100)
    limit.update(h, 4)
    assert limit.last_update.load() == 5
    assert limit.try_lock()
    limit.update(h, 6)
    assert limit.last_update.load() == 5
    assert limit.assist_time_pool.load() == 100


def test_transitions_are_guarded() -> None:
    h, limit = limiter()
    with throws("finishGCTransition called without starting one?"):
        limit.finish_gc_transition(h, 0)
    limit.start_gc_transition(h, True, 0)
    with throws("failed to acquire lock to start a GC transition"):
        limit.start_gc_transition(h, False, 0)
    with throws("failed to acquire lock to reset capacity"):
        limit.reset_capacity(h, 0, 1)
    limit.finish_gc_transition(h, 0)
    with throws("transitioning GC to the same state as before?"):
        limit.start_gc_transition(h, True, 0)
    limit.unlock()
    with throws("double unlock"):
        limit.unlock()
    limit.transitioning = True
    with throws("update during transition"):
        limit.update(h, 1)


TIME = st.integers(-(1 << 40), 1 << 40)


@given(st.integers(0, 40), st.lists(st.tuples(TIME, TIME), max_size=20))
def test_the_bucket_stays_within_its_bounds(capacity: int, steps: list[tuple[int, int]]) -> None:
    h, limit = limiter()
    limit.bucket.capacity = capacity = 1 << capacity
    fill = overflow = 0
    for mutator, gc in steps:
        limit.accumulate(h, mutator, gc)
        fill += gc - mutator
        if gc > mutator:
            overflow += max(0, fill - capacity)
        fill = min(max(fill, 0), capacity)
        assert bucket(limit) == (fill, capacity)
        assert limit.overflow == overflow
        if gc != mutator:
            assert limit.limiting() == (fill == capacity)


@given(st.sampled_from(EVENTS), st.integers(0, 1 << 62), st.integers(0, 1 << 40))
def test_a_stamp_has_a_type_and_a_time(typ: int, start: int, passed: int) -> None:
    stamp = make_limiter_event_stamp(typ, start)
    assert 0 <= stamp <= U64_MAX
    assert limiter_event_stamp_typ(stamp) == typ
    now = start + passed
    same_top_bits = start >> 61 == now >> 61
    assert limiter_event_stamp_duration(stamp, now) == (passed if same_top_bits else 0)
    if start % (1 << 61) != 0:
        assert limiter_event_stamp_duration(stamp, start - 1) == 0


def test_an_event_is_counted_in_pieces() -> None:
    h, limit = limiter(1)
    limit.test = False
    event = LimiterEvent()
    h.runtime.allp = slice_of(SimpleNamespace(limiter_event=event))
    assert event.consume(5) == (LIMITER_EVENT_NONE, 0)
    assert event.start(LIMITER_EVENT_SCAVENGE_ASSIST, 100)
    assert not event.start(LIMITER_EVENT_IDLE, 101)
    limit.update(h, 300)
    # 200 of the 300 ns were the collector's.
    assert limit.bucket.fill == 100
    event.stop(h, LIMITER_EVENT_SCAVENGE_ASSIST, 350)
    assert limit.assist_time_pool.load() == 50
    assert event.start(LIMITER_EVENT_IDLE, 400)
    event.stop(h, LIMITER_EVENT_IDLE, 400)
    assert limit.idle_time_pool.load() == 0
    assert event.start(LIMITER_EVENT_IDLE, 400)
    assert event.consume(410) == (LIMITER_EVENT_IDLE, 10)
    assert event.consume(410) == (LIMITER_EVENT_NONE, 0)
    event.stop(h, LIMITER_EVENT_IDLE, 411)
    assert limit.idle_time_pool.load() == 1


def test_the_wrong_event_is_not_stopped() -> None:
    h, _ = limiter(1)
    event = LimiterEvent()
    event.start(LIMITER_EVENT_IDLE, 1)
    with throws("limiterEvent.stop: found wrong event in p's limiter event slot"):
        event.stop(h, LIMITER_EVENT_MARK_ASSIST, 2)


@pytest.mark.parametrize("typ", [5, 6, 7])
def test_unknown_events_throw(typ: int) -> None:
    h, limit = limiter(1)
    limit.test = False
    event = LimiterEvent()
    h.runtime.allp = slice_of(SimpleNamespace(limiter_event=event))
    event.start(typ, 1)
    with throws("invalid limiter event type found"):
        limit.update(h, 5)
    with throws("limiterEvent.stop: invalid limiter event type found"):
        event.stop(h, typ, 9)
