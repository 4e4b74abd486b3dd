"""Random draws for Hypothesis that depend on the seed and on nothing else.

Its own provider likes small numbers, and numbers it finds in the modules that happen to be loaded:
the same seed then gives other runs when other tests run beside.
"""

from random import Random
from typing import Any, ClassVar, NoReturn

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider


class Uniform(PrimitiveProvider):
    """Draws every truth value and every integer of a range alike, for a whole test."""

    lifetime = "test_function"
    seed: ClassVar[int] = 0

    def __init__(self, data: Any, /) -> None:
        super().__init__(data)
        self._random = Random(self.seed)

    def draw_boolean(self, p: float = 0.5) -> bool:
        return self._random.random() < p

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,  # noqa: ARG002  # all alike
        shrink_towards: int = 0,  # noqa: ARG002  # that is for the shrinker
    ) -> int:
        if min_value is None or max_value is None:
            self._refuse()
        return self._random.randint(min_value, max_value)

    def draw_float(self, *_: Any, **__: Any) -> float:
        self._refuse()

    def draw_string(self, *_: Any, **__: Any) -> str:
        self._refuse()

    def draw_bytes(self, *_: Any, **__: Any) -> bytes:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise TypeError("draw from finite ranges: truth values, or integers between two ends")


def uniform(seed: int) -> str:
    """The name of the backend that draws uniformly from this seed."""
    name = f"uniform-{seed}"
    if name not in AVAILABLE_PROVIDERS:
        AVAILABLE_PROVIDERS[name] = type("Uniform", (Uniform,), {"seed": seed})
    return name
