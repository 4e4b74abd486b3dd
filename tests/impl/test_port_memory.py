"""The simulated address space against a byte-by-byte one, and the faults it must find."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impl.rt import AddressSpace, MemoryFault, MemoryState

PAGE = 4
BITS = 6
OPERATIONS = ["reserve", "map", "used", "unused", "fault", "free", "write", "zero", "read"]
ALLOWED = {
    "map": {MemoryState.RESERVED},
    "used": {MemoryState.PREPARED, MemoryState.READY},
    "unused": {MemoryState.PREPARED, MemoryState.READY},
    "fault": {MemoryState.RESERVED, MemoryState.PREPARED, MemoryState.READY},
    "write": {MemoryState.READY},
    "zero": {MemoryState.READY},
    "read": {MemoryState.READY},
}
BECOMES = {
    "map": MemoryState.PREPARED,
    "used": MemoryState.READY,
    "unused": MemoryState.PREPARED,
    "fault": MemoryState.RESERVED,
    "free": MemoryState.NONE,
}


@given(
    st.lists(
        st.tuples(st.sampled_from(OPERATIONS), st.integers(1, 14), st.integers(1, 3)), max_size=30
    )
)
def test_it_is_the_space_that_keeps_a_state_for_each_byte(
    operations: list[tuple[str, int, int]],
) -> None:
    space = AddressSpace(PAGE, BITS)
    state = [MemoryState.NONE] * (1 << BITS)
    dirty = [False] * (1 << BITS)
    for name, page, pages in operations:
        v, n = page * PAGE, min(pages, 16 - page) * PAGE
        bytes_ = range(v, v + n)
        if name == "reserve":
            got = space.reserve(v, n)
            free = all(state[each] is MemoryState.NONE for each in bytes_)
            assert (got == v) == free or got == 0
            for each in range(got, got + n if got else got):
                assert state[each] is MemoryState.NONE
                state[each] = MemoryState.RESERVED
        elif name != "free" and not {state[each] for each in bytes_} <= ALLOWED[name]:
            with pytest.raises(MemoryFault):
                getattr(space, name)(v, n)
        else:
            getattr(space, name)(v, n)
            for each in bytes_:
                state[each] = BECOMES.get(name, state[each])
                dirty[each] = name == "write" or (
                    dirty[each] and name in ("used", "unused", "read")
                )
        assert [space.state(each) for each in range(1 << BITS)] == state
        assert space.reserved == sum(each is not MemoryState.NONE for each in state)
        for each in range(1 << BITS):
            if state[each] is MemoryState.READY:
                assert _is_zero(space, each) is not dirty[each]
    ends = [*zip(state, dirty, strict=True), (MemoryState.NONE, False)]
    changes = sum((a[0] is not b[0]) + (a[1] is not b[1]) for a, b in pairwise(ends))
    assert space.pieces() == changes + 2


def _is_zero(space: AddressSpace, v: int) -> bool:
    try:
        space.check_zero(v, 1)
    except MemoryFault:
        return False
    return True


def test_memory_handed_out_as_zero_must_be() -> None:
    space = AddressSpace(PAGE, BITS)
    v = space.alloc(2 * PAGE)
    space.write(v + 5, 1)
    space.check_zero(v, 5)
    with pytest.raises(MemoryFault, match="is handed out as zero but is dirty"):
        space.check_zero(v, 6)
    space.unused(v, 2 * PAGE)
    space.used(v, 2 * PAGE)
    with pytest.raises(MemoryFault, match="dirty"):
        space.check_zero(v, 6)


def test_a_fault_says_where_and_what_state_the_memory_should_have() -> None:
    space = AddressSpace(PAGE, BITS)
    v = space.reserve(8, PAGE)
    with pytest.raises(MemoryFault, match=r"\[0x8, 0xa\) is RESERVED, it should be READY"):
        space.write(v, 2)
    with pytest.raises(MemoryFault, match="not the start of a page"):
        space.map(v + 1, 1)


def test_a_system_can_run_out_of_memory_or_refuse_it() -> None:
    space = AddressSpace(PAGE, BITS)
    space.limit = 3 * PAGE
    assert space.reserve(8, 4 * PAGE) == 0
    assert space.reserve(8, 3 * PAGE) == 8
    assert space.alloc(1) == 0
    space.free(8, PAGE)
    assert space.alloc(1) != 0
    space.limit = None
    space.refuses = lambda v, n: (v, n) == (40, PAGE)
    assert space.reserve(40, PAGE) == 0
    assert space.reserve(0, 1 << BITS) == 0


def test_a_large_space_costs_what_its_pieces_cost() -> None:
    space = AddressSpace(4096, 48)
    v = space.reserve(0xC0 << 32, 512 << 30)
    space.map(v, 512 << 30)
    for i in range(100):
        space.used(v + (i << 32), 4096)
    assert space.pieces() == 202 + 1
