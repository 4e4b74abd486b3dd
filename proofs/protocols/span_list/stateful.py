"""Random operations on span lists, in the port and in the model."""

from collections.abc import Mapping
from typing import Any, ClassVar

from hypothesis.stateful import rule
from hypothesis.strategies import sampled_from

from checker.counterexample import Scalar
from harness.port import PortView
from harness.stateful import PortComparison
from proofs.protocols.span_list.abstraction import ABSTRACTION
from proofs.protocols.span_list.mutants import PORT_MUTANTS

LISTS, SPANS = 2, 5
LIST, SPAN = sampled_from(range(LISTS)), sampled_from(range(SPANS))


class SpanLists(PortComparison):
    """Two lists `k` and five spans `s`."""

    abstraction = ABSTRACTION
    sizes: ClassVar = {"Span": SPANS, "SpanList": LISTS}
    throws = ("mSpanList.insert", "mSpanList.insertBack", "mSpanList.remove")
    mutants = PORT_MUTANTS

    def build(self) -> PortView:
        self.lists = [self.port.mspanlist.MSpanList() for _ in range(LISTS)]
        self.spans = [self.port.mspan.Mspan() for _ in range(SPANS)]
        for each in self.lists:
            each.init()
        return PortView(spans=self.spans, lists=self.lists)

    def concrete(self) -> Mapping[str, Scalar]:
        names: dict[Any, str] = {None: "nil"}
        names |= {each: f"list{number}" for number, each in enumerate(self.lists)}
        names |= {each: f"span{number}" for number, each in enumerate(self.spans)}
        fields = [(each, field) for each in self.lists for field in ("first", "last")]
        fields += [(each, field) for each in self.spans for field in ("next", "prev", "list")]
        return {f"{names[each]}.{field}": names[getattr(each, field)] for each, field in fields}

    @rule(k=LIST, s=SPAN)
    def insert(self, k: int, s: int) -> None:
        step = ("insert", k, s)
        self.operate(self.lists[k].insert, self.spans[s], step=step, throws="mSpanList.insert")

    @rule(k=LIST, s=SPAN)
    def insert_back(self, k: int, s: int) -> None:
        step, text = ("insert_back", k, s), "mSpanList.insertBack"
        self.operate(self.lists[k].insert_back, self.spans[s], step=step, throws=text)

    @rule(k=LIST, s=SPAN)
    def remove(self, k: int, s: int) -> None:
        step = ("remove", k, s)
        self.operate(self.lists[k].remove, self.spans[s], step=step, throws="mSpanList.remove")

    # A list is never given to itself: takeAll has no check for it and would lose the spans.
    @rule(k=LIST)
    def take_all(self, k: int) -> None:
        other = 1 - k
        self.operate(self.lists[k].take_all, self.lists[other], step=("take_all", k, other))

    @rule(k=LIST)
    def is_empty(self, k: int) -> None:
        empty = not any(self.run.see("on", s, k) for s in range(SPANS))
        self.same("is_empty", self.port_call(self.lists[k].is_empty), empty)

    @rule(s=SPAN)
    def in_list(self, s: int) -> None:
        listed = any(self.run.see("on", s, k) for k in range(LISTS))
        self.same("in_list", self.port_call(self.spans[s].in_list), listed)
