"""The program at the end of a counterexample: the same choices in the port as it is now."""

from collections.abc import Sequence
from typing import Any

from checker.counterexample import Counterexample, Replay
from harness.replay import replay
from proofs.subjects import replays_of


def program(made: Replay) -> str:
    """Python that runs a counterexample again, from the repository's root."""
    again = f"{made.harness!r}, {list(made.choices)!r}, {made.variant!r}"
    return f"from proofs.rerun import rerun\n\nprint(rerun({again}))"


def rerun(harness: str, choices: Sequence[Any], variant: str = "") -> str:
    """What the replay says, in words. Raises CannotReplay whenever it has no answer."""
    counterexample = Counterexample("", "", "", [], replay=Replay(harness, choices, variant))
    return replay(counterexample, replays_of).text
