"""Altered recordings: changing a single event of a recording must get it rejected.

A monitor that reads a field without depending on it, or an event without needing it, would accept
the altered recording; then its agreement with the original one means less than it seems.
"""

import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from checker.counterexample import Counterexample, Step
from checker.verdict import Grade, Verdict
from golang.alter import Alteration, Change, Drop, Duplicate, alter
from golang.errors import GoMissing
from golang.events import Event, ListTakeAll, SweeperBegin
from golang.trace import Trace
from proofs.conformance import TraceMonitor, conforms, tell
from proofs.recording import Recorder, not_run

SAMPLES = 3
"""Altered events of each kind."""

LEGAL_TWICE = frozenset({ListTakeAll})
"""Taking all of a list that was just emptied is a legal step, so doubling it breaks no rule."""

Fields = Mapping[type[Event], tuple[str, ...]]
"""The fields of each kind of event that a monitor claims to depend on."""


def alterations_are_rejected(
    recorder: Recorder, monitor: type[TraceMonitor], fields: Fields
) -> Verdict:
    """SAMPLED when every altered copy of a short recording is rejected by the monitor."""
    try:
        trace = recorder.short()
    except GoMissing as missing:
        return not_run(missing)
    if conforms(trace, monitor).grade is not Grade.SAMPLED:
        return Verdict(Grade.VACUOUS, reason="the recording is rejected before it is altered")
    tried = 0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "altered.trace"
        for alteration in _alterations(trace, fields):
            tried += 1
            alter(trace, alteration, path)
            if conforms(Trace(path), monitor).grade is not Grade.REFUTED:
                return _accepted(trace, monitor, alteration)
    if not tried:
        return Verdict(Grade.VACUOUS, reason="no event to alter")
    return Verdict(
        Grade.SAMPLED,
        bound=f"{tried} altered copies of a recording of {len(trace)} events",
        counts={"altered": tried, "rejected": tried},
    )


def _alterations(trace: Trace, fields: Fields) -> Iterator[Alteration]:
    """Each kind of event dropped, doubled, and changed in each of its fields, a few times."""
    for kind, names in fields.items():
        tickets = [event.ticket for event in trace if type(event) is kind and _matters(event)]
        # The effect of an event must have time to show, so the last ones are left alone.
        usable = tickets[: len(tickets) // 2]
        for ticket in usable[:: max(1, len(usable) // SAMPLES)][:SAMPLES]:
            yield Drop(ticket)
            if kind not in LEGAL_TWICE:
                yield Duplicate(ticket)
            for name in names:
                yield Change(ticket, name, _other(getattr(trace[ticket], name)))


def _matters(event: Event) -> bool:
    """A sweeper that was refused has done nothing: it may have asked once more or less."""
    return not isinstance(event, SweeperBegin) or bool(event.valid)


def _other(value: int | bool) -> int | bool:
    """A different value that is as plausible: another flag, another generation, a neighbour."""
    if isinstance(value, bool):
        return not value
    return value + 8192 if value > 0xFFFF else value ^ 1


def _accepted(trace: Trace, monitor: type[TraceMonitor], alteration: Alteration) -> Verdict:
    event = trace[alteration.ticket]
    story = Counterexample(
        invariant=f"{monitor.subject}.rejects_altered_recordings",
        citation="proofs/alterations.py",
        why="a monitor that accepts it does not check what it claims to",
        steps=[tell(event), Step("we", str(alteration))],
        diverging="the altered recording is accepted",
    )
    return Verdict(Grade.REFUTED, counterexample=story)
