"""Conformance: a recording of the real runtime is a run of the model, or of the port.

A monitor feeds the events of one subject to the plain reading of its model, in an order that is
sound for that subject (see `golang.events`). The first event that is no step of the model, or that
shows another value than the model has, is a violation and ends that monitor. A reader without a
model does the same with something else, the port for one.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from checker.counterexample import Counterexample, Replay, Scalar, Step
from checker.monitor import Monitor, Rejected
from checker.spec import applied, named
from checker.verdict import Grade, Verdict
from golang.events import Event
from golang.trace import Trace
from harness.replay import Replayer, ReplayResult

TRACE_LENGTH = 8
"""How many earlier events about the same object a counterexample tells."""


class TraceViolation(Exception):
    """An event the model does not allow."""

    def __init__(self, invariant: str, citation: str, why: str) -> None:
        super().__init__(f"{invariant}: {why}")
        self.invariant, self.citation, self.why = invariant, citation, why


class TraceReader(ABC):
    """Something beside one recording. `handlers` says which events it consumes."""

    subject: str
    harness = "trace"
    """The name of its replay within the subject."""
    variant = ""
    """The mutant of the port or of the model that it is about."""
    why: str
    """What a violation means."""
    agreement: str
    """What is true of each event if there is none."""
    key: str
    """The event field that names the object a trace is about; "" if all events are about one."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.handlers: Mapping[type[Event], Callable[[Any], None]] = self.listens_to()
        self.consumed = 0

    @abstractmethod
    def listens_to(self) -> Mapping[type[Event], Callable[[Any], None]]:
        """The handler of each kind of event that concerns this subject."""

    def finish(self) -> None:
        """Called after the last event of a complete recording; may raise TraceViolation."""
        return

    def counts(self) -> dict[str, int]:
        """What was visited."""
        return {"events": self.consumed}

    def expect(self, rule: str, citation: str, shown: Any, known: Any) -> None:
        """Raises TraceViolation unless what the event shows is what is known otherwise."""
        if shown != known:
            raise TraceViolation(
                f"{self.subject}.{rule}", citation, f"the event shows {shown!r}, not {known!r}"
            )


class TraceMonitor(TraceReader):
    """One model beside one recording."""

    why = "a recorded run of the real runtime is not a run of the model"
    agreement = "each a step of the model"

    def __init__(self, trace: Trace, model: Monitor) -> None:
        self.model = model
        super().__init__(trace)

    def counts(self) -> dict[str, int]:
        fired = {f"fired:{name}": count for name, count in self.model.fired.items() if count}
        return {**super().counts(), "steps": self.model.steps, **fired}

    def step(self, name: str, *arguments: Any) -> None:
        """Takes a step of the model. Raises TraceViolation where it is not allowed."""
        try:
            self.model.step(name, *arguments)
        except Rejected:
            action = self.model.machine.actions[name]
            raise TraceViolation(
                f"{self.subject}.{name}",
                action.cites,
                f"the runtime does {applied(action, [_short(a) for a in arguments])}, "
                "which the model forbids here",
            ) from None

    def expect_entry(self, rule: str, citation: str, shown: Any, name: str, *key: Any) -> None:
        """Raises TraceViolation unless the event shows this entry of the model's state."""
        kind = self.model.machine.variables[name].type
        self.expect(rule, citation, named(kind, shown), self.model.read(name, *key))


def conforms(trace: Trace, make: Callable[[Trace], TraceReader], *, at_least: int = 1) -> Verdict:
    """SAMPLED when the reader finds nothing wrong with any event of the recording.

    A recording with fewer than `at_least` events of the subject is VACUOUS.
    """
    monitor = make(trace)
    handlers = monitor.handlers
    event: Event | None = None
    try:
        for event in trace.only(handlers):
            monitor.consumed += 1
            handlers[type(event)](event)
        if trace.complete:
            monitor.finish()
    except TraceViolation as violation:
        counterexample = _counterexample(monitor, event, violation)
        return Verdict(Grade.REFUTED, counts=monitor.counts(), counterexample=counterexample)
    if monitor.consumed < at_least:
        reason = f"{monitor.consumed} events of this subject, fewer than {at_least}"
        return Verdict(Grade.VACUOUS, reason=reason, counts=monitor.counts())
    bound = f"one recorded run of {len(trace)} events"
    return Verdict(Grade.SAMPLED, bound=bound, counts=monitor.counts())


def replay_trace(monitor: type[TraceReader]) -> Replayer:
    """The replay harness of one subject's recordings: the choice is the file."""

    def replay(choices: Sequence[Any], _variant: str) -> ReplayResult:
        verdict = conforms(Trace(Path(choices[0]), allow_crash=True), monitor)
        if verdict.counterexample is not None:
            return ReplayResult(True, verdict.counterexample.text())
        return ReplayResult(False, f"{monitor.subject}: {verdict.grade.name} {verdict.reason}")

    return replay


def _counterexample(
    monitor: TraceReader, last: Event | None, violation: TraceViolation
) -> Counterexample:
    """The violation with the events about the same object that led to it."""
    events = _about(monitor, last) if last is not None else []
    return Counterexample(
        invariant=violation.invariant,
        citation=violation.citation,
        why=monitor.why,
        steps=[retrace(event) for event in events],
        diverging=violation.why,
        reproduction=f"# in a shell:\n# mheap trace {_shown(monitor.trace.path)}",
        replay=Replay(
            f"{monitor.subject}/{monitor.harness}",
            [_shown(monitor.trace.path)],
            monitor.variant,
        ),
    )


def _about(monitor: TraceReader, last: Event) -> Sequence[Event]:
    """The last few events before and with `last` that concern its object, or its thread."""
    key = monitor.key if hasattr(last, monitor.key) or not monitor.key else "m"
    wanted = getattr(last, key, None)
    found: list[Event] = []
    ticket = last.ticket
    while ticket >= 0 and len(found) < TRACE_LENGTH:
        event = monitor.trace[ticket]
        if type(event) in monitor.handlers and getattr(event, key, None) == wanted:
            found.append(event)
        ticket -= 1
    return found[::-1]


def retrace(event: Event) -> Step:
    """One event as a step of a trace."""
    shown: dict[str, Scalar] = {
        name: _short(value)
        for name, value in event._asdict().items()
        if name not in ("ticket", "m", "p")
    }
    return Step(
        thread=f"M{event.m}",
        action=type(event).__name__,
        where=f"ticket {event.ticket}",
        concrete=shown,
    )


def _shown(path: Path) -> str:
    """A path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _short(value: Any) -> Any:
    """Addresses are easier to tell from each other in hexadecimal."""
    return hex(value) if isinstance(value, int) and value > 0xFFFF else value
