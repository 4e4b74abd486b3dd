"""How counterexamples about the models themselves are run again."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from checker.mutation import Mutant
from checker.plain import Instance, SpecError
from checker.spec import Machine, applied
from harness.replay import CannotReplay, Replayer, ReplayResult

Machines = Mapping[str, Callable[[], Machine]]
"""The variants of a machine by name, "" being the machine as it is."""


def machines(module: str, build: Callable[[], Machine], mutants: Sequence[Mutant]) -> Machines:
    """The machine that `build` makes and its mutants; `module` is its name in `model`."""
    mutated = {each.name: partial(_mutated, module, each) for each in mutants}
    return {"": build, **mutated}


def replay_model(variants: Machines) -> Replayer:
    """The replay harness of one model: its choices are the sizes, then actions with arguments."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        machine = _variant(variants, variant)
        first, *path = choices
        instance = Instance(machine, first["sizes"], first["constants"])
        state = instance.initial
        lines = []
        for name, *arguments in path:
            before, action = state, machine.actions[name]
            after = instance.step(before, action, tuple(arguments))
            if after is None:
                lines.append(f"{applied(action, arguments)} is not allowed any more")
                return ReplayResult(False, "\n".join(lines))
            lines.append(applied(action, arguments))
            state = after
            for prop in machine.transitions.values():
                for given in instance.arguments(prop.params):
                    if not instance.step_holds(prop, before, state, given):
                        lines.append(f"this step breaks {applied(prop, given)}")
                        return ReplayResult(True, "\n".join(lines))
        broken = instance.broken(state)
        if broken is None:
            lines.append("every invariant holds at the end")
            return ReplayResult(False, "\n".join(lines))
        lines.append(f"the last state breaks {applied(*broken)}")
        return ReplayResult(True, "\n".join(lines))

    return replay


def replay_step(variants: Machines) -> Replayer:
    """The replay harness of counterexamples to induction.

    The choices are the sizes, a state, the action taken in it (empty: none, the state is initial)
    and the property that fails after it (empty: a value outside its type).
    """

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        sizes, values, taken, goal = choices
        machine = _variant(variants, variant)
        instance = Instance(machine, sizes["sizes"], sizes["constants"])
        before = after = tuple(values)
        if taken:
            name, *arguments = taken
            action = machine.actions[name]
            try:
                step = instance.step(before, action, tuple(arguments))
            except SpecError as error:
                return ReplayResult(True, f"{applied(action, arguments)}: {error}")
            if step is None:
                return ReplayResult(False, f"{applied(action, arguments)} is not allowed any more")
            after = step
        if not goal:
            return ReplayResult(False, "every value is within its type")
        name, *given = goal
        if name in machine.transitions:
            prop = machine.transitions[name]
            holds = instance.step_holds(prop, before, after, tuple(given))
        else:
            prop = machine.invariants[name]
            holds = instance.holds(prop, after, tuple(given))
        return ReplayResult(not holds, f"{applied(prop, given)} is {'true' if holds else 'false'}")

    return replay


def _variant(variants: Machines, name: str) -> Machine:
    if name not in variants:
        remedy = "was the file written by another version? run the proofs again"
        raise CannotReplay(f"there is no variant {name!r} of the model", remedy)
    return variants[name]()


def _mutated(module: str, mutant: Mutant) -> Machine:
    machine: Machine = getattr(mutant.bind("model"), module).build()
    return machine
