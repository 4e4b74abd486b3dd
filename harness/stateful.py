"""What the random runs of all subjects share: the bound port, its throws, its locks, its writes."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from checker.binding import Binding, Edit
from checker.exercise import Exercise
from checker.stateful import Comparison, retrace
from harness.replay import CannotReplay, Replayer, ReplayResult
from harness.stand_ins import STAND_INS
from impl.rt import Atomic, Struct, Throw
from impl.rt.thread import start_anew

T = TypeVar("T")
Written = Callable[[str, Any, Any], None]
"""Told of a write right after it: the field, its old and its new content."""


class PortExercise(Exercise):
    """An exercise of `impl`."""

    package = "impl"
    throw = Throw

    def __init__(self) -> None:
        self.recover()
        super().__init__()

    def recover(self) -> None:
        """Go dies of a throw with its locks held, and its thread pinned."""
        start_anew()


class PortComparison(PortExercise, Comparison):
    """A comparison over `impl`."""


class WatchedPort(Binding):
    """The port, which tells `listeners[object]` of each write to that struct or typed atomic.

    A set of spans changes in one write. So the model takes its steps in the midst of an operation, where the port takes them.
    """

    def __init__(self, edits: Sequence[Edit] = ()) -> None:
        self.listeners: dict[Any, Written] = {}
        queue = {"mspanset": STAND_INS["mspanset"]}
        super().__init__("impl", _watched(self.listeners), edits, stand_ins=queue)


class WatchedComparison(PortComparison):
    """A comparison that listens to the port's writes."""

    @classmethod
    def bind(cls) -> WatchedPort:
        """Binds the port, with its mutant's bug if it has one."""
        return WatchedPort(cls.mutant.edits if cls.mutant else ())


def replay_on(exercise: type[Exercise]) -> Replayer:
    """The replay harness of an exercise: its choices are the calls of rules."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        try:
            chosen = exercise.on(variant)
        except KeyError:
            known = ", ".join(exercise.mutants)
            remedy = f"was the file written by another version? there are {known}"
            raise CannotReplay(f"there is no mutant {variant!r}", remedy) from None
        counterexample = retrace(chosen, [(name, arguments) for name, arguments in choices])
        if counterexample is None:
            return ReplayResult(False, "the run ends, and nothing was wrong all along")
        return ReplayResult(True, counterexample.text())

    return replay


def _watched(listeners: dict[Any, Written]) -> dict[str, Any]:
    """The plain substrate, with structs and typed atomics that tell of writes."""

    class WatchedStruct(Struct):
        def __setattr__(self, name: str, value: Any) -> None:
            old = getattr(self, name, None)
            super().__setattr__(name, value)
            if self in listeners:
                listeners[self](name, old, value)

    class WatchedAtomic(Atomic[T]):
        __slots__ = ()

        def store(self, value: Any) -> None:
            old = self.value
            super().store(value)
            self._retrace(old)

        def add(self, delta: int) -> int:
            old = self.value
            result = super().add(delta)
            self._retrace(old)
            return result

        def compare_and_swap(self, old: Any, new: Any) -> bool:
            swapped = super().compare_and_swap(old, new)
            if swapped:
                self._retrace(old)
            return swapped

        def _retrace(self, old: Any) -> None:
            if self in listeners:
                listeners[self]("value", old, self.value)

    return {"Struct": WatchedStruct, "Atomic": WatchedAtomic}
