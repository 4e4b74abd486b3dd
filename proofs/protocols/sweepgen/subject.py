"""Sweep generations: a span has one owner and is swept once a cycle, before it is used."""

from golang.events import (
    Drained,
    Flush,
    Hsg,
    Refill,
    SetPop,
    SetPush,
    SgCas,
    SgStore,
    SweepBits,
    SweeperBegin,
    SweeperEnd,
    SweepReset,
)
from harness.explorations import RACE_FREE, Exploring, refining
from harness.recordings import recorded_runs
from harness.subject import Subject
from harness.symbolic import named
from harness.theorems import Effort, model_theorems, random_runs, symbolic_theorems
from model import sweepgen
from proofs.protocols.sweepgen import symbolic, trace
from proofs.protocols.sweepgen.abstraction import ABSTRACTION
from proofs.protocols.sweepgen.mutants import MODEL_MUTANTS, SEQUENTIAL_MUTANTS
from proofs.protocols.sweepgen.races import DATA_RACES, RACES
from proofs.protocols.sweepgen.scenarios import FLUSH, REFILL, SCENARIOS
from proofs.protocols.sweepgen.stateful import SweepGenerations
from proofs.protocols.sweepgen.stopped import STOPPED
from proofs.protocols.sweepgen.symbolic import VARIANTS
from proofs.protocols.sweepgen.wraparound import WORDS, replay_words

GO = "runtime/mheap.go:475-483"
WRAPPING = named(VARIANTS, "generation-does-not-wrap")

SUBJECT = Subject(
    "sweepgen",
    statement="a span has one owner and is swept once a cycle, before it is used",
    machine=sweepgen.build,
    abstraction=ABSTRACTION,
    groups=(
        model_theorems(
            sweepgen,
            statement="a span has one owner and is swept before it is used",
            cites=GO,
            sizes={"Span": 2, "Thread": 2, "Cache": 1},
            states=9169,
            mutants=MODEL_MUTANTS,
        ),
        random_runs(
            SweepGenerations,
            statement="each write of a generation, set or phase is a step of the model, and no object is lost",
            cites=GO,
            effort=Effort(250, 40),
            mutants=SEQUENTIAL_MUTANTS,
            mutant_effort=Effort(300, 20),
        ),
        refining(
            "sweepgen",
            SCENARIOS,
            Exploring(
                "interleavings",
                "threads that sweep side by side follow the protocol, each span swept once",
                GO,
                list(SCENARIOS),
                mutants=list(RACES.items()),
            ),
            Exploring(
                "races",
                RACE_FREE,
                GO,
                [FLUSH, REFILL],
                races=True,
                mutants=[(each, RACES[each]) for each in DATA_RACES],
            ),
        ),
        symbolic_theorems(
            symbolic,
            (symbolic.acquiring, WRAPPING),
            (symbolic.sweeping, named(VARIANTS, "sweep-of-any-generation")),
            (
                symbolic.uncaching,
                named(VARIANTS, "stale-span-uncached-as-swept", "stale-span-not-swept"),
            ),
            (symbolic.refilling, named(VARIANTS, "refill-without-three")),
            (symbolic.flushing, named(VARIANTS, "flush-without-release")),
            (symbolic.ensuring, WRAPPING),
            (symbolic.bumping, named(VARIANTS, "bump-by-one", "bump-does-not-wrap")),
            more=(WORDS,),
            replays={"words": replay_words},
        ),
        recorded_runs(
            trace.SweepGenerationsMonitor,
            statement="recorded generations, sets and sweeps follow the protocol",
            cites=GO,
            at_least=300_000,
            fields={
                SgStore: ("site", "span", "old", "new"),
                SgCas: ("span", "old", "new"),
                SweepBits: ("span",),
                SetPush: ("set", "span"),
                SetPop: ("set", "span"),
                Refill: ("mcache", "span"),
                Flush: ("mcache", "old", "new"),
                SweeperBegin: ("gen", "valid"),
                SweeperEnd: ("gen",),
                Drained: (),
                Hsg: ("old", "new"),
                SweepReset: (),
            },
        ),
        STOPPED,
    ),
    fast=frozenset(
        {
            "interleavings_kills",
            "races",
            "races_kills",
            "reachability_kills",
            "stopped_world_in_the_port",
            "symbolic_acquiring",
            "symbolic_acquiring_kills",
            "symbolic_bumping",
            "symbolic_ensuring",
            "symbolic_flushing",
            "symbolic_refilling",
            "symbolic_sweeping",
            "symbolic_uncaching",
            "words",
            "words_kills",
        }
    ),
)
