"""Mutants: deliberate bugs that show a check can fail.

A mutant is a set of edits to the source of the port or of a model, applied when the source is
bound; nothing in the mutated code knows of it. An obligation that survives all its mutants is
decoration.
"""

from dataclasses import dataclass

from checker.binding import Binding, Edit


@dataclass(frozen=True)
class Mutant:
    """A named bug. `says` tells what was broken, in the words of the domain."""

    name: str
    statement: str
    edits: tuple[Edit, ...]

    def __str__(self) -> str:
        return self.name

    def bind(self, package: str) -> Binding:
        """The package with the bug in it. Raises StaleEdit when an edit no longer applies."""
        return Binding(package, edits=self.edits)
