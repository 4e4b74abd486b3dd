"""A counter up to 3 as model, and a port of it with every bug a test may want."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from hypothesis.stateful import rule
from hypothesis.strategies import sampled_from

from checker.counterexample import Scalar
from checker.refinement import Abstraction
from checker.spec import Machine, Next, Range, State
from checker.stateful import Comparison

TOO_FULL = "counter overflow"


class Full(Exception):
    """What the port raises where it would have crashed."""


class Counter:
    """The port. `add` and `clear` are meant to be replaced by something broken."""

    def __init__(self) -> None:
        self.value = 0

    def add(self) -> int:
        """counter.go Counter.Add: one more."""
        if self.value == 3:
            raise Full(TOO_FULL)
        self.value += 1
        return self.value

    def clear(self) -> None:
        """counter.go Counter.Clear: none."""
        self.value = 0


def model() -> Machine:
    """A counter from 0 to 3 that can be cleared, and an action that nothing here takes."""
    machine = Machine("counter", cites="counter.go:1", why="it counts")
    machine.var("count", type=Range(0, 3), init=0)
    machine.var("seen", type=Range(0, 1), init=0)

    @machine.action(cites="counter.go:10 Counter.Add")
    def add(x: State, n: Next) -> None:
        x.require(x.count < 3)
        n.count = x.count + 1

    @machine.action(cites="counter.go:20 Counter.Clear")
    def clear(_: State, n: Next) -> None:
        n.count = 0

    @machine.action(cites="counter.go:30 Counter.Drop")
    def drop(_: State, n: Next) -> None:
        n.count = 0

    return machine


ABSTRACTION = Abstraction(model(), history={"seen": "nobody looks"})


@ABSTRACTION.of
def count(view: Counter, *_: int) -> int:
    return view.value


class Counting(Comparison):
    """Adds, clears, and adds too much."""

    abstraction = ABSTRACTION
    sizes: ClassVar = {}
    throw = Full
    throws: ClassVar[Collection[str]] = (TOO_FULL,)
    idle: ClassVar = {"drop": "the port has no such operation"}
    package = "tests.checker"  # the port is a class here: nothing of the package is loaded
    kind: ClassVar[type[Counter]] = Counter

    def build(self) -> Counter:
        self.counter = self.kind()
        return self.counter

    def concrete(self) -> Mapping[str, Scalar]:
        return {"value": self.counter.value}

    @rule(times=sampled_from((1, 2)))
    def add(self, times: int) -> None:
        for _ in range(times):
            self.operate(self.counter.add, step=("add",), throws=TOO_FULL)

    @rule()
    def clear(self) -> None:
        self.operate(self.counter.clear, step=("clear",))
