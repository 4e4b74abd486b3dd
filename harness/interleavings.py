"""What the interleaving proofs of all subjects share: the explored port beside a model."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from checker.binding import Binding
from checker.interleaving.normalform import normal_form
from checker.interleaving.races import find_races
from checker.interleaving.refinement import Refinement, check_refinement
from checker.interleaving.search import replay
from checker.interleaving.verdicts import check_races
from checker.mutation import Mutant
from checker.verdict import Verdict
from harness.explored import EXPLORED
from harness.replay import CannotReplay, Replayer, ReplayResult
from harness.stand_ins import STAND_INS


def explored(variant: Mutant | None = None) -> Binding:
    """The port on the explored machine, over stand-ins, with the edits of a mutant or a fix."""
    edits = variant.edits if variant is not None else ()
    return Binding("impl", EXPLORED, edits, normal_form, STAND_INS)


def refines(
    refinement: Refinement, *, why: str, variant: Mutant | None = None, recorded: bool = True
) -> Verdict:
    """EXHAUSTED when every interleaving of the scenario is a run of the model.

    With `recorded`, the number of states must be the recorded one.
    """
    return check_refinement(
        refinement,
        explored(variant),
        harness=f"{refinement.instance.machine.name}/interleaving",
        why=why,
        variant=variant.name if variant is not None else "",
        recorded=recorded,
    )


def race_free(refinement: Refinement, *, why: str, variant: Mutant | None = None) -> Verdict:
    """EXHAUSTED when no trace of the scenario has a race on a plain field."""
    machine = refinement.instance.machine
    return check_races(
        refinement.scenario,
        explored(variant),
        harness=f"{machine.name}/races",
        cites=machine.cites,
        why=why,
        variant=variant.name if variant is not None else "",
    )


def replay_races(
    refinements: Mapping[str, Callable[[], Refinement]], variants: Iterable[Mutant]
) -> Replayer:
    """The replay harness of a subject's races: choices are the scenario's name and the place."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, place = choices
        port = explored(by_name[variant] if variant else None)
        found = find_races(refinements[name]().scenario, port)
        racing = [each for each in found.races if each.place == place]
        lines = [f"{each.place}: {each.first} | {each.second}" for each in racing]
        return ReplayResult(bool(racing), "\n".join(lines) or f"nothing races on {place}")

    return run


def replay_schedules(
    refinements: Mapping[str, Callable[[], Refinement]], variants: Iterable[Mutant]
) -> Replayer:
    """The replay harness of a subject: choices are the scenario's name and the schedule."""
    by_name = {each.name: each for each in variants}

    def run(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, *schedule = choices
        remedy = "was the file written by another version? run the proofs again"
        if name not in refinements or (variant and variant not in by_name):
            raise CannotReplay(f"there is no scenario {name!r} or variant {variant!r}", remedy)
        refinement = refinements[name]()
        port = explored(by_name[variant] if variant else None)
        result = replay(refinement.scenario, port, schedule, refinement)
        if result.violation is None:
            return ReplayResult(False, "the schedule runs, and the model can follow it")
        return ReplayResult(True, str(result.violation))

    return run
