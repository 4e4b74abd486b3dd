"""The whole heap: random programs of allocation, collection, records, user arenas and scavenging."""

from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from harness.subject import Subject
from harness.theorems import Effort, random_runs
from proofs.port.whole_heap.invariants import CLAIMS
from proofs.port.whole_heap.mutants import BREAKS, SEQUENTIAL_MUTANTS
from proofs.port.whole_heap.objects import PROMISES
from proofs.port.whole_heap.stateful import AlignedHeap, RealHeap, WholeHeap

GO = "runtime/mheap.go:49-226"
CLAIM = "after every operation of a program the parts of the heap agree, and no object is lost"
MUTANT_EFFORT = Effort(100, 40, costly=True)


def refute(mutant: Mutant) -> Verdict:
    """By the one claim that the mutant breaks, where there is one."""
    claim = BREAKS.get(mutant.name, "")
    verdict = MUTANT_EFFORT.check(WholeHeap.on(mutant.name).judged_by(claim))
    found = verdict.counterexample
    if claim and found is not None and found.invariant != f"whole_heap.{claim}":
        return Verdict(Grade.UNKNOWN, reason=f"not {claim} is refuted but {found.invariant}")
    return verdict


SUBJECT = Subject(
    "whole_heap",
    statement="the heap's books agree after every operation, whatever a program does",
    groups=(
        random_runs(
            WholeHeap,
            statement=CLAIM,
            cites=GO,
            effort=Effort(100, 60, seed=2, costly=True, nightly=True),
            mutants=SEQUENTIAL_MUTANTS,
            refute=refute,
        ),
        random_runs(
            RealHeap,
            name="linux_amd64",
            statement=f"{CLAIM}; linux/amd64",
            cites=GO,
            effort=Effort(15, 40, costly=True, nightly=True),
        ),
        random_runs(
            AlignedHeap,
            name="aligned_stacks",
            statement=f"{CLAIM}; openbsd/amd64",
            cites=GO,
            effort=Effort(25, 40, seed=2, costly=True, nightly=True),
        ),
    ),
    fast=frozenset({"aligned_stacks"}),
    claims=(*(each.name for each in CLAIMS), *PROMISES),
)
