"""The port and Go's own code, operation by operation: same answers, same throws, same state."""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang.errors import GoMissing
from harness.recording import not_run
from proofs.runtime.differential.compare import Differential, check_differential
from proofs.runtime.differential.conftest import Oracles
from proofs.runtime.differential.subjects import SHARES, share

GO = "runtime/mpallocbits.go, mpagealloc.go, mpagecache.go, mranges.go, mgcscavenge.go, mspanset.go, mfixalloc.go, mheap.go"
CLAIM = "each operation has the answer, the throw and the state that it has in Go's own code"
HANDFUL = 8
MUTANT_OPERATIONS = 20_000

SUBJECTS = pytest.mark.parametrize("kind", SHARES, ids=lambda kind: kind.name)
MUTANTS = [(kind, mutant) for kind in SHARES for mutant in kind.mutants]


@SUBJECTS
@obligation(technique="differential", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_same_as_go(kind: type[Differential], oracles: Oracles, operations: int) -> Verdict:
    try:
        oracle = oracles.get(kind)
    except GoMissing as missing:
        return not_run(missing)
    return check_differential(oracle, kind, operations=share(kind, operations))


@pytest.mark.parametrize(
    ("kind", "mutant"), MUTANTS, ids=[f"{kind.name}-{mutant}" for kind, mutant in MUTANTS]
)
@obligation(technique="differential", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_same_as_go_kills(kind: type[Differential], mutant: Mutant, oracles: Oracles) -> Verdict:
    """A planted difference is found, and shrunk to a handful of operations."""
    try:
        oracle = oracles.get(kind)
    except GoMissing as missing:
        return not_run(missing)
    verdict = check_differential(
        oracle, kind, operations=MUTANT_OPERATIONS, steps=40, mutant=mutant
    )
    story = verdict.counterexample
    if story is not None and len(story.steps) > HANDFUL:
        reason = f"shrunk to {len(story.steps)} operations, more than {HANDFUL}"
        return Verdict(Grade.UNKNOWN, reason=reason, counts=verdict.counts)
    return verdict
