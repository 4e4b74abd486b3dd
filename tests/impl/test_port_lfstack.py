"""The stack without a lock: last in, first out, and no pop succeeds on a top that came back."""

from hypothesis import given
from hypothesis import strategies as st

from impl.config import LINUX_AMD64
from impl.lfstack import TAG_BITS, Lfstack
from impl.rt import Mixed, Plain, Struct


class Node(Struct):
    next: Mixed[object] = 0
    pushcnt: Plain[int] = 0


@given(st.lists(st.booleans(), max_size=30))
def test_last_in_first_out(pushes: list[bool]) -> None:
    stack, model = Lfstack(), list[Node]()
    for push in pushes:
        if push:
            node = Node()
            stack.push(LINUX_AMD64, node)
            model.append(node)
        else:
            assert stack.pop() is (model.pop() if model else None)
    while model:
        assert stack.pop() is model.pop()
    assert stack.pop() is None


def test_a_node_that_comes_back_is_another_top() -> None:
    stack, node = Lfstack(), Node()
    stack.push(LINUX_AMD64, node)
    overtaken = stack.head.load()
    assert stack.pop() is node
    stack.push(LINUX_AMD64, Node())
    stack.push(LINUX_AMD64, node)
    assert stack.head.load().node is overtaken.node
    assert not stack.head.compare_and_swap(overtaken, overtaken.node.next)


def test_the_count_of_pushes_wraps_where_go_has_no_more_bits() -> None:
    stack, node = Lfstack(), Node()
    node.pushcnt = (1 << TAG_BITS) - 1
    stack.push(LINUX_AMD64, node)
    assert (node.pushcnt, stack.head.load().tag) == (1 << TAG_BITS, 0)
