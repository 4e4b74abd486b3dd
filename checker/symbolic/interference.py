"""Words that any number of other threads change: rely-guarantee reasoning on one thread's code.

Before each access of a `SharedWord` the other threads have made any number of steps. They may do what the
*rely* allows, which is therefore reflexive and transitive (`check_preorder` is the lemma). In
return, each write of the code under proof must be one that the *guarantee* allows, and the
guarantee of one thread must imply the rely of each other.
"""

from collections.abc import Callable
from typing import Any

from checker.logic import Truth
from checker.symbolic.harness import Engine

Relation = Callable[[Any, Any], Truth]
"""Of the value before and the value after."""


class SharedWord:
    """An atomic word under interference.

    `draw(name)` asks the engine for some value the word may have at all. With `retries`, the other
    threads keep still once that many compare-and-swaps have failed: 0 is sequential code. None sets
    no bound; a loop that tries again must then be cut by an invariant.
    """

    def __init__(
        self,
        e: Engine,
        name: str,
        draw: Callable[[str], Any],
        rely: Relation,
        guarantee: Relation,
        retries: int | None = None,
    ) -> None:
        self._e, self._name, self._draw = e, name, draw
        self.rely, self.guarantee = rely, guarantee
        self._retries = retries
        self.value = draw(name)
        self.seen: list[Any] = []
        """The values loaded so far."""

    def load(self) -> Any:
        self.interfere()
        self.seen.append(self.value)
        return self.value

    def store(self, value: Any) -> None:
        self.interfere()
        self._write(value)

    def compare_and_swap(self, old: Any, new: Any) -> bool:
        self.interfere()
        if self.value == old:
            self._write(new)
            return True
        if self._retries is not None:
            self._retries -= 1
        return False

    def interfere(self) -> None:
        """The other threads make any number of steps."""
        if self._retries is not None and self._retries <= 0:
            return
        after = self._draw(f"{self._name}'")
        self._e.assume(self.rely(self.value, after))
        self.value = after

    def _write(self, value: Any) -> None:
        self._e.check(self.guarantee(self.value, value), f"guarantee of {self._name}")
        self.value = value


class Shared:
    """An object whose fields are cells: reading or writing one plainly is a load or a store."""

    def __init__(self, **cells: SharedWord) -> None:
        object.__setattr__(self, "cells", cells)

    def __getattr__(self, name: str) -> Any:
        if name not in self.cells:
            raise AttributeError(name)
        return self.cells[name].load()

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.cells:
            raise AttributeError(name)
        self.cells[name].store(value)


class Atomics:
    """Stands in for a module of atomic functions on (object, field); `base` has the others.

    A plain load or store of a `Shared` field is atomic already; what reads and writes at once must
    be named here: `compare_and_swap` is what `base` calls it.
    """

    def __init__(self, base: Any, compare_and_swap: str = "compare_and_swap") -> None:
        self._base = base
        swap = getattr(base, compare_and_swap)

        def on_cells_too(obj: Any, field: str, old: Any, new: Any) -> Any:
            if isinstance(obj, Shared):
                return obj.cells[field].compare_and_swap(old, new)
            return swap(obj, field, old, new)

        setattr(self, compare_and_swap, on_cells_too)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._base, name)


def check_preorder(e: Engine, draw: Callable[[str], Any], rely: Relation) -> None:
    """The lemma that one step of a rely stands for any number of them."""
    a, b, c = (draw(name) for name in "abc")
    e.check(rely(a, a), "the rely is reflexive")
    e.assume(rely(a, b))
    e.assume(rely(b, c))
    e.check(rely(a, c), "the rely is transitive")
