"""The seat a harness talks to: where its inputs come from and where its claims go.

    def harness(e: Engine) -> None:
        x = e.word("x", 0, 2**64 - 1)
        e.assume(x % 8 == 0)
        e.check(align_down(x) == x, "aligned addresses stay")

The same text runs over symbolic inputs (a proof), over recorded ones (a replay) and over drawn ones
(a test), so that what was proved is what runs.
"""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol, TypeAlias


class PathEnd(BaseException):
    """The run ends here without an error: its inputs break an assumption, or it is covered."""


class Engine(Protocol):
    """What a harness may ask. Inputs are asked for in the same order on every run of a path."""

    def word(self, name: str, lo: int, hi: int) -> Any:
        """An integer in [lo, hi] that the code takes apart bit by bit."""

    def integer(self, name: str, lo: int | None = None, hi: int | None = None) -> Any:
        """An integer that the code adds, scales and compares: a position, a length, an address.

        An end that is None leaves the range open.
        """

    def flag(self, name: str) -> Any:
        """A truth value."""

    def element(self, name: str, sort: str) -> Any:
        """A value that can be told apart from others of its sort and nothing more."""

    def choose(self, n: int, label: str) -> int:
        """One of 0, ..., n-1, plain; every one of them is tried."""

    def assume(self, condition: Any) -> None:
        """Restricts the claim to inputs that meet the condition."""

    def check(self, condition: Any, label: str) -> None:
        """Claims that the condition holds here."""

    def fail(self, label: str) -> None:
        """Claims that no run gets here."""

    def reach(self, label: str) -> None:
        """Records that a run gets here, for the claims that must not hold vacuously."""

    def havoc(self) -> None:
        """Says that from here on the state is an arbitrary one under an invariant.

        A failure is then a counterexample to induction, which no run of the program need reach.
        """

    def stop(self) -> NoReturn:
        """Ends this run: what follows is covered by another one."""


Harness: TypeAlias = Callable[[Engine], None]
"""A function of an Engine; it returns nothing and keeps no state between runs."""
