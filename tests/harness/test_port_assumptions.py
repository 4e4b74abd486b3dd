"""Assumptions about the port are declared in one place, printed where relied on, and needed."""

import re
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from checker.assumption import Assumption
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import explore
from checker.verdict import Grade
from harness import assumptions
from harness.interleavings import explored
from proofs.port.stand_ins.sets import POOL, SCENARIOS
from proofs.runtime.differential.shares import SHARES

ROOT = Path(__file__).parents[2]


def test_each_is_listed() -> None:
    declared = [each for each in vars(assumptions).values() if isinstance(each, Assumption)]
    assert sorted(declared) == sorted(assumptions.ASSUMPTIONS)
    assert len({each.name for each in declared}) == len(declared)
    assert all(each.statement and each.why for each in declared)


def test_they_are_declared_nowhere_else() -> None:
    rooms = ("checker", "harness", "proofs", "model", "impl", "golang", "mheap")
    files = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    declaring = [path for path in files if re.search(r"= Assumption\(", path.read_text())]
    assert declaring == [ROOT / "harness" / "assumptions.py"]


def test_memory_that_a_thread_asks_the_system_for_is_an_assumption() -> None:
    def setup(port: Any) -> Setup:
        memory = port.runtime.AddressSpace(4096, 20)
        memory.map(4096, 4096)
        return Setup([("T", partial(memory.unused, 4096, 4096))])

    relied_on = explore(Scenario("memory", setup), explored()).assumptions
    assert relied_on == {assumptions.MEMORY_ON_REQUEST}


def test_a_block_in_the_pool_races_unless_its_next_is_a_word() -> None:
    pool = replace(SCENARIOS[POOL](), words={})
    verdict = pool.holds(
        harness="stand_ins/histories", cites="", why="", variant=None, recorded=True
    )
    assert verdict.grade is Grade.REFUTED
    assert verdict.counterexample is not None
    assert "next was" in verdict.counterexample.diverging


def test_where_go_is_edited_the_bound_says_so() -> None:
    edited = [kind for kind in SHARES if kind.edits]
    assert edited == [kind for kind in SHARES if kind.assumptions] != []
