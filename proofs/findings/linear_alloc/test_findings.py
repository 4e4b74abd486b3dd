"""A known finding in go1.21.13: on 32-bit platforms the linear allocator's sum wraps.

linearAlloc.alloc compares p+size with the end of its region. If the sum wraps around, a request that
is much too large is granted, and the allocator's next address lies below its region.

Seen in the real runtime, built for GOARCH=386: make([]uint64, 0x1f000000) asks for 0xf8000000 bytes.
mheap.grow is given them at 0xa400000, in a region of half a GiB at most, and the program dies in
sysMap(0xa400000, 0xf8000000) of "fatal error: runtime: out of memory". It would have died of that
request in any case, so all that is wrong is where. We know of no issue about it.
"""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.cases import holds
from proofs.findings.linear_alloc.mutants import LINEAR_MUTANTS
from proofs.findings.linear_alloc.requests import ANY, GO, MODEST, NO_SUM, SAYS

HARNESS = "linear_alloc/requests"


@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{SAYS}, if their end is an address",
)
def test_requests() -> Verdict:
    return holds(MODEST, harness=HARNESS)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", LINEAR_MUTANTS, ids=str)
@obligation(technique="port run", cites=GO, expect=Grade.REFUTED, statement=SAYS)
def test_requests_kills(mutant: Mutant) -> Verdict:
    return holds(MODEST, harness=HARNESS, variant=mutant)


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.REFUTED,
    finding="linearalloc-wrap",
    statement=SAYS,
)
def test_sum_wraps() -> Verdict:
    return holds(ANY, harness=HARNESS)


@obligation(
    technique="port run",
    cites=GO,
    expect=Grade.EXHAUSTED,
    statement=f"{SAYS}, once no sum can wrap",
)
def test_no_sum() -> Verdict:
    return holds(ANY, harness=HARNESS, variant=NO_SUM)
