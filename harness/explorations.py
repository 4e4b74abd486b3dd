"""Declaring what is claimed of a subject's scenarios, each explored in every interleaving."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checker.interleaving.refinement import Refinement
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from harness.histories import Explored
from harness.interleavings import (
    BesideModel,
    Explorable,
    Explorables,
    race_free,
    replay_races,
    replay_schedules,
)
from harness.means import Means
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
    violates: Sequence[str] = ()
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
            violates=self.violates,
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


def _group(
    names: Mapping[bool, str], explorables: Explorables, claims: Sequence[Exploring]
) -> Group:
    """The claims' group; `names` has the replays of schedules (False) and of races (True)."""

    def judged(claim: Exploring) -> Theorem[Mutant]:
        why, harness = claim.why or claim.statement, names[claim.races]

        def verdict(scenario: str, variant: Mutant | None) -> Verdict:
            explorable = explorables[scenario]()
            if claim.races:
                return race_free(
                    explorable, harness=harness, cites=claim.cites, why=why, variant=variant
                )
            return explorable.holds(
                harness=harness,
                cites=claim.cites,
                why=why,
                variant=variant,
                recorded=claim.recorded,
            )

        return claim.theorem(verdict)

    replay = {False: replay_schedules, True: replay_races}
    kinds = sorted({claim.races for claim in claims})
    variants = _variants(claims)
    return Group(
        [judged(claim) for claim in claims],
        {names[kind].partition("/")[2]: replay[kind](explorables, variants) for kind in kinds},
    )


def refining(
    subject: str, scenarios: Mapping[str, Callable[[], Refinement]], *claims: Exploring
) -> Group:
    """Port refines model in every interleaving of a scenario, or is free of data races in it."""

    def beside(make: Callable[[], Refinement]) -> Callable[[], Explorable]:
        return lambda: BesideModel(make())

    names = {False: f"{subject}/interleaving", True: f"{subject}/races"}
    return _group(names, {name: beside(make) for name, make in scenarios.items()}, claims)


def possible(
    harness: str, scenarios: Mapping[str, Callable[[], Explored]], *claims: Exploring
) -> Group:
    """A module of the port has a possible history in every interleaving, or no data race.

    `harness` is `<subject>/<name>` of the replay, for which the claims must all be of one kind.
    """
    return _group({False: harness, True: harness}, scenarios, claims)
