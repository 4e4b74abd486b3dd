"""From an exploration to a verdict: what was visited, and a violation told as a story."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from checker.assumption import assuming
from checker.binding import over_stand_ins
from checker.counterexample import Counterexample, Replay, Scalar, Step, changed
from checker.interleaving.automaton import Site
from checker.interleaving.observe import Operation, Simulation, TraceStep
from checker.interleaving.races import find_races
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import Breach, Result, explore
from checker.verdict import Grade, Verdict

PLAIN = (Kind.PLAIN_LOAD, Kind.PLAIN_STORE)

Describe = Callable[[Any], dict[str, Scalar]]
"""A model state as flat names and values."""


def check_interleavings(
    scenario: Scenario,
    port: Any,
    simulation: Simulation | None,
    *,
    harness: str,
    citation: str,
    why: str,
    variant: str = "",
    describe: Describe | None = None,
    states: int | None = None,
    limit: int = 1_000_000,
) -> Verdict:
    """EXHAUSTED when no interleaving of the scenario goes wrong.

    `harness` is "<subject>/<name>" for the replay, `variant` the bug or fix in `port`. `states` is
    the recorded number of states: any other makes the verdict UNKNOWN. Hitting `limit` is UNKNOWN.
    """
    result = explore(scenario, port, simulation, limit=limit)
    counts = {
        "states": result.states,
        "transitions": result.transitions,
        "depth": result.depth,
        "outcomes": len(result.outcomes),
    }
    if result.interleavings is not None:
        counts["interleavings"] = result.interleavings
    if result.violation is not None:
        schedule = [scenario.name, *result.violation.schedule]
        story = tell(result.violation, citation, why, Replay(harness, schedule, variant), describe)
        return Verdict(Grade.REFUTED, counts=counts, counterexample=story)
    if not result.exhausted:
        return Verdict(Grade.UNKNOWN, reason=result.stopped, counts=counts)
    if not result.outcomes:
        return Verdict(Grade.VACUOUS, reason="no thread ever ended", counts=counts)
    if states is not None and result.states != states:
        reason = f"{result.states} states where {states} are recorded: the scenario changed"
        return Verdict(Grade.UNKNOWN, reason=reason, counts=counts)
    bound = _bound(scenario, result) + over_stand_ins(port) + assuming(result.assumptions)
    return Verdict(Grade.EXHAUSTED, bound=bound, counts=counts)


def check_races(
    scenario: Scenario,
    port: Any,
    *,
    harness: str,
    citation: str,
    why: str,
    variant: str = "",
    limit: int = 100_000,
) -> Verdict:
    """EXHAUSTED when no trace of the scenario has a race on a plain field.

    Traces that differ only in the order of independent steps count once. Hitting `limit` traces is
    UNKNOWN.
    """
    found = find_races(scenario, port, limit=limit)
    counts = {"traces": found.executions.complete, "races": len(found.races)}
    if found.races:
        race = found.races[0]
        operations = (race.first, race.second)
        story = Counterexample(
            invariant=f"no data race on {race.place}",
            citation=citation,
            why=why,
            steps=[_race_step(each) for each in operations],
            diverging="nothing orders these two accesses",
            replay=Replay(harness, [scenario.name, race.place], variant),
        )
        return Verdict(Grade.REFUTED, counts=counts, counterexample=story)
    if not found.executions.exhausted:
        return Verdict(Grade.UNKNOWN, reason=f"stopped at {limit} traces", counts=counts)
    if not found.executions.complete:
        return Verdict(Grade.VACUOUS, reason="no thread ever ended", counts=counts)
    bound = f"{scenario.name}, {found.executions.complete:,} Mazurkiewicz traces"
    bound += over_stand_ins(port) + assuming(found.assumptions)
    return Verdict(Grade.EXHAUSTED, bound=bound, counts=counts)


def _race_step(operation: Operation) -> Step:
    site = operation.site
    return Step(
        thread=operation.thread,
        action=_spell(operation),
        function=site.function if site else "",
        where=_place(site) if site else "",
    )


def tell(
    breach: Breach, citation: str, why: str, replay: Replay, describe: Describe | None
) -> Counterexample:
    """A breach as a story, each step with the operations it took."""
    error = breach.error
    return Counterexample(
        invariant=error.name if error is not None else breach.kind,
        citation=citation,
        why=why,
        steps=[_step(each, describe) for each in breach.trace],
        initial_abstract=_first_model(breach, describe),
        diverging=breach.message,
        replay=replay,
    )


def _first_model(breach: Breach, describe: Describe | None) -> dict[str, Scalar]:
    if describe is None or not breach.trace or breach.trace[0].model[0] is None:
        return {}
    return describe(breach.trace[0].model[0])


def _step(step: TraceStep, describe: Describe | None) -> Step:
    shown = [each for each in step.operations if each.kind not in PLAIN]
    last = (shown or list(step.operations))[0]
    abstract: dict[str, Scalar] = {}
    before, after = step.model
    if describe is not None and before is not None and after is not None:
        abstract = changed(describe(before), describe(after))
    return Step(
        thread=step.thread,
        action="; ".join(_spell(each) for each in shown) or "reads its own data",
        function=last.site.function if last.site else "",
        where=_place(last.site) if last.site else "",
        concrete={place: _scalar(new) for place, (_, new) in step.changes.items()},
        abstract=abstract,
    )


def _place(site: Site) -> str:
    """A place in the port, from its package on."""
    return f"{'/'.join(Path(site.file).parts[-2:])}:{site.line}"


def _spell(operation: Operation) -> str:
    if operation.field is None:
        return operation.kind.value + ("" if operation.value is None else f" {operation.value!r}")
    if operation.kind is Kind.LOAD:
        return f"{operation.kind.value} {operation.place} -> {operation.old!r}"
    failed = " fails" if operation.answer is False else ""
    return (
        f"{operation.kind.value} {operation.place} {operation.old!r} -> {operation.new!r}{failed}"
    )


def _scalar(value: Any) -> Scalar:
    return value if isinstance(value, bool | int | str) else repr(value)


def _bound(scenario: Scenario, result: Result) -> str:
    count = result.interleavings
    many = f", {count:,} interleavings" if count is not None and count < 10**9 else ""
    more = f", {count:.1e} interleavings" if count is not None and count >= 10**9 else ""
    return f"{scenario.name}, sequentially consistent{many}{more}"
