"""What the random runs of all subjects share: the bound port, its throws and its locks."""

from collections.abc import Sequence
from typing import Any

from checker.stateful import Comparison, tell
from impl.rt import Throw, locks, unlock
from proofs.replay import CannotReplay, Harness, ReplayResult


class PortComparison(Comparison):
    """A comparison over `impl`."""

    package = "impl"
    throw = Throw

    def __init__(self) -> None:
        self.recover()
        super().__init__()

    def recover(self) -> None:
        """Go dies of a throw with its locks held."""
        for mutex in list(locks._held):
            unlock(mutex)


def replay_on(machine: type[Comparison]) -> Harness:
    """The replay harness of a machine: its choices are the calls of rules."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        try:
            chosen = machine.on(variant)
        except KeyError:
            remedy = (
                f"was the file written by another version? there are {', '.join(machine.mutants)}"
            )
            raise CannotReplay(f"there is no mutant {variant!r}", remedy) from None
        story = tell(chosen, [(name, arguments) for name, arguments in choices])
        if story is None:
            return ReplayResult(False, "the run ends, and port and model agree all along")
        return ReplayResult(True, story.text())

    return replay
