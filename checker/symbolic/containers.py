"""A container that takes symbolic keys, for harnesses to stand in the code's own."""

from collections.abc import Iterable
from typing import Any


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
