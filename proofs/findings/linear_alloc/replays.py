"""How counterexamples about the linear allocator are run again."""

from harness.cases import replay_cases
from harness.replay import register
from proofs.findings.linear_alloc.mutants import LINEAR_MUTANTS
from proofs.findings.linear_alloc.requests import CLAIMS, NO_SUM

register("linear_alloc/requests", replay_cases(CLAIMS, [NO_SUM, *LINEAR_MUTANTS]))
