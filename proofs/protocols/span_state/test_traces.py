"""The real runtime conforms: recordings of go1.21.13 are runs of the model, its mutants' are not."""

import pytest

from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang.events import GcPhase, StateStore
from golang.mutants import MUTANTS, GoMutant
from harness.alterations import alterations_are_rejected
from harness.recording import (
    Recorder,
    clean_run_conforms,
    delayed_run_conforms,
    mutant_is_rejected,
)
from proofs.protocols.span_state.trace import ForeignLimits, SpanStatesMonitor

GO = "runtime/mheap.go:343-363"
CLAIM = "recorded spans change state as the model allows"
RUNTIME_MUTANTS = [mutant for mutant in MUTANTS if mutant.subject == "span_state"]
FIELDS = {StateStore: ("span", "old", "new"), GcPhase: ("old", "new")}


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, SpanStatesMonitor, at_least=30_000)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms_with_delays(recorder: Recorder) -> Verdict:
    return delayed_run_conforms(recorder, SpanStatesMonitor)


@obligation(
    technique="trace",
    cites=GO,
    expect=Grade.SAMPLED,
    statement="a recording with a single event altered is rejected",
)
def test_altered_recordings_are_rejected(recorder: Recorder) -> Verdict:
    return alterations_are_rejected(recorder, SpanStatesMonitor, FIELDS)


@obligation(
    technique="trace",
    cites="runtime/mcentral.go:254",
    expect=Grade.REFUTED,
    finding="74288",
    statement="the limit of a span is valid when its state is published",
)
def test_runtime_publishes_a_stale_limit(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, ForeignLimits, at_least=1)


@pytest.mark.parametrize("mutant", RUNTIME_MUTANTS, ids=lambda mutant: mutant.name)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_runtime_conforms_kills(recorder: Recorder, mutant: GoMutant) -> Verdict:
    return mutant_is_rejected(recorder, SpanStatesMonitor, mutant)
