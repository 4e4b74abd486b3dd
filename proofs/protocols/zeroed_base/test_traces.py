"""The real runtime conforms: recordings of go1.21.13 are runs of the model, its mutants' are not."""

import pytest

from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang.events import NzBegin, NzEnd, ZbCas, ZbLoad
from golang.mutants import MUTANTS, GoMutant
from harness.alterations import alterations_are_rejected
from harness.recording import (
    Recorder,
    clean_run_conforms,
    delayed_run_conforms,
    mutant_is_rejected,
)
from proofs.protocols.zeroed_base.trace import ZeroedBasesMonitor

GO = "runtime/mheap.go:308-317"
CLAIM = "recorded calls raise the word and answer truly"
RUNTIME_MUTANTS = [mutant for mutant in MUTANTS if mutant.subject == "zeroed_base"]
FIELDS = {
    NzBegin: ("base", "npages"),
    ZbLoad: ("arena", "value", "retry"),
    ZbCas: ("arena", "old", "new"),
    NzEnd: ("base", "npages", "need_zero"),
}


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, ZeroedBasesMonitor, at_least=30_000)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms_with_delays(recorder: Recorder) -> Verdict:
    return delayed_run_conforms(recorder, ZeroedBasesMonitor)


@obligation(
    technique="trace",
    cites=GO,
    expect=Grade.SAMPLED,
    statement="a recording with a single event altered is rejected",
)
def test_altered_recordings_are_rejected(recorder: Recorder) -> Verdict:
    return alterations_are_rejected(recorder, ZeroedBasesMonitor, FIELDS)


@pytest.mark.parametrize("mutant", RUNTIME_MUTANTS, ids=lambda mutant: mutant.name)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_runtime_conforms_kills(recorder: Recorder, mutant: GoMutant) -> Verdict:
    return mutant_is_rejected(recorder, ZeroedBasesMonitor, mutant)
