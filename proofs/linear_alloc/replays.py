"""How counterexamples about the linear allocator are run again."""

from proofs.cases import replay_cases
from proofs.linear_alloc.mutants import LINEAR_MUTANTS
from proofs.linear_alloc.requests import CLAIMS, NO_SUM
from proofs.replay import register

register("linear_alloc/requests", replay_cases(CLAIMS, [NO_SUM, *LINEAR_MUTANTS]))
