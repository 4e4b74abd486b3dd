"""Assumptions: what a verdict rests on beside the engine, and nothing checks on the way to it."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Assumption:
    """What is taken for granted, and why it may be. `name` is how a verdict's bound calls it."""

    name: str
    statement: str
    why: str


def assuming(assumptions: Iterable[Assumption]) -> str:
    """What a verdict that rests on them must say in its bound: ", assuming ..."; or nothing."""
    names = [each.name for each in sorted(assumptions)]
    return f", assuming {', '.join(names)}" if names else ""
