"""Counterexamples about the models survive a file, and are run again from what it says."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from checker import itf
from checker.induction import prove
from checker.reachability import check_reachable
from checker.spec import Machine
from harness.models import machines, replay_model, replay_step
from model import sweepgen, zeroed_base
from proofs.protocols.sweepgen import mutants as sweepgen_mutants
from proofs.protocols.zeroed_base import mutants as zeroed_base_mutants

SWEEPGEN = machines("sweepgen", sweepgen.build, sweepgen_mutants.MODEL_MUTANTS)
ZEROED_BASE = machines("zeroed_base", zeroed_base.build, zeroed_base_mutants.MODEL_MUTANTS)
NAMED = ("gen", "stage")


@pytest.mark.parametrize(
    ("variants", "mutant", "sizes", "constants"),
    [
        (SWEEPGEN, "blind-acquire", {"Span": 1, "Thread": 2, "Cache": 1}, {}),
        (ZEROED_BASE, "store-instead-of-cas", {"Arena": 1, "Part": 2}, {"arena_pages": 2}),
    ],
    ids=["sweepgen", "zeroed_base"],
)
@pytest.mark.parametrize("inductive", [True, False], ids=["induction", "reachability"])
def test_values_are_printed_by_name_and_read_as_numbers(
    tmp_path: Path,
    variants: Mapping[str, Callable[[], Machine]],
    mutant: str,
    sizes: dict[str, int],
    constants: dict[str, int],
    inductive: bool,
) -> None:
    machine = variants[mutant]()
    if inductive:
        verdict, replay = prove(machine, variant=mutant), replay_step(variants)
    else:
        verdict = check_reachable(machine, sizes, constants, variant=mutant)
        replay = replay_model(variants)
    assert verdict.counterexample is not None
    itf.write(verdict.counterexample, tmp_path / "story.itf.json")
    counterexample = itf.read(tmp_path / "story.itf.json")
    assert counterexample == verdict.counterexample
    shown = [counterexample.initial_abstract, *(step.abstract for step in counterexample.steps)]
    named = [v for state in shown for name, v in state.items() if name.startswith(NAMED)]
    assert named
    assert all(isinstance(value, str) for value in named)
    assert counterexample.replay is not None
    assert replay(counterexample.replay.choices, mutant).violated
    assert not replay(counterexample.replay.choices, "").violated
