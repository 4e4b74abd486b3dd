"""Deliberate bugs in the scavenger's pace and in its index."""

from checker.mutation import Mutant
from proofs.findings.scavenger.index import INDEX_MUTANTS
from proofs.findings.scavenger.pace import PACE_MUTANTS

MODEL_MUTANTS: list[Mutant] = []

PORT_MUTANTS = {each.name: each for each in (*INDEX_MUTANTS, *PACE_MUTANTS)}
