"""Span lists: order, links, and the throws for a span that is where it shouldn't be."""

import pytest

from impl.mspan import Mspan
from impl.mspanlist import MSpanList
from tests.impl.port_heap import throws


def members(spans: MSpanList) -> list[Mspan]:
    """The list's spans in order; checks that every link is right."""
    found = []
    before, s = None, spans.first
    while s is not None:
        assert s.list is spans
        assert s.prev is before
        found.append(s)
        before, s = s, s.next
    assert spans.last is before
    assert spans.is_empty() == (not found)
    return found


def list_of(spans: list[Mspan]) -> MSpanList:
    made = MSpanList()
    made.init()
    for s in spans:
        made.insert_back(s)
    return made


def test_insert_puts_a_span_first_and_insert_back_last() -> None:
    a, b, c = Mspan(), Mspan(), Mspan()
    spans = list_of([a])
    spans.insert(b)
    spans.insert_back(c)
    assert members(spans) == [b, a, c]
    assert a.in_list()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_remove(at: int) -> None:
    three = [Mspan(), Mspan(), Mspan()]
    spans = list_of(three)
    gone = three.pop(at)
    spans.remove(gone)
    assert members(spans) == three
    assert (gone.next, gone.prev, gone.list) == (None, None, None)
    assert not gone.in_list()


def test_removing_the_only_span_leaves_an_empty_list() -> None:
    s = Mspan()
    spans = list_of([s])
    spans.remove(s)
    assert members(spans) == []


@pytest.mark.parametrize("n", [0, 2])
@pytest.mark.parametrize("m", [0, 1, 2])
def test_take_all_puts_the_other_list_first(n: int, m: int) -> None:
    mine, others = [Mspan() for _ in range(n)], [Mspan() for _ in range(m)]
    spans, other = list_of(mine), list_of(others)
    spans.take_all(other)
    assert members(spans) == others + mine
    assert members(other) == []


def test_a_span_of_another_list_is_not_removed() -> None:
    s = Mspan()
    list_of([s])
    with throws("mSpanList.remove"):
        list_of([Mspan()]).remove(s)


@pytest.mark.parametrize("field", ["next", "prev", "list"])
@pytest.mark.parametrize(
    ("method", "text"),
    [("insert", "mSpanList.insert"), ("insert_back", "mSpanList.insertBack")],
)
def test_a_span_on_a_list_is_not_inserted(method: str, text: str, field: str) -> None:
    s = Mspan()
    setattr(s, field, MSpanList() if field == "list" else Mspan())
    with throws(text):
        getattr(list_of([]), method)(s)
