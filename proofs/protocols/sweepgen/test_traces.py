"""The real runtime conforms: recordings of go1.21.13 are runs of the model, its mutants' are not."""

import pytest

from checker.obligation import obligation
from checker.verdict import Grade, Verdict
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
from golang.mutants import MUTANTS, GoMutant
from harness.alterations import alterations_are_rejected
from harness.recording import (
    Recorder,
    clean_run_conforms,
    delayed_run_conforms,
    mutant_is_rejected,
)
from proofs.protocols.sweepgen.trace import SweepGenerationsMonitor

GO = "runtime/mheap.go:475-483"
CLAIM = "recorded generations, sets and sweeps follow the protocol"
RUNTIME_MUTANTS = [mutant for mutant in MUTANTS if mutant.subject == "sweepgen"]
FIELDS = {
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
}


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, SweepGenerationsMonitor, at_least=300_000)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms_with_delays(recorder: Recorder) -> Verdict:
    return delayed_run_conforms(recorder, SweepGenerationsMonitor)


@obligation(
    technique="trace",
    cites=GO,
    expect=Grade.SAMPLED,
    statement="a recording with a single event altered is rejected",
)
def test_altered_recordings_are_rejected(recorder: Recorder) -> Verdict:
    return alterations_are_rejected(recorder, SweepGenerationsMonitor, FIELDS)


@pytest.mark.parametrize("mutant", RUNTIME_MUTANTS, ids=lambda mutant: mutant.name)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_runtime_conforms_kills(recorder: Recorder, mutant: GoMutant) -> Verdict:
    return mutant_is_rejected(recorder, SweepGenerationsMonitor, mutant)
