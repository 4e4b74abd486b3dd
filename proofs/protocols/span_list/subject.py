"""Span lists: a span is on one list at most, and lists keep their order."""

from golang.events import ListInsert, ListInsertBack, ListRemove, ListTakeAll
from harness.recordings import recorded_runs
from harness.subject import Subject
from harness.symbolic import named
from harness.theorems import Effort, model_theorems, random_runs, symbolic_theorems
from model import span_list
from proofs.protocols.span_list import symbolic, trace
from proofs.protocols.span_list.abstraction import ABSTRACTION
from proofs.protocols.span_list.mutants import MODEL_MUTANTS, SEQUENTIAL_MUTANTS
from proofs.protocols.span_list.stateful import SpanLists
from proofs.protocols.span_list.symbolic import VARIANTS

GO = "runtime/mheap.go:1699-1792"

SUBJECT = Subject(
    "span_list",
    statement="a span is on one list at most, and lists keep their order",
    machine=span_list.build,
    abstraction=ABSTRACTION,
    groups=(
        model_theorems(
            span_list,
            statement="lists are sequences and no span is on two",
            cites=GO,
            sizes={"Span": 4, "SpanList": 2},
            states=261,
            mutants=MODEL_MUTANTS,
        ),
        random_runs(
            SpanLists,
            statement="list operations keep the order and links of the model, and throw when it forbids them",
            cites=GO,
            effort=Effort(300, 30),
            mutants=SEQUENTIAL_MUTANTS,
        ),
        symbolic_theorems(
            symbolic,
            (symbolic.shapes, list(VARIANTS.values())),
            (symbolic.insertion, named(VARIANTS, "insert-back-without-list")),
            (symbolic.insertion_twice, named(VARIANTS, "insert-without-check")),
            (symbolic.removal, named(VARIANTS, "remove-moves-last-forward")),
            (symbolic.removal_of_foreign, named(VARIANTS, "remove-from-any-list")),
            (symbolic.taking_few, []),
            (
                symbolic.taking,
                named(VARIANTS, "take-all-without-reparenting", "take-all-forgets-prev"),
            ),
        ),
        recorded_runs(
            trace.SpanListsMonitor,
            statement="recorded lists are sequences, linked both ways",
            cites=GO,
            at_least=20_000,
            fields={
                ListInsert: ("owner", "list", "span", "first", "last", "next", "prev"),
                ListInsertBack: ("owner", "list", "span", "first", "last", "next", "prev"),
                ListRemove: ("owner", "list", "span", "first", "last", "next", "prev"),
                ListTakeAll: ("strays", "list", "first", "last", "other_first", "other_last"),
            },
        ),
    ),
    fast=frozenset(
        {
            "induction",
            "induction_kills",
            "reachability",
            "reachability_kills",
            "symbolic_shapes",
            "symbolic_shapes_kills",
        }
    ),
)
