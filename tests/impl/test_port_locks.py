"""Lock ranks are ordered as Go's are, and a breach of the order is found where it happens."""

import re

import pytest
from port_heap import go_runtime_file

from impl.rt import LockRank, Mutex, Throw, lock, lock_init, unlock
from impl.rt.locks import LOCK_PARTIAL_ORDER


def go_name(rank: LockRank) -> str:
    return "lockRank" + "".join(word.capitalize() for word in rank.name.split("_"))


KNOWN = {go_name(rank): rank for rank in LockRank}


def test_the_partial_order_is_gos() -> None:
    table = go_runtime_file("lockrank.go").partition("var lockPartialOrder")[2]
    rows = dict(re.findall(r"\t(lockRank\w+):\s*\{(.*)\},", table))
    for rank, below in LOCK_PARTIAL_ORDER.items():
        names = rows[go_name(rank)].split(", ")
        assert {KNOWN[each] for each in names if each in KNOWN} == below, rank
    assert set(LOCK_PARTIAL_ORDER) == set(LockRank) - {LockRank.UNKNOWN}


def test_ranks_are_numbered_in_gos_order() -> None:
    declared = re.findall(r"^\t(lockRank\w+)$", go_runtime_file("lockrank.go"), re.MULTILINE)
    assert [KNOWN[each] for each in declared if each in KNOWN] == sorted(LockRank)[1:]


def mutex(rank: LockRank) -> Mutex:
    made = Mutex()
    lock_init(made, rank)
    return made


@pytest.mark.parametrize("first", LockRank)
@pytest.mark.parametrize("second", LockRank)
def test_two_locks_nest_just_if_go_lets_them(first: LockRank, second: LockRank) -> None:
    outer, inner = mutex(first), mutex(second)
    lock(outer)
    if LockRank.UNKNOWN in (first, second) or first in LOCK_PARTIAL_ORDER[second]:
        lock(inner)
        unlock(inner)
    else:
        with pytest.raises(Throw, match="lock ordering problem"):
            lock(inner)
