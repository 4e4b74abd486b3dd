"""Shared memory in its plain binding: the same program has the same results when it is explored."""

from typing import Any

import pytest

from checker.interleaving import explore
from checker.shared import (
    Atomic,
    Mutex,
    Plain,
    PlainSlice,
    Struct,
    Throw,
    append,
    lock,
    spin,
    unlock,
)
from tests.checker.interleaving.programs import SHARED, load, scenario

BODIES = {
    "an atomic variable": """
    seen = (x.t.load(), x.t.add(3), x.t.compare_and_swap(3, 5), x.t.compare_and_swap(3, 6))
    x.t.or_(8)
    x.t.and_(12)
    seen = (*seen, x.t.swap(1), x.t.add(-2), x.t.load())
    x.t.store(4)
    return (*seen, x.t.load())
""",
    "atomic functions on a field": """
    atomic.store(x, "a", 6)
    atomic.or_(x, "a", 1)
    atomic.and_(x, "a", 5)
    swapped = atomic.compare_and_swap(x, "a", 5, 2), atomic.compare_and_swap(x, "a", 5, 3)
    return (swapped, atomic.add(x, "a", -3), atomic.load(x, "a"), x.a)
""",
    "atomic functions on an element": """
    atomic.or_(x.words, 1, 6)
    atomic.and_(x.words, 1, 3)
    return (atomic.add(x.words, 1, 1), atomic.load(x.words, 1), x.words[0], len(x.words))
""",
    "fields and mutexes": """
    lock(x.m)
    assert_held(x.m)
    x.p = x.p + 1
    fence()
    x.r = (x.p, x.b)
    unlock(x.m)
    return x.r
""",
    "an index below": "    return x.words[-1]\n",
    "an index beyond": "    x.words[2] = 1\n",
    "a sequence": """
    s = append(append(PlainSlice(), 1), 2)
    t = append(s.upto(1), 3)
    return (len(s), s[0], s[1], len(t), t[1], len(PlainSlice()))
""",
    "a sequence's end": "    return append(PlainSlice(), 1)[1]\n",
    "a throw": "    throw('enough')\n",
}


def plainly(source: str) -> tuple[Any, str | None]:
    module = load(source, normal=False, explored=False)
    x = module.Shared()
    x.words = module.MixedArray(2, 0)
    try:
        return module.body0(x), None
    except Throw as thrown:
        return None, thrown.text
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("name", BODIES)
def test_a_single_thread_has_the_same_results_on_both_machines(name: str) -> None:
    source = f"{SHARED}\ndef body0(x):\n{BODIES[name]}"
    result, thrown = plainly(source)
    expected = frozenset([thrown] if thrown else [])
    ((ending,),) = explore(scenario(name, 1, expected_throws=expected), load(source)).outcomes
    assert (ending.results[0] if ending.results else None, ending.throw) == (result, thrown)


class Pair(Struct):
    left: Plain[int] = 1
    inside: Mutex
    count: Atomic[int]


class Triple(Pair):
    right: Plain[int] = 2


def test_fields_start_as_declared_and_others_do_not_exist() -> None:
    one, other = Triple(), Triple()
    assert (one.left, one.right, one.count.load()) == (1, 2, 0)
    assert one.inside is not other.inside
    with pytest.raises(AttributeError):
        one.middle = 3  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match=r"Bad\.field has no access class"):
        load("class Bad(Struct):\n    field: 'int' = 0\n", normal=False, explored=False)


def test_a_single_thread_waits_for_nobody() -> None:
    pair = Pair()
    lock(pair.inside)
    with pytest.raises(RuntimeError, match="taken twice"):
        lock(pair.inside)
    unlock(pair.inside)
    with pytest.raises(RuntimeError, match="not held"):
        unlock(pair.inside)
    with pytest.raises(RuntimeError, match="no other thread"):
        spin()


def test_who_copied_a_header_keeps_its_length() -> None:
    first: PlainSlice[int] = append(PlainSlice(), 1)
    second = append(first, 2)
    assert (len(first), len(second)) == (1, 2)
    second[0] = 5
    assert first[0] == 5
