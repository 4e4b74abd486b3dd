"""Containers that take symbolic keys and indexes, for harnesses to stand in the code's own."""

from collections.abc import Iterable, Sequence
from typing import Any

from checker.logic import If
from checker.terms import Symbolic


class ByKey:
    """A mapping with symbolic keys: a lookup forks over which entry it finds."""

    def __init__(self, entries: Iterable[tuple[Any, Any]]) -> None:
        self._entries = list(entries)

    def get(self, key: Any, default: Any = None) -> Any:
        for each, value in self._entries:
            if key == each:
                return value
        return default

    def __getitem__(self, key: Any) -> Any:
        missing = object()
        value = self.get(key, missing)
        if value is missing:
            raise KeyError(key)
        return value


class ByIndex:
    """A list of integers or truth values; a symbolic index reads and writes without a fork.

    An index outside [0, length) raises IndexError, as it panics in Go.
    """

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = list(values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Any:
        if index < 0 or index >= len(self.values):
            raise IndexError(index)
        if not isinstance(index, Symbolic):
            return self.values[index]
        result = self.values[-1]
        for i in range(len(self.values) - 1):
            result = If(index == i, self.values[i], result)
        return result

    def __setitem__(self, index: Any, value: Any) -> None:
        if index < 0 or index >= len(self.values):
            raise IndexError(index)
        if not isinstance(index, Symbolic):
            self.values[index] = value
            return
        self.values = [If(index == i, value, old) for i, old in enumerate(self.values)]
