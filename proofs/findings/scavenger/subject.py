"""Known findings in go1.21.13: the scavenger's goal for the memory limit, and its index.

go.dev/issue/62449: gcPaceScavenger multiplies the limit by 95 and does not divide by 100. The goal
is met as long as less than 95 times the limit is mapped, so the background scavenger never works for
the limit; allocation still does.

go.dev/issue/63385: scavengeIndex.sysGrow takes a lower bound of 0 for one that is not set. On
platforms whose lowest chunk has index 0, a heap in the first 2 GiB forgets its words when it grows
above, and maps them again, which zeroes them, when it grows below. On linux/amd64 no chunk of the
heap has an index in the first page, since addresses are counted from -2^47 on.
"""

from checker.verdict import Grade
from harness.subject import Subject
from harness.theorems import case_by_case, case_theorem
from proofs.findings.scavenger import index, pace
from proofs.findings.scavenger.index import CLAIMS, INDEX_MUTANTS, LOW, SHIPPED, UNSET_BY_MAX
from proofs.findings.scavenger.pace import DIVIDED, LIMIT, PACE_MUTANTS

FROM_0 = f"{LOW.statement}, where addresses are counted from 0"

SUBJECT = Subject(
    "scavenger",
    statement="the background scavenger works for the memory limit, and its index keeps its words",
    groups=(
        case_by_case(
            {"pace": [LIMIT]},
            case_theorem(
                LIMIT, "memory_limit_goal", "scavenger/pace", cites=pace.GO, finding="62449"
            ),
            case_theorem(
                LIMIT,
                "memory_limit_goal_divided",
                "scavenger/pace",
                cites=pace.GO,
                expect=Grade.SAMPLED,
                statement=f"{LIMIT.statement}, once the percentage is divided by 100",
                variant=DIVIDED,
                mutants=PACE_MUTANTS,
            ),
        ),
        case_by_case(
            {"index": CLAIMS},
            case_theorem(
                SHIPPED,
                "index",
                "scavenger/index",
                cites=index.GO,
                statement=f"{SHIPPED.statement}, on linux/amd64",
                mutants=INDEX_MUTANTS,
            ),
            case_theorem(
                LOW,
                "index_of_a_low_heap",
                "scavenger/index",
                cites=index.GO,
                statement=FROM_0,
                finding="63385",
            ),
            case_theorem(
                LOW,
                "index_unset_by_max",
                "scavenger/index",
                cites=index.GO,
                statement=f"{FROM_0}, once max says what is unset",
                variant=UNSET_BY_MAX,
            ),
        ),
    ),
    fast=frozenset(
        {
            "index",
            "index_kills",
            "index_of_a_low_heap",
            "index_unset_by_max",
            "memory_limit_goal",
            "memory_limit_goal_divided",
            "memory_limit_goal_divided_kills",
        }
    ),
)
