"""The port's explored substrate: the names of the plain one, and what it keeps of Go's shapes."""

import ast
import inspect
from functools import partial
from types import ModuleType
from typing import Any

import pytest

import impl.rt
from checker.interleaving.normalform import normal_form
from checker.interleaving.scenario import Scenario, Setup
from checker.interleaving.search import explore
from checker.interleaving.values import Unsupported
from harness.explored import EXPLORED

SHARED = """
class Shared(Struct):
    r: Racy[Any] = 0
    t: Atomic[int]
"""


def load(source: str) -> Any:
    """A module with the names of the port's substrate in scope."""
    module = ModuleType("program")
    module.__dict__.update(vars(impl.rt), **EXPLORED, Any=Any)
    code = compile(normal_form(ast.parse(source)), "program.py", "exec")
    exec(code, module.__dict__)
    return module


def public(thing: Any) -> set[str]:
    return {name for name in vars(thing) if not name.startswith("_")}


def test_it_has_every_operation_of_the_plain_substrate() -> None:
    words = {"Access", "Const", "LockRank", "Mixed", "Plain", "Racy", "Throw", "throw", "U64_MAX"}
    words |= {"U32_MAX", "u8", "u16", "u32", "u64", "i64", "ones_count64"}
    words |= {"leading_zeros", "trailing_zeros", "trailing_zeros64"}
    words |= {"MemoryFault", "MemoryState", "Panic", "panic"}
    assert set(EXPLORED) == set(impl.rt.__all__) - words
    assert public(EXPLORED["Atomic"]) >= public(impl.rt.Atomic) - {"value"}
    here = impl.rt.atomic.__name__
    functions = {
        name
        for name, value in vars(impl.rt.atomic).items()
        if inspect.isfunction(value) and value.__module__ == here
    }
    assert public(EXPLORED["atomic"]) == functions
    observed = {"state", "states", "dirty", "advice", "pieces"}
    memory = public(impl.rt.AddressSpace) - observed
    assert public(EXPLORED["AddressSpace"]) == memory
    assert public(EXPLORED["Tally"]) == public(impl.rt.Tally) - {"value"}


def test_statistics_are_no_steps_and_cannot_be_read() -> None:
    counting = "class Counted(Struct):\n    m: StatMutex\n    n: Tally\n"
    count = "    lock(y.m)\n    y.n.add(1)\n    y.n.store(2)\n    unlock(y.m)\n"

    def explored(body: str) -> Any:
        def setup(port: Any) -> Setup:
            shared = port.Shared()
            shared.r = port.Counted()
            bodies = [(f"T{i}", partial(port.body, shared)) for i in range(2)]
            return Setup(bodies, {"shared": shared})

        port = load(f"{SHARED}{counting}\n{body}")
        return explore(Scenario("statistics", setup), port)

    result = explored(f"def body(x):\n    y = x.r\n{count}    return x.t.add(1)\n")
    without = explored("def body(x):\n    y = x.r\n    return x.t.add(1)\n")
    assert result.violation is None
    assert (result.states, result.outcomes) == (without.states, without.outcomes)
    with pytest.raises(Unsupported, match="nothing but reports may"):
        explored("def body(x):\n    return x.r.n.load()\n")


def test_nobody_waits_with_the_lock_of_statistics() -> None:
    """It is no step, so whoever waited for it meanwhile would not be seen to."""

    def explored(what: str) -> Any:
        mutexes = "class Shared(Struct):\n    m: StatMutex\n    n: Mutex\n"
        port = load(f"{mutexes}def body(x):\n    lock(x.m)\n    {what}\n    unlock(x.m)\n")

        def setup(port: Any) -> Setup:
            shared = port.Shared()
            return Setup([("T", partial(port.body, shared))], {"x": shared})

        return explore(Scenario("waits", setup), port)

    assert explored("getm()").violation is None
    assert (
        explored("lock(x.n)").violation.message
        == "T: lock ordering problem: x.n is taken after x.m"
    )
    with pytest.raises(Unsupported, match=r"x\.m is held by a thread that waits"):
        explored("osyield()")


def test_each_thread_has_an_m_of_its_own() -> None:
    port = load(
        SHARED
        + "".join(
            f"def body{i}(x):\n    getm().locks += {i + 1}\n    x.t.add(1)\n    return getm().locks\n"
            for i in range(2)
        )
    )

    def setup(port: Any) -> Setup:
        shared = port.Shared()
        return Setup([(f"T{i}", partial(getattr(port, f"body{i}"), shared)) for i in range(2)])

    outcomes = explore(Scenario("threads", setup), port).outcomes
    assert {tuple(ending.results for ending in each) for each in outcomes} == {((1,), (2,))}


def test_the_system_chooses_addresses_in_the_setup_only() -> None:
    port = load(f"{SHARED}\ndef body0(x):\n    return x.r.alloc(1)\n")

    def setup(port: Any) -> Setup:
        shared = port.Shared()
        shared.r = port.AddressSpace(4096, 20)
        assert (shared.r.alloc(1), shared.r.alloc(1)) == (1 << 20, (1 << 20) + 4096)
        return Setup([("T", partial(port.body0, shared))])

    with pytest.raises(Unsupported, match="have the setup get that memory"):
        explore(Scenario("addresses", setup), port)
