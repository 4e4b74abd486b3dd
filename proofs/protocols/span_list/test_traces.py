"""The real runtime conforms: recordings of go1.21.13 are runs of the model, its mutants' are not."""

import pytest

from checker.obligation import obligation
from checker.verdict import Grade, Verdict
from golang.events import ListInsert, ListInsertBack, ListRemove, ListTakeAll
from golang.mutants import MUTANTS, GoMutant
from harness.alterations import alterations_are_rejected
from harness.recording import (
    Recorder,
    clean_run_conforms,
    delayed_run_conforms,
    mutant_is_rejected,
)
from proofs.protocols.span_list.trace import SpanListsMonitor

GO = "runtime/mheap.go:1699-1792"
CLAIM = "recorded lists are sequences, linked both ways"
RUNTIME_MUTANTS = [mutant for mutant in MUTANTS if mutant.subject == "span_list"]
FIELDS = {
    ListInsert: ("owner", "list", "span", "first", "last", "next", "prev"),
    ListInsertBack: ("owner", "list", "span", "first", "last", "next", "prev"),
    ListRemove: ("owner", "list", "span", "first", "last", "next", "prev"),
    ListTakeAll: ("strays", "list", "first", "last", "other_first", "other_last"),
}


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms(recorder: Recorder) -> Verdict:
    return clean_run_conforms(recorder, SpanListsMonitor, at_least=20_000)


@obligation(technique="trace", cites=GO, expect=Grade.SAMPLED, statement=CLAIM)
def test_runtime_conforms_with_delays(recorder: Recorder) -> Verdict:
    return delayed_run_conforms(recorder, SpanListsMonitor)


@obligation(
    technique="trace",
    cites=GO,
    expect=Grade.SAMPLED,
    statement="a recording with a single event altered is rejected",
)
def test_altered_recordings_are_rejected(recorder: Recorder) -> Verdict:
    return alterations_are_rejected(recorder, SpanListsMonitor, FIELDS)


@pytest.mark.parametrize("mutant", RUNTIME_MUTANTS, ids=lambda mutant: mutant.name)
@obligation(technique="trace", cites=GO, expect=Grade.REFUTED, statement=CLAIM)
def test_runtime_conforms_kills(recorder: Recorder, mutant: GoMutant) -> Verdict:
    return mutant_is_rejected(recorder, SpanListsMonitor, mutant)
