"""The model has its invariants, and random runs of the pool are runs of the model."""

from typing import Any, ClassVar

import pytest
from hypothesis.stateful import rule
from hypothesis.strategies import integers

from checker.binding import Edit
from checker.induction import prove
from checker.mutation import Mutant
from checker.reachability import check_reachable
from checker.refinement import Abstraction
from checker.stateful import Comparison, check_stateful
from checker.verdict import Grade
from examples.free_list import model
from examples.free_list.allocator import USED

BLOCKS = 4


def test_the_model_has_its_invariants_for_any_number_of_blocks() -> None:
    assert prove(model.machine).grade is Grade.PROVED


def test_every_state_of_four_blocks_is_reached_and_right() -> None:
    """Any choice of the blocks, in any order: 1 + 4 + 12 + 24 + 24 states."""
    assert check_reachable(model.machine, {"Block": BLOCKS}, states=65).grade is Grade.EXHAUSTED


ABSTRACTION = Abstraction(model.machine, history={})


@ABSTRACTION.of
def listed(pool: Any, block: int) -> bool:
    return block in pool.free_blocks()


@ABSTRACTION.of
def before(pool: Any, a: int, b: int) -> bool:
    found = pool.free_blocks()
    return a in found and b in found and found.index(a) < found.index(b)


@ABSTRACTION.representation
def used_blocks_say_so(pool: Any) -> str | None:
    free = pool.free_blocks()
    wrong = [b for b, link in enumerate(pool.links) if (link == USED) == (b in free)]
    return f"blocks {wrong} are neither free nor in use" if wrong else None


MUTANTS = [
    Mutant(
        "free twice",
        "a block that is free is taken back",
        (Edit("allocator", 'if self.links[block] != USED:\n            throw("the block is free")', "pass"),),
    ),
    Mutant(
        "hand out twice",
        "the first block stays on the list",
        (Edit("allocator", "        self.first = self.links[block]\n", ""),),
    ),
    Mutant(
        "lose the list",
        "a block that is freed forgets those before it",
        (Edit("allocator", "self.links[block] = self.first", "self.links[block] = END"),),
    ),
]  # fmt: skip


class PoolBesideModel(Comparison):
    """A pool and the model that take the same steps."""

    package = "examples.free_list"
    mutants: ClassVar = {each.name: each for each in MUTANTS}
    abstraction, sizes = ABSTRACTION, {"Block": BLOCKS}
    throws = ("the pool is empty", "the block is free")

    def build(self) -> Any:
        return self.port.allocator.Pool(BLOCKS)

    @rule()
    def alloc(self) -> None:
        first = [b for b in range(BLOCKS) if self.run.allows("alloc", b)] or [0]
        found = self.operate(self.view.alloc, step=("alloc", first[0]), throws="the pool is empty")
        if found is not None:
            self.same("the block", found, first[0])

    @rule(block=integers(0, BLOCKS - 1))
    def free(self, block: int) -> None:
        self.operate(self.view.free, block, step=("free", block), throws="the block is free")


def test_the_pool_does_what_the_model_does() -> None:
    verdict = check_stateful(PoolBesideModel, examples=50, steps=20, seed=1)
    assert verdict.grade is Grade.SAMPLED


@pytest.mark.parametrize("mutant", PoolBesideModel.mutants)
def test_a_planted_bug_is_found_and_told(mutant: str) -> None:
    verdict = check_stateful(PoolBesideModel.on(mutant), examples=50, steps=20, seed=1)
    assert verdict.grade is Grade.REFUTED
    counterexample = verdict.counterexample
    assert counterexample is not None
    assert len(counterexample.steps) <= 3
