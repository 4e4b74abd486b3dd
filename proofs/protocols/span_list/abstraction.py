"""How first, last, next, prev and list represent sequences of spans."""

from typing import Any

from checker.refinement import Abstraction
from harness.port import PortView
from model import span_list

ABSTRACTION = Abstraction(span_list.build(), history={})


@ABSTRACTION.of
def on(port: PortView, s: int, l: int) -> bool:  # noqa: E741  # a list
    """A span is on the list that its list field names."""
    return port.get(port.spans[s], "list") is port.lists[l]


@ABSTRACTION.of
def before(port: PortView, a: int, b: int) -> bool:
    """One span is before another when following next from it meets the other."""
    return any(span is port.spans[b] for span in _walk(port, port.get(port.spans[a], "next")))


@ABSTRACTION.representation
def doubly_linked(port: PortView) -> str | None:
    """First and last are the ends, prev undoes next, and unlisted spans have no links."""
    listed: list[Any] = []
    for number, each in enumerate(port.lists):
        members = list(_walk(port, port.get(each, "first")))
        ends = (members[0], members[-1]) if members else (None, None)
        if (port.get(each, "first"), port.get(each, "last")) != ends:
            return f"list {number}: last is not where following next from first ends"
        for previous, span in zip([None, *members], members, strict=False):
            if port.get(span, "prev") is not previous:
                return f"list {number}: prev does not undo next"
        listed += members
    for number, span in enumerate(port.spans):
        if not any(span is each for each in listed) and any(
            port.get(span, name) is not None for name in ("next", "prev", "list")
        ):
            return f"span {number} is on no list and has links"
    return None


def _walk(port: PortView, span: Any) -> list[Any]:
    """The spans from this one on, each once: a cycle ends the walk."""
    found: list[Any] = []
    while span is not None and not any(span is each for each in found):
        found.append(span)
        span = port.get(span, "next")
    return found
