"""When the background scavenger works for the memory limit: once 95 % of it are mapped."""

from collections.abc import Iterator
from typing import Any

from checker.binding import Edit
from checker.mutation import Mutant
from harness.cases import CallTrace, Case, Claim
from impl.config import MINIATURE
from impl.rt import U64_MAX

GO = "runtime/mgcscavenge.go:175-189 gcPaceScavenger"
KIB, GIB = 1 << 10, 1 << 30
LIMITS = (100, 4 * KIB, 10_000 * KIB, GIB, 3 * GIB + 12345, 512 * GIB)
NOT_LIMITED = (1 << 63) - 1


def _limits() -> Iterator[Case]:
    for limit in LIMITS:
        goal = limit * 95 // 100
        for mapped in (0, goal - 2, goal, goal + 2, limit, 2 * limit, 94 * limit, 96 * limit):
            yield limit, mapped
    yield NOT_LIMITED, 512 * GIB


def _paced(port: Any, case: Case, calls: CallTrace) -> str:
    limit, mapped = case
    heap = port.runtime.new_mheap(MINIATURE)
    heap.runtime.gc_controller.mapped_ready.store(mapped)
    port.mheap.lock(heap.lock)
    port.mgcscavenge.gc_pace_scavenger(heap, limit, 0, 0)
    port.mheap.unlock(heap.lock)
    goal = heap.runtime.scavenge.memory_limit_goal.load()
    shown = "none" if goal == U64_MAX else f"{goal} bytes"
    calls.did(f"gcPaceScavenger with a limit of {limit} bytes, of which {mapped} are mapped", shown)
    due = limit * 95 // 100
    if mapped <= due - 1 and goal != U64_MAX:
        return f"{mapped} bytes are less than 95 % of {limit}, and still the goal is {shown}"
    if mapped > due + 1 and not due - 1 <= goal <= due + 1:
        return f"{mapped} bytes are more than 95 % of {limit}, and the goal is {shown}"
    return ""


LIMIT = Claim(
    "scavenger.memory_limit_goal",
    GO,
    "when more than 95 % of the memory limit are mapped, the scavenger works to get there",
    _limits,
    _paced,
)

DIVIDED = Mutant(
    "divided-by-100",
    "the goal is (1 - 5/100) times the limit, as upstream has it since the fix",
    (
        Edit(
            "mgcscavenge",
            "(100.0 - REDUCE_EXTRA_PERCENT)",
            "(1 - REDUCE_EXTRA_PERCENT / 100.0)",
        ),
    ),
)

PACE_MUTANTS = [
    Mutant(
        "works-below-the-goal",
        "the scavenger works for the limit though less is mapped than the goal",
        (Edit("mgcscavenge", "    if mapped_ready <= memory_limit_goal:\n", "    if False:\n"),),
    ),
    Mutant(
        "goal-never-set",
        "the scavenger does not work for the limit",
        (
            Edit(
                "mgcscavenge",
                "        h.runtime.scavenge.memory_limit_goal.store(memory_limit_goal)\n",
                "        h.runtime.scavenge.memory_limit_goal.store(U64_MAX)\n",
            ),
        ),
    ),
    Mutant(
        "ten-percent-below",
        "the goal is as far below the limit as what is retained lies above the heap's goal",
        (Edit("mgcscavenge", "REDUCE_EXTRA_PERCENT = 5\n", "REDUCE_EXTRA_PERCENT = 10\n"),),
    ),
]
