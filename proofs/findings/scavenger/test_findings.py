"""Known findings in go1.21.13: the scavenger's goal for the memory limit, and its index.

go.dev/issue/62449: gcPaceScavenger multiplies the limit by 95 and does not divide by 100. The goal
is met as long as less than 95 times the limit is mapped, so the background scavenger never works for
the limit; allocation still does.

go.dev/issue/63385: scavengeIndex.sysGrow takes a lower bound of 0 for one that is not set. On
platforms whose lowest chunk has index 0, a heap in the first 2 GiB forgets its words when it grows
above, and maps them again, which zeroes them, when it grows below. On linux/amd64 no chunk of the
heap has an index in the first page, since addresses are counted from -2^47 on.
"""

import pytest

from checker.mutation import Mutant
from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from harness.cases import fixed, holds
from proofs.findings.scavenger import index, pace
from proofs.findings.scavenger.index import INDEX_MUTANTS, LOW, SHIPPED, UNSET_BY_MAX
from proofs.findings.scavenger.pace import DIVIDED, LIMIT, PACE_MUTANTS


@pytest.mark.fast
@obligation(
    technique="port run", cites=pace.GO, expect=Grade.REFUTED, finding="62449", statement=LIMIT.says
)
def test_memory_limit_goal() -> Verdict:
    return holds(LIMIT, harness="scavenger/pace")


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=pace.GO,
    expect=Grade.SAMPLED,
    statement=f"{LIMIT.says}, once the percentage is divided by 100",
)
def test_memory_limit_goal_divided() -> Verdict:
    return holds(LIMIT, harness="scavenger/pace", variant=DIVIDED)


@pytest.mark.fast
@pytest.mark.parametrize("mutant", PACE_MUTANTS, ids=str)
@obligation(technique="port run", cites=pace.GO, expect=Grade.REFUTED, statement=LIMIT.says)
def test_memory_limit_goal_kills(mutant: Mutant) -> Verdict:
    return holds(LIMIT, harness="scavenger/pace", variant=fixed(DIVIDED, mutant))


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=index.GO,
    expect=Grade.EXHAUSTED,
    statement=f"{SHIPPED.says}, on linux/amd64",
)
def test_index() -> Verdict:
    return holds(SHIPPED, harness="scavenger/index")


@pytest.mark.fast
@pytest.mark.parametrize("mutant", INDEX_MUTANTS, ids=str)
@obligation(technique="port run", cites=index.GO, expect=Grade.REFUTED, statement=SHIPPED.says)
def test_index_kills(mutant: Mutant) -> Verdict:
    return holds(SHIPPED, harness="scavenger/index", variant=mutant)


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=index.GO,
    expect=Grade.REFUTED,
    finding="63385",
    statement=f"{LOW.says}, where addresses are counted from 0",
)
def test_index_of_a_low_heap() -> Verdict:
    return holds(LOW, harness="scavenger/index")


@pytest.mark.fast
@obligation(
    technique="port run",
    cites=index.GO,
    expect=Grade.EXHAUSTED,
    statement=f"{LOW.says}, where addresses are counted from 0, once max says what is unset",
)
def test_index_unset_by_max() -> Verdict:
    return holds(LOW, harness="scavenger/index", variant=UNSET_BY_MAX)
