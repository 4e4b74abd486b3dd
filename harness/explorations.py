"""Declaring what is claimed of a subject's scenarios, each explored in every interleaving."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checker.interleaving.refinement import Refinement
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from harness import histories, interleavings
from harness.histories import Explored
from harness.means import Means
from harness.replay import Replayer
from harness.subject import Group, Theorem

RACE_FREE = "every access that is declared plain is ordered by synchronisation"


@dataclass(frozen=True)
class Exploring:
    """What is claimed of a subject's scenarios: `refining` the model, or `possible` histories.

    A mutant goes with the scenario that must refute it. With `one`, there is a single scenario, which
    is no part of the id.
    """

    name: str
    statement: str
    cites: str
    scenarios: Sequence[str]
    why: str = ""
    races: bool = False
    mutants: Sequence[tuple[Mutant, str]] = ()
    variant: Mutant | None = None
    finding: str = ""
    recorded: bool = True
    one: bool = False

    def theorem(self, verdict: Callable[[str, Mutant | None], Verdict]) -> Theorem[Mutant]:
        """The theorem, given how a scenario and a variant are judged."""
        (first, *_) = self.scenarios

        def check(case: str, variant: Mutant | None, _means: Means) -> Verdict:
            return verdict(case or first, variant)

        return Theorem(
            self.name,
            Technique.RACES if self.races else Technique.INTERLEAVINGS,
            self.statement,
            self.cites,
            Grade.REFUTED if self.finding else Grade.EXHAUSTED,
            check,
            cases=("",) if self.one else self.scenarios,
            variant=self.variant,
            finding=self.finding,
            mutants=self.mutants,
        )


def _variants(claims: Sequence[Exploring]) -> list[Mutant]:
    """The mutants and remedies of claims, each once."""
    found: dict[str, Mutant] = {}
    for claim in claims:
        for each in (*(mutant for mutant, _ in claim.mutants), claim.variant):
            if each is not None:
                found[each.name] = each
    return list(found.values())


def refining(scenarios: Mapping[str, Callable[[], Refinement]], *claims: Exploring) -> Group:
    """Port refines model in every interleaving of a scenario, or is free of data races in it."""

    def judged(claim: Exploring) -> Theorem[Mutant]:
        why = claim.why or claim.statement

        def verdict(scenario: str, variant: Mutant | None) -> Verdict:
            refinement = scenarios[scenario]()
            if claim.races:
                return interleavings.race_free(refinement, why=why, variant=variant)
            return interleavings.refines(refinement, why=why, variant=variant)

        return claim.theorem(verdict)

    variants = _variants(claims)
    replays: dict[str, Replayer] = {
        "interleaving": interleavings.replay_schedules(scenarios, variants)
    }
    if any(claim.races for claim in claims):
        replays["races"] = interleavings.replay_races(scenarios, variants)
    return Group([judged(claim) for claim in claims], replays)


def possible(
    harness: str, scenarios: Mapping[str, Callable[[], Explored]], *claims: Exploring
) -> Group:
    """A module of the port has a possible history in every interleaving, or no data race.

    `harness` is `<subject>/<name>` of the replay, for which the claims must all be of one kind.
    """

    def judged(claim: Exploring) -> Theorem[Mutant]:
        why = claim.why or claim.statement

        def verdict(scenario: str, variant: Mutant | None) -> Verdict:
            explored = scenarios[scenario]()
            if claim.races:
                return histories.race_free(
                    explored, harness=harness, cites=claim.cites, why=why, variant=variant
                )
            return histories.holds(
                explored,
                harness=harness,
                cites=claim.cites,
                why=why,
                variant=variant,
                recorded=claim.recorded,
            )

        return claim.theorem(verdict)

    replay = histories.replay_races if claims[0].races else histories.replay_histories
    replays = {harness.partition("/")[2]: replay(scenarios, _variants(claims))}
    return Group([judged(claim) for claim in claims], replays)
