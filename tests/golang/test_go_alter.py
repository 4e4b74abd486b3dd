"""Altered copies differ in exactly the asked event and are well-formed traces again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from golang.alter import Alteration, Change, Drop, Duplicate, Swap, alter, excerpt
from golang.events import Event, Hsg, ListInsert, SgCas, SgStore
from golang.trace import Trace

MakeEvent = Callable[..., Event]
WriteTrace = Callable[..., Path]


@pytest.fixture
def trace(write_trace: WriteTrace, make_event: MakeEvent) -> Trace:
    events = [
        make_event(SgStore, span=100),
        make_event(SgStore, span=200),
        make_event(Hsg),
        make_event(SgCas, span=100),
        make_event(ListInsert, span=200),
    ]
    return Trace(write_trace(events))


def altered(trace: Trace, alteration: Alteration) -> list[tuple[object, ...]]:
    """The altered copy's events without their tickets, each with its type."""
    path = trace.path.with_name("altered.trace")
    alter(trace, alteration, path)
    copy = Trace(path)
    assert copy.complete
    assert copy.header.heap_arena_bytes == trace.header.heap_arena_bytes
    assert [event.ticket for event in copy] == list(range(len(copy)))
    return bare(copy)


def bare(trace: Trace) -> list[tuple[object, ...]]:
    return [(type(event), *event[1:]) for event in trace]


def test_drop(trace: Trace) -> None:
    before = bare(trace)
    assert altered(trace, Drop(1)) == [before[i] for i in (0, 2, 3, 4)]


def test_duplicate(trace: Trace) -> None:
    before = bare(trace)
    assert altered(trace, Duplicate(4)) == [before[i] for i in (0, 1, 2, 3, 4, 4)]


def test_swap_with_the_next_of_the_same_span(trace: Trace) -> None:
    before = bare(trace)
    assert altered(trace, Swap(0, "span")) == [before[i] for i in (3, 1, 2, 0, 4)]
    assert altered(trace, Swap(1, "span")) == [before[i] for i in (0, 4, 2, 3, 1)]


def test_change(trace: Trace) -> None:
    path = trace.path.with_name("altered.trace")
    alter(trace, Change(3, "new", 77), path)
    copy = Trace(path)
    event = trace[3]
    assert isinstance(event, SgCas)
    assert copy[3] == event._replace(new=77)
    assert [copy[i] for i in (0, 1, 2, 4)] == [trace[i] for i in (0, 1, 2, 4)]


@pytest.mark.parametrize(("count", "expected"), [(9, (0, 1, 3)), (2, (0, 1))])
def test_an_excerpt_has_the_first_events_of_the_kinds(
    trace: Trace, count: int, expected: tuple[int, ...]
) -> None:
    path = trace.path.with_name("excerpt.trace")
    excerpt(trace, (SgStore, SgCas), count, path)
    before = bare(trace)
    assert bare(Trace(path)) == [before[i] for i in expected]
    assert Trace(path).complete


@pytest.mark.parametrize(
    ("alteration", "error"),
    [
        (Drop(5), IndexError),
        (Drop(-1), IndexError),
        (Swap(2, "span"), ValueError),
        (Swap(3, "span"), ValueError),
        (Change(2, "span", 1), ValueError),
        (Change(0, "h", 1), ValueError),
        (Change(0, "span", 100), ValueError),
    ],
)
def test_alterations_that_change_nothing_are_refused(
    trace: Trace, alteration: Alteration, error: type[Exception]
) -> None:
    with pytest.raises(error):
        alter(trace, alteration, trace.path.with_name("altered.trace"))
