"""Lock ranks are ordered as Go's are; that every substrate keeps the order is a meta test."""

import re

import pytest

from impl.rt import LockRank, Mutex, Throw, lock, lock_init, unlock
from impl.rt.locks import LOCK_PARTIAL_ORDER
from tests.impl.port_heap import go_runtime_file


def go_name(rank: LockRank) -> str:
    return "lockRank" + "".join(word.capitalize() for word in rank.name.split("_"))


KNOWN = {go_name(rank): rank for rank in LockRank}


def test_the_partial_order_is_gos() -> None:
    table = go_runtime_file("lockrank.go").partition("var lockPartialOrder")[2]
    rows = dict(re.findall(r"\t(lockRank\w+):\s*\{(.*)\},", table))
    ranked = set(LockRank) - {LockRank.UNKNOWN}
    for rank in ranked:
        names = rows[go_name(rank)].split(", ")
        assert {KNOWN[each] for each in names if each in KNOWN} == LOCK_PARTIAL_ORDER[rank], rank
    assert LOCK_PARTIAL_ORDER[LockRank.UNKNOWN] == ranked  # lockWithRank makes it a leaf
    assert set(LOCK_PARTIAL_ORDER) == set(LockRank)


def test_the_partial_order_is_transitive() -> None:
    """So whether a lock may be taken depends on the last one alone, to which Go looks."""
    for below in LOCK_PARTIAL_ORDER.values():
        assert all(LOCK_PARTIAL_ORDER[each] <= below for each in below)


def test_ranks_are_numbered_in_gos_order() -> None:
    declared = re.findall(r"^\t(lockRank\w+)$", go_runtime_file("lockrank.go"), re.MULTILINE)
    assert [KNOWN[each] for each in declared if each in KNOWN] == sorted(LockRank)[1:]


def mutex(rank: LockRank) -> Mutex:
    made = Mutex()
    lock_init(made, rank)
    return made


def test_the_locks_of_a_thread_are_in_order_all_along() -> None:
    sweep, fin, mheap = map(mutex, (LockRank.SWEEP, LockRank.FIN, LockRank.MHEAP))
    lock(sweep)
    lock(mheap)
    unlock(sweep)
    with pytest.raises(Throw, match="lock ordering problem"):
        lock(fin)
