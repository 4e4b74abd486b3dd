"""Port refines model: the protocol for every value of the generations, executed symbolically."""

import pytest

from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.symbolic import named
from proofs.protocols.sweepgen.symbolic import (
    VARIANTS,
    acquiring,
    bumping,
    ensuring,
    flushing,
    refilling,
    sweeping,
    uncaching,
)

ACQUIRING = named(VARIANTS, "generation-does-not-wrap")
SWEEPING = named(VARIANTS, "sweep-of-any-generation")
UNCACHING = named(VARIANTS, "stale-span-uncached-as-swept", "stale-span-not-swept")
REFILLING = named(VARIANTS, "refill-without-three")
FLUSHING = named(VARIANTS, "flush-without-release")
BUMPING = named(VARIANTS, "bump-by-one", "bump-does-not-wrap")


@pytest.mark.fast
@acquiring.obligation(Grade.PROVED)
def test_symbolic_acquiring() -> Verdict:
    return acquiring.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", ACQUIRING, ids=str)
@acquiring.obligation(Grade.REFUTED)
def test_symbolic_acquiring_kills(mutant: Mutant) -> Verdict:
    return acquiring.refute(mutant)


@pytest.mark.fast
@sweeping.obligation(Grade.PROVED)
def test_symbolic_sweeping() -> Verdict:
    return sweeping.prove()


@pytest.mark.parametrize("mutant", SWEEPING, ids=str)
@sweeping.obligation(Grade.REFUTED)
def test_symbolic_sweeping_kills(mutant: Mutant) -> Verdict:
    return sweeping.refute(mutant)


@pytest.mark.fast
@uncaching.obligation(Grade.PROVED)
def test_symbolic_uncaching() -> Verdict:
    return uncaching.prove()


@pytest.mark.parametrize("mutant", UNCACHING, ids=str)
@uncaching.obligation(Grade.REFUTED)
def test_symbolic_uncaching_kills(mutant: Mutant) -> Verdict:
    return uncaching.refute(mutant)


@pytest.mark.fast
@refilling.obligation(Grade.PROVED)
def test_symbolic_refilling() -> Verdict:
    return refilling.prove()


@pytest.mark.parametrize("mutant", REFILLING, ids=str)
@refilling.obligation(Grade.REFUTED)
def test_symbolic_refilling_kills(mutant: Mutant) -> Verdict:
    return refilling.refute(mutant)


@pytest.mark.fast
@flushing.obligation(Grade.PROVED)
def test_symbolic_flushing() -> Verdict:
    return flushing.prove()


@pytest.mark.parametrize("mutant", FLUSHING, ids=str)
@flushing.obligation(Grade.REFUTED)
def test_symbolic_flushing_kills(mutant: Mutant) -> Verdict:
    return flushing.refute(mutant)


@pytest.mark.fast
@ensuring.obligation(Grade.PROVED)
def test_symbolic_ensuring() -> Verdict:
    return ensuring.prove()


@pytest.mark.parametrize("mutant", ACQUIRING, ids=str)
@ensuring.obligation(Grade.REFUTED)
def test_symbolic_ensuring_kills(mutant: Mutant) -> Verdict:
    return ensuring.refute(mutant)


@pytest.mark.fast
@bumping.obligation(Grade.PROVED)
def test_symbolic_bumping() -> Verdict:
    return bumping.prove()


@pytest.mark.parametrize("mutant", BUMPING, ids=str)
@bumping.obligation(Grade.REFUTED)
def test_symbolic_bumping_kills(mutant: Mutant) -> Verdict:
    return bumping.refute(mutant)
