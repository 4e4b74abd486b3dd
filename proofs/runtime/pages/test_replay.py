"""The port does what the real runtime did: page events of recorded runs, replayed through it."""

import tempfile
from pathlib import Path

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang import mutants
from golang.alter import excerpt
from golang.errors import GoMissing
from golang.page_events import (
    PageCacheAlloc,
    PageFlush,
    PagesAlloc,
    PagesFree,
    PagesGrow,
    PageToCache,
    ScavBegin,
    ScavGen,
    ScavGive,
    ScavNone,
    ScavTake,
)
from golang.trace import Trace
from harness.alterations import altered_copies_are_rejected
from harness.conformance import conforms
from harness.recording import (
    Recorder,
    clean_run_conforms,
    delayed_run_conforms,
    mutant_is_rejected,
    not_run,
)
from proofs.runtime.pages.mutants import PORT_MUTANTS
from proofs.runtime.pages.recorded import RecordedPages

GO = "runtime/mpagealloc.go:5-46"
CLAIM = (
    "recorded calls of the page allocator, replayed through the port, give the same addresses, "
    "scavenged bytes, caches, search addresses and scavenge index"
)
RUNTIME_MUTANTS = [mutant for mutant in mutants.MUTANTS if mutant.subject == "pages"]
EFFECT = 2000
"""Events within which the effect of one shows."""
FIELDS = {
    PagesGrow: ("base", "size", "search", "start", "end", "ready", "total"),
    PagesAlloc: ("npages", "addr", "scav", "search", "word"),
    PagesFree: ("base", "npages", "search", "word"),
    PageToCache: ("owner", "base", "cache", "scav", "search", "word"),
    PageCacheAlloc: ("owner", "npages", "addr", "scav", "cache", "cache_scav"),
    PageFlush: ("owner", "base", "cache", "scav", "search", "word"),
    # Other values of search_index and max need not give another result.
    ScavBegin: ("chunk",),
    ScavTake: ("addr", "npages", "word"),
    ScavGive: ("addr", "npages", "search"),
    ScavNone: ("chunk", "word"),
    ScavGen: ("gen", "free_hwm"),
}


def beginning(trace: Trace, path: Path) -> Trace:
    """The page events of a recording until each kind was there twice, and some more."""
    counts = dict.fromkeys(FIELDS, 0)
    for event in trace:
        if type(event) in counts:
            counts[type(event)] += 1
            if min(counts.values()) == 2:
                break
    excerpt(trace, FIELDS, sum(counts.values()) + EFFECT, path)
    return Trace(path)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_replay(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, RecordedPages, at_least=30_000)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_replay_with_delays(recorder: Recorder) -> Verdict:
    return delayed_run_conforms(recorder, RecordedPages)


@obligation(
    technique="trace",
    cites=GO,
    expect=Grade.SAMPLED,
    statement="a recording with a single event altered is rejected",
)
def test_altered_recordings_are_rejected(recorder: Recorder) -> Verdict:
    try:
        trace = recorder.clean()
    except GoMissing as missing:
        return not_run(missing)
    with tempfile.TemporaryDirectory() as directory:
        excerpted = beginning(trace, Path(directory) / "excerpt.trace")
        return altered_copies_are_rejected(excerpted, RecordedPages, FIELDS)


@pytest.mark.parametrize("mutant", RUNTIME_MUTANTS, ids=lambda mutant: mutant.name)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_replay_kills(recorder: Recorder, mutant: mutants.GoMutant) -> Verdict:
    return mutant_is_rejected(recorder, RecordedPages, mutant)


@pytest.mark.parametrize("mutant", PORT_MUTANTS.values(), ids=str)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_replay_on_the_port_kills(recorder: Recorder, mutant: Mutant) -> Verdict:
    try:
        return conforms(recorder.clean(), RecordedPages.on(mutant))
    except GoMissing as missing:
        return not_run(missing)
