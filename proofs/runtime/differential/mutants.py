"""The planted differences of all subjects; each is with the subject that must find it."""

from checker.mutation import Mutant
from proofs.runtime.differential.subjects import SHARES

MODEL_MUTANTS: list[Mutant] = []

PORT_MUTANTS = {f"{kind.name}-{each}": each for kind in SHARES for each in kind.mutants}
