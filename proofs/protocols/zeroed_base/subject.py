"""zeroedBase: memory that is called zero was never used."""

from checker import induction
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from golang.events import NzBegin, NzEnd, ZbCas, ZbLoad
from harness.explorations import Exploring, refining
from harness.means import Means
from harness.models import replay_step
from harness.recordings import recorded_runs
from harness.subject import Subject, Theorem
from harness.symbolic import named
from harness.theorems import (
    Effort,
    contract_theorems,
    model_theorems,
    random_runs,
    symbolic_theorems,
)
from model import zeroed_base
from proofs.protocols.zeroed_base import symbolic
from proofs.protocols.zeroed_base.abstraction import ABSTRACTION
from proofs.protocols.zeroed_base.contracts import CONTRACTS
from proofs.protocols.zeroed_base.mutants import (
    ARITHMETIC_MUTANTS,
    LEMMA_MUTANTS,
    MODEL_MUTANTS,
    PAGE_BIT_MUTANTS,
    PORT_MUTANTS,
    RACE_MUTANTS,
    SEQUENTIAL_MUTANTS,
)
from proofs.protocols.zeroed_base.scenarios import SCENARIOS, THREE_THREADS
from proofs.protocols.zeroed_base.stateful import PageRanges
from proofs.protocols.zeroed_base.symbolic import RELYING, VARIANTS
from proofs.protocols.zeroed_base.trace import ZeroedBasesMonitor

GO = "runtime/mheap.go:308-317"


def rely(_case: str, variant: Mutant | None, _means: Means) -> Verdict:
    """The steps of the whole model keep to the rely."""
    name = variant.name if variant else ""
    return induction.prove(RELYING[name](), variant=name)


SUBJECT = Subject(
    "zeroed_base",
    statement="memory that is called zero was never used",
    machine=zeroed_base.build,
    abstraction=ABSTRACTION,
    groups=(
        model_theorems(
            zeroed_base,
            statement="pages called zero were never used, and the word only grows",
            cites=GO,
            sizes={"Arena": 1, "Part": 2},
            constants={"arena_pages": 3},
            states=18955,
            mutants=MODEL_MUTANTS,
        ),
        random_runs(
            PageRanges,
            statement="allocNeedsZero raises zeroedBase as the model does, and calls no used page zero",
            cites="runtime/mheap.go:1023-1074",
            effort=Effort(200, 30),
            mutants=SEQUENTIAL_MUTANTS,
        ),
        refining(
            "zeroed_base",
            SCENARIOS,
            Exploring(
                "interleavings",
                "however threads race, the word only grows, nobody throws, and every answer is right",
                "runtime/mheap.go:1024-1072",
                list(SCENARIOS),
                mutants=[(each, THREE_THREADS) for each in RACE_MUTANTS],
            ),
        ),
        symbolic_theorems(
            symbolic,
            (symbolic.sequential, SEQUENTIAL_MUTANTS),
            (symbolic.racing, []),
            (symbolic.any_arenas, [*SEQUENTIAL_MUTANTS, *RACE_MUTANTS]),
            (symbolic.lemmas, LEMMA_MUTANTS),
            (symbolic.arena_indexes, ARITHMETIC_MUTANTS),
            (symbolic.page_bits, PAGE_BIT_MUTANTS),
            more=(
                Theorem(
                    "rely",
                    Technique.INDUCTION,
                    "no step of another thread breaks what the proof of a single thread relies on",
                    GO,
                    Grade.PROVED,
                    rely,
                    mutants=[(each, "") for each in named(VARIANTS, "others-stay-a-page-away")],
                ),
            ),
            replays={"rely/induction": replay_step(RELYING)},
        ),
        contract_theorems(
            CONTRACTS,
            statement="arenas and their addresses are told apart; a lone allocNeedsZero answers right",
            cites="runtime/mheap.go:601-640, 1023-1074",
            # Each on windows/amd64, which has every feature.
            breaks={
                "index-of-base-windows": PORT_MUTANTS["arenas-from-address-zero"],
                "base-of-index-windows": PORT_MUTANTS["arena-base-does-not-wrap"],
                "parts-windows": PORT_MUTANTS["l2-one-bit-short"],
                "beyond-windows": PORT_MUTANTS["l1-within-bounds"],
                "needs-zero-windows": PORT_MUTANTS["needs-zero-a-page-late"],
                "needs-zero-across-windows": PORT_MUTANTS["answer-of-the-last-arena"],
            },
        ),
        recorded_runs(
            ZeroedBasesMonitor,
            statement="recorded calls raise the word and answer truly",
            cites=GO,
            at_least=30_000,
            fields={
                NzBegin: ("base", "npages"),
                ZbLoad: ("arena", "value", "retry"),
                ZbCas: ("arena", "old", "new"),
                NzEnd: ("base", "npages", "need_zero"),
            },
        ),
    ),
    fast=frozenset(
        {
            "contract_kills",
            "interleavings_kills",
            "reachability_kills",
            "stateful",
            "stateful_kills",
            "symbolic_arena_indexes",
            "symbolic_arena_indexes_kills",
            "symbolic_lemmas",
            "symbolic_lemmas_kills",
            "symbolic_page_bits",
            "symbolic_page_bits_kills",
            "symbolic_sequential_kills",
        }
    ),
)
