"""Span states: a span is complete when it is published, and stays so while the collector may look.

go1.21.13 publishes the state before `limit` is set (go.dev/issue/74288): the claims about the limit
are refuted as it ships, and shown with `limit` set first.
"""

from functools import partial

from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.reachability import check_reachable
from checker.verdict import Grade, Verdict
from golang.events import GcPhase, StateStore
from harness.conformance import replay_trace
from harness.explorations import RACE_FREE, Exploring, refining
from harness.means import Means
from harness.recording import clean_run_conforms
from harness.recordings import recorded_runs
from harness.subject import Subject, Theorem
from harness.symbolic import named
from harness.theorems import (
    Effort,
    contract_theorems,
    model_theorems,
    random_runs,
    symbolic,
    symbolic_theorems,
)
from model import span_state
from proofs.protocols.span_state import symbolic as claims
from proofs.protocols.span_state.abstraction import abstraction
from proofs.protocols.span_state.contracts import CONTRACTS
from proofs.protocols.span_state.mutants import MODEL_MUTANTS, PORT_MUTANTS, SEQUENTIAL_MUTANTS
from proofs.protocols.span_state.races import DATA_RACES, RACES
from proofs.protocols.span_state.scenarios import (
    LOOK_UP,
    READERS,
    SCENARIOS,
    SHIPPED,
    SHIPPED_LOOK_UP,
)
from proofs.protocols.span_state.stateful import SpanLives, StrictSpanLives
from proofs.protocols.span_state.symbolic import VARIANTS
from proofs.protocols.span_state.trace import ForeignLimits, SpanStatesMonitor
from proofs.protocols.span_state.variants import LIMIT_BEFORE_STATE

GO = "runtime/mheap.go:343-363"
LATE = "runtime/mcentral.go:254"
ISSUE = "74288"
SIZES = {"Span": 3, "Reader": 2}
AS_SHIPPED = "as shipped"

COMPLETE = "every span the collector can find is complete and stays so"
NEVER_INCOMPLETE = "a reader never uses a span that is not complete"
OWN_WORDS = "a look-up finds only spans that own the word it asks about"


def stale_limit(_case: str, _variant: Mutant | None, _means: Means) -> Verdict:
    """The model in the order of go1.21.13."""
    return check_reachable(span_state.build(limit_first=False), SIZES, variant=AS_SHIPPED)


def induction_as_shipped(_case: str, _variant: Mutant | None, _means: Means) -> Verdict:
    """The model in the order of go1.21.13, without what it says of the limit."""
    machine = span_state.build(limit_first=False)
    del machine.invariants["visible_limit"]
    return prove(machine)


def recorded_limits(_case: str, _variant: Mutant | None, means: Means) -> Verdict:
    """A recording of the runtime as shipped."""
    return clean_run_conforms(means.recorder, ForeignLimits, at_least=1)


SUBJECT = Subject(
    "span_state",
    statement="a span is complete when it is published, and stays so while the collector may look",
    machine=span_state.build,
    abstraction=abstraction(limit_first=True),
    groups=(
        model_theorems(
            span_state,
            statement=COMPLETE,
            cites=GO,
            sizes=SIZES,
            states=885,
            mutants=MODEL_MUTANTS,
            others={AS_SHIPPED: partial(span_state.build, limit_first=False)},
            more=(
                Theorem(
                    "shipped_machine_publishes_a_stale_limit",
                    Technique.REACHABILITY,
                    "the limit of every span the collector can find is valid",
                    LATE,
                    Grade.REFUTED,
                    stale_limit,
                    finding=ISSUE,
                    violates=["span_state.visible_limit"],
                ),
                Theorem(
                    "induction_as_shipped",
                    Technique.INDUCTION,
                    f"{COMPLETE}, but for its limit, in the order of go1.21.13",
                    GO,
                    Grade.PROVED,
                    induction_as_shipped,
                ),
            ),
        ),
        random_runs(
            SpanLives,
            statement="a span is published complete but for its limit, found while in use, and freed as allowed",
            cites=GO,
            effort=Effort(200, 40),
            mutants=SEQUENTIAL_MUTANTS,
        ),
        random_runs(
            StrictSpanLives,
            name="stale_limit",
            statement="the limit of a heap span is set before the span is visible",
            cites=LATE,
            effort=Effort(300, 15),
            expect=Grade.REFUTED,
            finding=ISSUE,
            violates=["span_state.publish"],
        ),
        refining(
            "span_state",
            SCENARIOS,
            Exploring(
                "interleavings",
                f"{NEVER_INCOMPLETE}, but for its limit",
                "runtime/mheap.go:354-363",
                [SHIPPED],
                why=NEVER_INCOMPLETE,
                mutants=[(each, SHIPPED) for each in RACES],
                one=True,
            ),
            Exploring(
                "stale_limit",
                OWN_WORDS,
                LATE,
                [READERS, SHIPPED_LOOK_UP],
                finding=ISSUE,
                violates=["span_state.publish", "span_state.found_owns_the_word"],
            ),
            Exploring(
                "limit_before_state",
                f"{OWN_WORDS}, once limit is set before the state",
                "runtime/mheap.go:354-363",
                [READERS, LOOK_UP],
                why=OWN_WORDS,
                variant=LIMIT_BEFORE_STATE,
            ),
            Exploring(
                "races",
                RACE_FREE,
                "runtime/mheap.go:354-363",
                [SHIPPED, SHIPPED_LOOK_UP],
                races=True,
                mutants=[(each, SHIPPED) for each in DATA_RACES],
            ),
        ),
        symbolic_theorems(
            claims,
            (
                claims.publishing,
                named(
                    VARIANTS,
                    "state-before-fields",
                    "bitmap-after-state",
                    "generation-after-state",
                    "manual-limit-after-state",
                ),
            ),
            (
                claims.looking_up,
                named(
                    VARIANTS,
                    "scan-finds-manual-spans",
                    "scan-ignores-limit",
                    "look-up-without-state",
                ),
            ),
            (
                claims.freeing,
                named(VARIANTS, "free-of-dead-spans", "free-of-live-objects", "freed-but-not-dead"),
            ),
            (
                claims.aligning,
                named(VARIANTS, "div-rounds-down", "align-up-beyond", "align-down-clears-one-bit"),
            ),
            more=(
                symbolic(
                    claims.limiting,
                    suffix="_as_shipped",
                    finding=ISSUE,
                    violates=["span_state.limiting: a heap span has its limit"],
                ),
                symbolic(claims.limiting, suffix="_before_state", variant=LIMIT_BEFORE_STATE),
            ),
        ),
        # CrossHair takes a mask apart value by value and does not get through all words, so that
        # alignment is confirmed for few values only.
        contract_theorems(
            CONTRACTS,
            statement="span classes, rounding and object indexes are computed right",
            cites="runtime/mheap.go:510-587, runtime/stubs.go:424-436, runtime/mbitmap.go:209",
            bounded=("align-up", "align-down"),
            breaks={
                "encode-span-class": PORT_MUTANTS["noscan-not-encoded"],
                "decode-span-class": PORT_MUTANTS["sizeclass-not-decoded"],
                "div-round-up": PORT_MUTANTS["div-rounds-down"],
                "align-up": PORT_MUTANTS["align-up-beyond"],
                "align-down": PORT_MUTANTS["align-down-clears-one-bit"],
                "divide-by-elem-size": PORT_MUTANTS["magic-too-small"],
                "layout": PORT_MUTANTS["layout-counts-a-rest"],
            },
        ),
        recorded_runs(
            SpanStatesMonitor,
            statement="recorded spans change state as the model allows",
            cites=GO,
            at_least=30_000,
            fields={StateStore: ("span", "old", "new"), GcPhase: ("old", "new")},
            more=(
                Theorem(
                    "runtime_publishes_a_stale_limit",
                    Technique.TRACE,
                    "the limit of a span is valid when its state is published",
                    LATE,
                    Grade.REFUTED,
                    recorded_limits,
                    finding=ISSUE,
                    violates=["span_state.publish"],
                ),
            ),
            replays={"limits": replay_trace(ForeignLimits)},
        ),
    ),
    fast=frozenset(
        {
            "induction",
            "induction_as_shipped",
            "induction_kills",
            "interleavings",
            "interleavings_kills",
            "limit_before_state",
            "races",
            "races_kills",
            "reachability",
            "reachability_kills",
            "shipped_machine_publishes_a_stale_limit",
            "stale_limit",
            "symbolic_aligning_kills",
            "symbolic_freeing",
            "symbolic_freeing_kills",
            "symbolic_limiting_as_shipped",
            "symbolic_looking_up",
            "symbolic_looking_up_kills",
        }
    ),
)
