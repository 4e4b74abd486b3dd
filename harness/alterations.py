"""Altered recordings: changing a single event of a recording must get it rejected.

A monitor that reads a field without depending on it, or an event without needing it, would accept
the altered recording; then its agreement with the original one means less than it seems.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from checker.counterexample import Counterexample, Step
from checker.verdict import Grade, Verdict
from golang.alter import Alteration, Change, Drop, Duplicate, alter
from golang.events import Event, ListTakeAll, SweeperBegin
from golang.page_events import PageCacheAlloc, PagesAlloc, ScavGive, ScavNone
from golang.trace import Trace
from harness.conformance import TraceReader, conforms, retrace
from harness.recording import Recorder

SAMPLES = 3
"""Altered events of each kind."""

LEGAL_TWICE = frozenset({ListTakeAll})
"""Taking all of a list that was just emptied is a legal step, so doubling it breaks no rule."""

LATE = frozenset({ScavGive, ScavNone})
"""That one of these is missing shows when the chunk or the thread is seen again, maybe never."""

Fields = Mapping[type[Event], tuple[str, ...]]
"""The fields of each kind of event that a monitor claims to depend on."""


def alterations_are_rejected(
    recorder: Recorder, monitor: type[TraceReader], fields: Fields
) -> Verdict:
    """SAMPLED when every altered copy of a short recording is rejected by the monitor."""
    return altered_copies_are_rejected(recorder.short(), monitor, fields)


def altered_copies_are_rejected(
    trace: Trace, monitor: type[TraceReader], fields: Fields
) -> Verdict:
    """The same for a given recording."""
    if conforms(trace, monitor).grade is not Grade.SAMPLED:
        return Verdict(Grade.VACUOUS, reason="the recording is rejected before it is altered")
    tickets = _usable(trace, fields)
    if not all(tickets.values()):
        missing = ", ".join(kind.__name__ for kind, some in tickets.items() if not some)
        return Verdict(Grade.VACUOUS, reason=f"no event to alter of {missing}")
    tried = 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "altered.trace"
        for alteration in _alterations(trace, tickets, fields):
            tried += 1
            alter(trace, alteration, path)
            if conforms(Trace(path), monitor).grade is not Grade.REFUTED:
                return _accepted(trace, monitor, alteration)
    return Verdict(
        Grade.SAMPLED,
        bound=f"{tried} altered copies of a recording of {len(trace)} events",
        counts={"altered": tried, "rejected": tried},
    )


def _usable(trace: Trace, fields: Fields) -> Mapping[type[Event], Sequence[int]]:
    """The tickets of a few events of each kind."""
    tickets: dict[type[Event], list[int]] = {kind: [] for kind in fields}
    for event in trace:
        if type(event) in tickets and _matters(event):
            tickets[type(event)].append(event.ticket)
    # The effect of an event must have time to show, so the last ones are left alone.
    halves = {kind: some[: len(some) // 2] for kind, some in tickets.items()}
    return {kind: some[:: max(1, len(some) // SAMPLES)][:SAMPLES] for kind, some in halves.items()}


def _alterations(
    trace: Trace, tickets: Mapping[type[Event], Sequence[int]], fields: Fields
) -> Iterator[Alteration]:
    """Each of the events dropped, doubled, and changed in each of its fields, as far as that shows."""
    for kind, names in fields.items():
        for ticket in tickets[kind]:
            if kind not in LATE:
                yield Drop(ticket)
            if kind not in LEGAL_TWICE:
                yield Duplicate(ticket)
            for name in names:
                yield Change(ticket, name, _other(getattr(trace[ticket], name)))


def _matters(event: Event) -> bool:
    """Whether the event did something: a request that was refused may come once more or less."""
    if isinstance(event, SweeperBegin):
        return bool(event.valid)
    if isinstance(event, PagesAlloc | PageCacheAlloc):
        return event.addr != 0
    return True


def _other(value: int | bool) -> int | bool:
    """A different value that is as plausible: another flag, another generation, a neighbour."""
    if isinstance(value, bool):
        return not value
    return (value + 8192) % 2**64 if value > 0xFFFF else value ^ 1


def _accepted(trace: Trace, monitor: type[TraceReader], alteration: Alteration) -> Verdict:
    event = trace[alteration.ticket]
    counterexample = Counterexample(
        invariant=f"{monitor.subject}.rejects_altered_recordings",
        citation="harness/alterations.py",
        why="a monitor that accepts it does not check what it claims to",
        steps=[retrace(event), Step("we", str(alteration))],
        diverging="the altered recording is accepted",
    )
    return Verdict(Grade.REFUTED, counterexample=counterexample)
