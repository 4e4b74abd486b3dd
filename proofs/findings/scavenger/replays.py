"""How counterexamples about the scavenger are run again."""

from harness.cases import fixed, replay_cases
from harness.replay import register
from proofs.findings.scavenger.index import CLAIMS, INDEX_MUTANTS, UNSET_BY_MAX
from proofs.findings.scavenger.pace import DIVIDED, LIMIT, PACE_MUTANTS

MENDED = [fixed(DIVIDED, each) for each in PACE_MUTANTS]

register("scavenger/index", replay_cases(CLAIMS, [UNSET_BY_MAX, *INDEX_MUTANTS]))
register("scavenger/pace", replay_cases([LIMIT], [DIVIDED, *MENDED]))
