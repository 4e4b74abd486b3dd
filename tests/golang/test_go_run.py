"""The instrumented runtime itself: one build, a few short runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from golang import build
from golang.errors import CannotCheck, TraceError
from golang.events import (
    GcPhase,
    Hsg,
    ListInsertBack,
    SetPush,
    SgCas,
    SgStore,
    StateStore,
    StoreSite,
    SweepBegin,
    SweepBits,
    ZbLoad,
    ZbStore,
)
from golang.mutants import mutant
from golang.page_events import (
    PageCacheAlloc,
    PageFlush,
    PagesGrow,
    PageToCache,
    ScavGive,
    ScavTake,
)
from golang.toolchain import Toolchain
from golang.trace import Trace


def test_the_default_workload_records_every_kind(recording: build.WorkloadRun) -> None:
    assert (recording.status, recording.stderr) == (0, "done\n")
    trace = Trace(recording.trace)
    counts = trace.counts()
    assert len(trace) >= 500_000
    assert sum(counts.values()) == len(trace)
    assert [event for event, count in counts.items() if count == 0] == [ZbStore]
    for ticket, event in enumerate(trace):
        assert event.ticket == ticket


def test_owners_are_recorded_in_real_order(
    program: build.InstrumentedProgram, tmp_path: Path
) -> None:
    """Each store's old value is the last one recorded, even with random delays in the hooks."""
    run = build.run(program, tmp_path / "t", procs=8, rounds=60, delays=True)
    assert run.status == 0
    trace = Trace(run.trace)
    state: dict[int, int] = {}
    gen: dict[int, int] = {}
    heap = 0
    phase = 0
    for event in trace:
        match event:
            case StateStore():
                assert state.get(event.span, event.old) == event.old, event
                state[event.span] = event.new
            case SgStore() | SgCas():
                assert gen.get(event.span, event.old) == event.old, event
                assert event.site in set(StoreSite), event
                gen[event.span] = event.new
            case Hsg():
                assert (event.old, event.new) == (heap, heap + 2)
                heap += 2
            case GcPhase():
                assert event.old == phase
                phase = event.new
            case SweepBegin() | SweepBits():
                assert event.sweepgen == event.h - 1, event
            case SetPush():
                assert trace.central_set(event.set) is not None, event
    assert heap > 4


def test_page_events_are_recorded_in_real_order(
    program: build.InstrumentedProgram, tmp_path: Path
) -> None:
    """What one shows of a cache, of a scavenged run or of the heap's size the last one left."""
    run = build.run(program, tmp_path / "t", procs=8, rounds=60, delays=True)
    assert run.status == 0
    caches: dict[int, tuple[int, int]] = {}
    taken: dict[int, tuple[int, int]] = {}
    total = 0
    for event in Trace(run.trace):
        match event:
            case PagesGrow():
                total += event.size
                assert event.total == total
            case PageToCache():
                assert caches.get(event.owner, (0, 0))[0] == 0, event
                caches[event.owner] = event.cache, event.scav
            case PageCacheAlloc():
                cache, scav = caches.get(event.owner, (0, 0))
                pages = event.npages if event.addr else 0
                assert (cache ^ event.cache).bit_count() == pages, event
                assert (scav ^ event.cache_scav).bit_count() * 8192 == event.scav * bool(pages)
                caches[event.owner] = event.cache, event.cache_scav
            case PageFlush():
                assert caches.pop(event.owner) == (event.cache, event.scav), event
            case ScavTake():
                taken[event.m] = event.addr, event.npages
            case ScavGive():
                assert taken.pop(event.m) == (event.addr, event.npages), event
    assert total
    assert caches
    assert not taken


def test_arenas_can_be_left_out(program: build.InstrumentedProgram, tmp_path: Path) -> None:
    run = build.run(program, tmp_path / "t", rounds=10, arenas=0)
    counts = Trace(run.trace).counts()
    assert counts[ListInsertBack] == 0
    assert counts[ZbLoad] > 0


def test_a_full_buffer_is_an_error(program: build.InstrumentedProgram, tmp_path: Path) -> None:
    run = build.run(program, tmp_path / "t", rounds=10, capacity=1000)
    assert run.status == 0
    with pytest.raises(TraceError, match="room for 1000"):
        Trace(run.trace)


def test_a_killed_program_leaves_a_prefix(
    program: build.InstrumentedProgram, tmp_path: Path
) -> None:
    run = build.run(program, tmp_path / "t", rounds=10**6, capacity=1 << 24, timeout=0.5)
    assert run.status is None
    with pytest.raises(TraceError, match="died before"):
        Trace(run.trace)
    assert len(Trace(run.trace, allow_crash=True)) > 1000


def test_an_unwritable_trace_is_an_error(
    program: build.InstrumentedProgram, tmp_path: Path
) -> None:
    with pytest.raises(CannotCheck, match="recorder: cannot create the file"):
        build.run(program, tmp_path / "no" / "t")


def test_a_program_is_built_once(
    go: Toolchain, program: build.InstrumentedProgram, build_cache: Path
) -> None:
    stamp = program.path.stat().st_mtime_ns
    assert build.build(go, build_cache) == program
    assert program.path.stat().st_mtime_ns == stamp


def test_a_mutant_shows_in_its_trace(go: Toolchain, build_cache: Path, tmp_path: Path) -> None:
    mutated = build.build(go, build_cache, mutant("acquire_by_store"))
    run = build.run(mutated, tmp_path / "t", rounds=20)
    trace = Trace(run.trace, allow_crash=True)
    assert trace.counts()[SgCas] == 0
    assert any(isinstance(e, SgStore) and e.site == StoreSite.tryAcquire for e in trace)
