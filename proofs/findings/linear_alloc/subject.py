"""A known finding in go1.21.13: on 32-bit platforms the linear allocator's sum wraps.

linearAlloc.alloc compares p+size with the end of its region. If the sum wraps around, a request that
is much too large is granted, and the allocator's next address lies below its region.

Seen in the real runtime, built for GOARCH=386: make([]uint64, 0x1f000000) asks for 0xf8000000 bytes.
mheap.grow is given them at 0xa400000, in a region of half a GiB at most, and the program dies in
sysMap(0xa400000, 0xf8000000) of "fatal error: runtime: out of memory". It would have died of that
request in any case, so all that is wrong is where. We know of no issue about it.
"""

from harness.subject import Subject
from harness.theorems import case_by_case, case_theorem
from proofs.findings.linear_alloc.mutants import LINEAR_MUTANTS
from proofs.findings.linear_alloc.requests import ANY, CLAIMS, GO, MODEST, NO_SUM, STATEMENT

HARNESS = "linear_alloc/requests"

SUBJECT = Subject(
    "linear_alloc",
    statement="a linear allocator grants what lies in its region",
    groups=(
        case_by_case(
            {"requests": CLAIMS},
            case_theorem(
                MODEST,
                "requests",
                HARNESS,
                cites=GO,
                statement=f"{STATEMENT}, if their end is an address",
                mutants=LINEAR_MUTANTS,
            ),
            case_theorem(
                ANY, "sum_wraps", HARNESS, cites=GO, statement=STATEMENT, finding="linearalloc-wrap"
            ),
            case_theorem(
                ANY,
                "no_sum",
                HARNESS,
                cites=GO,
                statement=f"{STATEMENT}, once no sum can wrap",
                variant=NO_SUM,
            ),
        ),
    ),
    fast=frozenset({"requests_kills", "sum_wraps"}),
)
