"""Symbolic execution of ordinary Python functions, whole paths at a time.

A harness is one function of an engine: it asks for inputs, assumes, runs the code under proof and
checks. `prove` runs it along every feasible path over symbolic inputs, `replay` on the plain inputs
of one path, `sample` on inputs that Hypothesis draws.
"""

from checker.symbolic.engine import Limits, prove
from checker.symbolic.harness import Engine, PathEnd
from checker.symbolic.outcome import Failure, Input, SymbolicOutcome
from checker.symbolic.replay import replay
from checker.symbolic.sample import sample

__all__ = [
    "Engine",
    "Failure",
    "Input",
    "Limits",
    "PathEnd",
    "SymbolicOutcome",
    "prove",
    "replay",
    "sample",
]
