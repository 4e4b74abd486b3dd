"""How counterexamples about checkmarks are run again."""

from proofs.cases import fixed, replay_cases
from proofs.checkmarks.mutants import CHECKMARK_MUTANTS
from proofs.checkmarks.pairs import BY_WORD, PAIRS
from proofs.replay import register

MENDED = [fixed(BY_WORD, each) for each in CHECKMARK_MUTANTS]

register("checkmarks/pairs", replay_cases([PAIRS], [BY_WORD, *MENDED]))
