"""The port does what the real runtime did: page events of recorded runs, replayed through it."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from golang.alter import excerpt
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
from harness.conformance import conforms, replay_trace
from harness.means import Means
from harness.recordings import recorded_runs
from harness.replay import OTHER_VERSION, CannotReplay, ReplayResult
from harness.subject import Subject, Theorem
from proofs.runtime.pages.mutants import REPLAY_MUTANTS
from proofs.runtime.pages.recorded import RecordedPages

GO = "runtime/mpagealloc.go:5-46"
CLAIM = (
    "recorded calls of the page allocator, replayed through the port, give the same addresses, "
    "scavenged bytes, caches, search addresses and scavenge index"
)
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


def altered(means: Means) -> Verdict:
    """Copies of the beginning of a recording, each with one event altered, are rejected."""
    trace = means.recorder.clean()
    with tempfile.TemporaryDirectory() as directory:
        excerpted = beginning(trace, Path(directory) / "excerpt.trace")
        return altered_copies_are_rejected(excerpted, RecordedPages, FIELDS)


def replay_on_the_port(_case: str, mutant: Mutant | None, means: Means) -> Verdict:
    """A recording on the port with a bug."""
    reader = RecordedPages if mutant is None else RecordedPages.on(mutant)
    return conforms(means.recorder.clean(), reader)


def replay_recording(choices: Sequence[Any], variant: str) -> ReplayResult:
    """Replays the recording on the port, or on its mutant `variant`."""
    mutants = {each.name: each for each in REPLAY_MUTANTS}
    if variant and variant not in mutants:
        raise CannotReplay(f"there is no mutant {variant!r}", OTHER_VERSION)
    reader = RecordedPages.on(mutants[variant]) if variant else RecordedPages
    return replay_trace(reader)(choices, variant)


SUBJECT = Subject(
    "pages",
    statement="a real program's page events, replayed in the port, have the same answers",
    groups=(
        recorded_runs(
            RecordedPages,
            name="replay",
            statement=CLAIM,
            cites=GO,
            at_least=30_000,
            fields=FIELDS,
            altered=altered,
            more=(
                Theorem(
                    "replay_on_the_port",
                    Technique.TRACE,
                    CLAIM,
                    GO,
                    Grade.SAMPLED,
                    replay_on_the_port,
                    cases=(),
                    mutants=[(each, "") for each in REPLAY_MUTANTS],
                    of="replay",
                ),
            ),
            replays={"trace": replay_recording},
        ),
    ),
)
