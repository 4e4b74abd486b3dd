"""Exploring all interleavings of threads that run a program's own code.

    port = explored("ticket_lock")                           # substrate: the program, ready for it
    scenario = Scenario("two deposits", setup)               # scenario: who calls what
    verdict = check_interleavings(scenario, port)            # verdicts: in every interleaving
    verdict = check_races(scenario, port)                    # the same for data races
    verdict = check_refinement(refinement, port)             # refinement: beside a model

The layers, each using those before it: values, requests, structs, arrays, slices, cells, locks (what
explored code is made of); lowering, liveness, normalform (how its source is rewritten); substrate;
automaton (a thread as a graph); memory, observe, paths, search (all states, in product with a
model); dpor, races; narration, verdicts, refinement.
"""

from checker.interleaving.locks import Locks
from checker.interleaving.narration import Narrator
from checker.interleaving.normalform import normal_form
from checker.interleaving.observe import Operation, Simulation, View, Violation
from checker.interleaving.races import find_races
from checker.interleaving.refinement import Refinement, check_refinement
from checker.interleaving.requests import Kind
from checker.interleaving.scenario import Ending, Outcome, Scenario, Setup
from checker.interleaving.search import explore, replay
from checker.interleaving.substrate import explored
from checker.interleaving.values import Unsupported
from checker.interleaving.verdicts import check_interleavings, check_races

__all__ = [
    "Ending",
    "Kind",
    "Locks",
    "Narrator",
    "Operation",
    "Outcome",
    "Refinement",
    "Scenario",
    "Setup",
    "Simulation",
    "Unsupported",
    "View",
    "Violation",
    "check_interleavings",
    "check_races",
    "check_refinement",
    "explore",
    "explored",
    "find_races",
    "normal_form",
    "replay",
]
