"""The port and Go's own code, operation by operation: same answers, same throws, same state."""

from collections.abc import Sequence
from typing import Any

from checker.binding import Binding
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from golang.oracle import Op, Oracle, build_oracle
from golang.toolchain import find_go
from harness.means import Means
from harness.recording import BUILD
from harness.replay import OTHER_VERSION, CannotReplay, Replayer, ReplayResult
from harness.subject import Group, Subject, Theorem
from proofs.runtime.differential import compare
from proofs.runtime.differential.compare import check_differential, retrace
from proofs.runtime.differential.shares import SHARES, share

GO = "runtime/mpallocbits.go, mpagealloc.go, mpagecache.go, mranges.go, mgcscavenge.go, mspanset.go, mfixalloc.go, mheap.go"
OPERATIONS = 50_000
"""To be compared, over all parts."""
HANDFUL = 8
MUTANT_OPERATIONS = 20_000
COMPARED = {kind.name: kind for kind in SHARES}


def same_as_go(case: str, mutant: Mutant | None, means: Means) -> Verdict:
    """One part of the port; a planted difference is found, and shrunk to a handful of operations."""
    kind = COMPARED[case]
    oracle = means.oracle(kind.edits)
    if mutant is None:
        return check_differential(oracle, kind, operations=share(kind, OPERATIONS * means.more))
    verdict = check_differential(
        oracle, kind, operations=MUTANT_OPERATIONS, steps=40, mutant=mutant
    )
    found = verdict.counterexample
    if found is not None and len(found.steps) > HANDFUL:
        reason = f"shrunk to {len(found.steps)} operations, more than {HANDFUL}"
        return Verdict(Grade.UNKNOWN, reason=reason, counts=verdict.counts)
    return verdict


def replay_requests(kind: type[compare.Differential]) -> Replayer:
    """The harness of one part: the choices are the requests."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        mutants = {each.name: each for each in kind.mutants}
        if variant and variant not in mutants:
            raise CannotReplay(f"there is no mutant {variant!r}", OTHER_VERSION)
        port = mutants[variant].bind("impl") if variant else Binding("impl")
        requests = [(Op[name], *arguments) for name, *arguments in choices]
        with Oracle(build_oracle(find_go(), BUILD / "go", kind.edits)) as oracle:
            found = retrace(oracle, kind, port, requests, variant)
        if found is None:
            return ReplayResult(False, "the run ends, and the port and Go agree all along")
        return ReplayResult(True, found.text())

    return replay


SUBJECT = Subject(
    "differential",
    statement="the same operations have the same answers and leave the same state in the port and in Go's own code",
    groups=(
        Group(
            [
                Theorem(
                    "same_as_go",
                    Technique.DIFFERENTIAL,
                    "each operation has the answer, the throw and the state that it has in Go's own code",
                    GO,
                    Grade.SAMPLED,
                    same_as_go,
                    cases=list(COMPARED),
                    mutants=[(each, kind.name) for kind in SHARES for each in kind.mutants],
                    cases_in_ids=True,
                )
            ],
            {kind.name: replay_requests(kind) for kind in SHARES},
        ),
    ),
)
