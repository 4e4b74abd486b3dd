"""How counterexamples about checkmarks are run again."""

from harness.cases import fixed, replay_cases
from harness.replay import register
from proofs.findings.checkmarks.mutants import CHECKMARK_MUTANTS
from proofs.findings.checkmarks.pairs import BY_WORD, PAIRS

MENDED = [fixed(BY_WORD, each) for each in CHECKMARK_MUTANTS]

register("checkmarks/pairs", replay_cases([PAIRS], [BY_WORD, *MENDED]))
