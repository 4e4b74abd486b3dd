"""Port refines model: allocNeedsZero executed symbolically, at every address and among any threads."""

import pytest

from checker import induction
from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.symbolic import named
from proofs.protocols.zeroed_base.mutants import (
    ARITHMETIC_MUTANTS,
    LEMMA_MUTANTS,
    PAGE_BIT_MUTANTS,
    RACE_MUTANTS,
    SEQUENTIAL_MUTANTS,
)
from proofs.protocols.zeroed_base.symbolic import (
    RELYING,
    VARIANTS,
    any_arenas,
    arena_indexes,
    lemmas,
    page_bits,
    racing,
    sequential,
)

RELY = "no step of another thread breaks what the proof of a single thread relies on"
RELY_GO = "runtime/mheap.go:308-317"


@sequential.obligation(Grade.EXHAUSTED)
def test_symbolic_sequential() -> Verdict:
    return sequential.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", SEQUENTIAL_MUTANTS, ids=str)
@sequential.obligation(Grade.REFUTED)
def test_symbolic_sequential_kills(mutant: Mutant) -> Verdict:
    return sequential.refute(mutant)


@racing.obligation(Grade.EXHAUSTED)
def test_symbolic_racing() -> Verdict:
    return racing.prove()


@any_arenas.obligation(Grade.PROVED)
def test_symbolic_any_arenas() -> Verdict:
    return any_arenas.prove()


@pytest.mark.parametrize("mutant", [*SEQUENTIAL_MUTANTS, *RACE_MUTANTS], ids=str)
@any_arenas.obligation(Grade.REFUTED)
def test_symbolic_any_arenas_kills(mutant: Mutant) -> Verdict:
    return any_arenas.refute(mutant)


@pytest.mark.fast
@lemmas.obligation(Grade.PROVED)
def test_symbolic_lemmas() -> Verdict:
    return lemmas.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", LEMMA_MUTANTS, ids=str)
@lemmas.obligation(Grade.REFUTED)
def test_symbolic_lemmas_kills(mutant: Mutant) -> Verdict:
    return lemmas.refute(mutant)


@obligation(technique="induction", cites=RELY_GO, expect=Grade.PROVED, statement=RELY)
def test_rely() -> Verdict:
    return induction.prove(RELYING[""]())


@pytest.mark.parametrize("mutant", named(VARIANTS, "others-stay-a-page-away"), ids=str)
@obligation(technique="induction", cites=RELY_GO, expect=Grade.REFUTED, statement=RELY)
def test_rely_kills(mutant: Mutant) -> Verdict:
    return induction.prove(RELYING[mutant.name](), variant=mutant.name)


@pytest.mark.fast
@arena_indexes.obligation(Grade.PROVED)
def test_symbolic_arena_indexes() -> Verdict:
    return arena_indexes.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", ARITHMETIC_MUTANTS, ids=str)
@arena_indexes.obligation(Grade.REFUTED)
def test_symbolic_arena_indexes_kills(mutant: Mutant) -> Verdict:
    return arena_indexes.refute(mutant)


@pytest.mark.fast
@page_bits.obligation(Grade.PROVED)
def test_symbolic_page_bits() -> Verdict:
    return page_bits.prove()


@pytest.mark.fast
@pytest.mark.parametrize("mutant", PAGE_BIT_MUTANTS, ids=str)
@page_bits.obligation(Grade.REFUTED)
def test_symbolic_page_bits_kills(mutant: Mutant) -> Verdict:
    return page_bits.refute(mutant)
