"""From what an exploration found to a verdict: what was visited, and how far it counts.

verdict = check_interleavings(scenario, explored("ticket_lock"))
"""

from typing import Any

from checker.assumption import assuming
from checker.binding import over_stand_ins
from checker.counterexample import Replay
from checker.interleaving.narration import AS_THE_SUBSTRATE_SEES_IT, Narrator
from checker.interleaving.observe import Simulation
from checker.interleaving.races import find_races
from checker.interleaving.scenario import Scenario
from checker.interleaving.search import Result, explore
from checker.verdict import Grade, Verdict


def check_interleavings(
    scenario: Scenario,
    port: Any,
    simulation: Simulation | None = None,
    *,
    harness: str = "",
    cites: str = "",
    why: str = "",
    variant: str = "",
    narrator: Narrator = AS_THE_SUBSTRATE_SEES_IT,
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
        replay = Replay(harness, schedule, variant) if harness else None
        counterexample = narrator.breach(result.violation, cites, why, replay)
        return Verdict(Grade.REFUTED, counts=counts, counterexample=counterexample)
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
    harness: str = "",
    cites: str = "",
    why: str = "",
    variant: str = "",
    narrator: Narrator = AS_THE_SUBSTRATE_SEES_IT,
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
        replay = Replay(harness, [scenario.name, race.place], variant) if harness else None
        counterexample = narrator.race(race, cites, why, replay)
        return Verdict(Grade.REFUTED, counts=counts, counterexample=counterexample)
    if not found.executions.exhausted:
        return Verdict(Grade.UNKNOWN, reason=f"stopped at {limit} traces", counts=counts)
    if not found.executions.complete:
        return Verdict(Grade.VACUOUS, reason="no thread ever ended", counts=counts)
    bound = f"{scenario.name}, {found.executions.complete:,} Mazurkiewicz traces"
    bound += over_stand_ins(port) + assuming(found.assumptions)
    return Verdict(Grade.EXHAUSTED, bound=bound, counts=counts)


def _bound(scenario: Scenario, result: Result) -> str:
    count = result.interleavings
    many = f", {count:,} interleavings" if count is not None and count < 10**9 else ""
    more = f", {count:.1e} interleavings" if count is not None and count >= 10**9 else ""
    return f"{scenario.name}, sequentially consistent{many}{more}"
