"""How counterexamples about the models themselves are run again."""

from collections.abc import Callable, Sequence
from typing import Any

from checker.counterexample import call
from checker.mutation import Mutant
from checker.plain import Instance
from checker.spec import Machine
from proofs.replay import CannotReplay, Harness, ReplayResult


def replay_model(module: str, build: Callable[[], Machine], mutants: Sequence[Mutant]) -> Harness:
    """The replay harness of one model: its choices are the sizes, then actions with arguments.

    `module` is the model's name in `model`, `build` makes the machine as it is.
    """

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        machine = build() if not variant else _mutated(module, mutants, variant)
        first, *path = choices
        instance = Instance(machine, first["sizes"], first["constants"])
        state = instance.initial
        lines = []
        for name, *arguments in path:
            before, action = state, machine.actions[name]
            after = instance.step(before, action, tuple(arguments))
            if after is None:
                lines.append(f"{call(name, arguments)} is not allowed any more")
                return ReplayResult(False, "\n".join(lines))
            lines.append(call(name, arguments))
            state = after
            for prop in machine.transitions.values():
                for given in instance.arguments(prop.params):
                    if not instance.step_holds(prop, before, state, given):
                        lines.append(f"this step breaks {call(prop.name, given)}")
                        return ReplayResult(True, "\n".join(lines))
        broken = instance.broken(state)
        if broken is None:
            lines.append("every invariant holds at the end")
            return ReplayResult(False, "\n".join(lines))
        lines.append(f"the last state breaks {call(broken[0].name, broken[1])}")
        return ReplayResult(True, "\n".join(lines))

    return replay


def _mutated(module: str, mutants: Sequence[Mutant], variant: str) -> Machine:
    for mutant in mutants:
        if mutant.name == variant:
            machine: Machine = getattr(mutant.bind("model"), module).build()
            return machine
    remedy = "was the file written by another version? run the proofs again"
    raise CannotReplay(f"there is no mutant {variant!r} of the model", remedy)
