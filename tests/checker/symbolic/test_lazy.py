"""Lists of any length, on the operations of a small one."""

from typing import Any

import pytest

from checker.binding import Binding, Edit
from checker.symbolic import Engine, Limits, prove, sample
from checker.symbolic.lazy import Seq, check_list, lazy, link
from tests.checker.symbolic.claims import SYSTEMS
from tests.checker.symbolic.systems.linked import Chain, Node, Refused

OPERATIONS = ("remove", "insert", "append", "take_all")


def any_length(e: Engine, operation: str, heads: type = Chain) -> None:
    """One operation on a list of any length; the other list of take_all is short, as it is walked."""
    a = Seq(e, "a", Node, heads)
    if operation == "remove":
        k = e.integer("k", 0)
        e.assume(k < a.length)
        node = a.node(k)
        a.head.remove(node)
        e.check(node.next is None and node.prev is None and node.list is None, "unlinked")
        check_list(e, a.head, a.length - 1, lambda i: a.node(i) if i < k else a.node(i + 1), "a")
    elif operation == "take_all":
        b = Seq(e, "b", Node, heads, most=3)
        a.head.take_all(b.head)
        e.check(b.head.first is None and b.head.last is None, "other empty")
        n = b.length
        check_list(e, a.head, a.length + n, lambda i: b.node(i) if i < n else a.node(i - n), "a")
    else:
        node = Node()
        getattr(a.head, operation)(node)
        at = 0 if operation == "insert" else a.length

        def node_at(i: Any) -> Any:
            if i == at:
                return node
            return a.node(i) if i < at else a.node(i - 1)

        check_list(e, a.head, a.length + 1, node_at, "a")


def is_linked(head: Any, nodes: list[Any]) -> bool:
    """Whether `head` is a well-formed list of just these nodes."""
    ends = (nodes[0], nodes[-1]) if nodes else (None, None)
    return (
        head.first is ends[0]
        and head.last is ends[1]
        and all(
            node.list is head
            and node.prev is (nodes[i - 1] if i else None)
            and node.next is (nodes[i + 1] if i + 1 < len(nodes) else None)
            for i, node in enumerate(nodes)
        )
    )


def shapes(e: Engine, operation: str, heads: type = Chain, most: int = 4) -> None:
    """One operation on plain lists of every length up to `most`."""
    a = [Node() for _ in range(e.choose(most + 1, "len(a)"))]
    b = [Node() for _ in range(e.choose(most + 1, "len(b)"))]
    head_a, head_b = heads(), heads()
    link(head_a, a)
    link(head_b, b)
    if operation == "take_all":
        head_a.take_all(head_b)
        a, b = b + a, []
    elif operation == "remove":
        if not a:
            e.stop()
        node = a.pop(e.choose(len(a), "k"))
        head_a.remove(node)
        e.check(node.next is None and node.prev is None and node.list is None, "unlinked")
    else:
        node = Node()
        getattr(head_a, operation)(node)
        a = [node, *a] if operation == "insert" else [*a, node]
    e.check(is_linked(head_a, a), "this list")
    e.check(is_linked(head_b, b), "the other list")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_on_lists_of_any_length(operation: str) -> None:
    def harness(e: Engine) -> None:
        any_length(e, operation)

    outcome = prove(harness, must_reach=["a: first", "a: owner", "a: next"])
    assert outcome.status == "proved", outcome.text()
    assert sample(harness, 100).status == "sampled"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_operation_on_all_small_shapes(operation: str) -> None:
    outcome = prove(lambda e: shapes(e, operation))
    assert outcome.status == "proved", outcome.text()
    assert outcome.paths == {"remove": 50, "take_all": 25}.get(operation, 25)


def test_removing_a_node_of_another_list_throws_and_changes_nothing() -> None:
    def harness(e: Engine) -> None:
        a, b = (Seq(e, name, Node, Chain) for name in "ab")
        k = e.integer("k", 0)
        e.assume(k < b.length)
        try:
            a.head.remove(b.node(k))
        except Refused as refused:
            e.check(refused.args == ("it is not on this list",), "the reason")
            checked = (a, b)[e.choose(2, "checked")]
            check_list(e, checked.head, checked.length, checked.node, "list")
        else:
            e.fail("accepted")

    outcome = prove(harness, must_reach=["list: owner"])
    assert outcome.status == "proved", outcome.text()


MUTANTS = [
    ("remove", Edit("linked", "self.last = node.prev", "self.last = node.next")),
    ("remove", Edit("linked", "        node.list = None\n", "")),
    ("insert", Edit("linked", "self.first.prev = node", "pass")),
    ("append", Edit("linked", "node.prev = self.last", "pass")),
    ("take_all", Edit("linked", "self.first.prev = other.last", "pass")),
    ("take_all", Edit("linked", "            node.list = self\n", "")),
]


@pytest.mark.parametrize(("operation", "edit"), MUTANTS)
def test_planted_bug_is_refuted_with_plain_inputs(operation: str, edit: Edit) -> None:
    heads = Binding(SYSTEMS, edits=[edit]).linked.Chain
    for harness in (any_length, shapes):
        outcome = prove(lambda e, harness=harness: harness(e, operation, heads))  # type: ignore[misc]
        assert outcome.status == "refuted", outcome.text()


def test_unbounded_walk_is_unknown() -> None:
    def harness(e: Engine) -> None:
        a, b = (Seq(e, name, Node, Chain) for name in "ab")
        a.head.take_all(b.head)
        e.check(b.head.first is None, "other empty")

    outcome = prove(harness, limits=Limits(decisions=30))
    assert outcome.status == "unknown"


def test_field_the_harness_does_not_give_is_unknown() -> None:
    def harness(e: Engine) -> None:
        a = Seq(e, "a", Node, Chain)
        e.assume(a.length > 0)
        e.check(a.head.first.weight > 0, "has a weight")

    outcome = prove(harness)
    assert outcome.status == "unknown"
    assert "'weight'" in outcome.reason


def test_class_with_defaults_cannot_be_lazy() -> None:
    class Node:
        next = None

    with pytest.raises(TypeError, match="default"):
        lazy(Node, lambda field: field)
