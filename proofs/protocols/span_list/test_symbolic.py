"""Port refines model: list operations executed symbolically, on lists of any length."""

import pytest

from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.symbolic import named
from proofs.protocols.span_list.symbolic import (
    VARIANTS,
    insertion,
    insertion_twice,
    removal,
    removal_of_foreign,
    shapes,
    taking,
    taking_few,
)

INSERTING = named(VARIANTS, "insert-back-without-list")
CHECKING = named(VARIANTS, "insert-without-check")
REMOVING = named(VARIANTS, "remove-moves-last-forward")
OWNING = named(VARIANTS, "remove-from-any-list")
TAKING = named(VARIANTS, "take-all-without-reparenting", "take-all-forgets-prev")


@pytest.mark.fast
@shapes.obligation(Grade.EXHAUSTED)
def test_symbolic_shapes() -> Verdict:
    return shapes.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", VARIANTS.values(), ids=str)
@shapes.obligation(Grade.REFUTED)
def test_symbolic_shapes_kills(mutant: Mutant) -> Verdict:
    return shapes.refute(mutant)


@insertion.obligation(Grade.PROVED)
def test_symbolic_insertion() -> Verdict:
    return insertion.prove()


@pytest.mark.parametrize("mutant", INSERTING, ids=str)
@insertion.obligation(Grade.REFUTED)
def test_symbolic_insertion_kills(mutant: Mutant) -> Verdict:
    return insertion.refute(mutant)


@insertion_twice.obligation(Grade.PROVED)
def test_symbolic_insertion_twice() -> Verdict:
    return insertion_twice.prove()


@pytest.mark.parametrize("mutant", CHECKING, ids=str)
@insertion_twice.obligation(Grade.REFUTED)
def test_symbolic_insertion_twice_kills(mutant: Mutant) -> Verdict:
    return insertion_twice.refute(mutant)


@removal.obligation(Grade.PROVED)
def test_symbolic_removal() -> Verdict:
    return removal.prove()


@pytest.mark.parametrize("mutant", REMOVING, ids=str)
@removal.obligation(Grade.REFUTED)
def test_symbolic_removal_kills(mutant: Mutant) -> Verdict:
    return removal.refute(mutant)


@removal_of_foreign.obligation(Grade.PROVED)
def test_symbolic_removal_of_foreign() -> Verdict:
    return removal_of_foreign.prove()


@pytest.mark.parametrize("mutant", OWNING, ids=str)
@removal_of_foreign.obligation(Grade.REFUTED)
def test_symbolic_removal_of_foreign_kills(mutant: Mutant) -> Verdict:
    return removal_of_foreign.refute(mutant)


@taking_few.obligation(Grade.EXHAUSTED)
def test_symbolic_taking_few() -> Verdict:
    return taking_few.prove()


@taking.obligation(Grade.PROVED)
def test_symbolic_taking() -> Verdict:
    return taking.prove()


@pytest.mark.parametrize("mutant", TAKING, ids=str)
@taking.obligation(Grade.REFUTED)
def test_symbolic_taking_kills(mutant: Mutant) -> Verdict:
    return taking.refute(mutant)
