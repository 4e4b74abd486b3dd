"""The decisions of the current path: a path is repeated by giving the same answers again."""

from dataclasses import dataclass
from typing import Any

from checker.bitvectors import OutsideSubset
from checker.symbolic.lines import position


@dataclass
class Decision:
    """One answer: the side of a branch, one of several choices, or a value found once."""

    condition: Any
    """The Z3 condition of a branch; None for a choice or a value."""
    value: Any
    left: int
    """How many other answers remain to be tried."""
    open: bool
    """Whether there was another answer; else the path condition implies this one."""
    goals: int
    """Claims made on the path before."""
    where: str
    model: Any
    """Meets the path condition up to and with this decision; None when none is known."""
    alternative: Any = None
    """A model for the other side of a branch."""

    def turn(self) -> None:
        """Takes the next answer."""
        self.left -= 1
        if self.condition is None:
            self.value += 1
        else:
            self.value, self.model = not self.value, self.alternative


class Trail:
    """The decisions of one path, and how far the present run has repeated them."""

    def __init__(self, limit: int) -> None:
        self._decisions: list[Decision] = []
        self._at = 0
        self._limit = limit

    @property
    def at_end(self) -> bool:
        """Whether the present run has made all recorded decisions: what follows is new."""
        return self._at == len(self._decisions)

    def restart(self) -> None:
        self._at = 0

    def backtrack(self) -> bool:
        """Turns the last decision that has another answer; False when there is none."""
        while self._decisions:
            if self._decisions[-1].left:
                self._decisions[-1].turn()
                return True
            self._decisions.pop()
        return False

    def repeat(self, condition: Any, goals: int) -> Decision | None:
        """The decision recorded at this point of the path; None at the end of the record.

        Raises OutsideSubset when another one was recorded: the run is no function of its decisions.
        """
        if self.at_end:
            return None
        decision = self._decisions[self._at]
        if condition is None or decision.condition is None:
            same = condition is decision.condition
        else:
            same = decision.condition.eq(condition)
        if not same or decision.goals != goals:
            raise OutsideSubset(f"the code is not deterministic: another decision at {position()}")
        self._at += 1
        return decision

    def record(self, condition: Any, value: Any, left: int, goals: int, model: Any) -> Decision:
        """A new decision at the end of the path. Raises OutsideSubset beyond the limit."""
        if len(self._decisions) >= self._limit:
            raise OutsideSubset(
                f"more than {self._limit} decisions on one path: "
                f"a loop without a bound? at {position()}"
            )
        decision = Decision(condition, value, left, left > 0, goals, position(), model)
        self._decisions.append(decision)
        self._at += 1
        return decision

    def text(self) -> tuple[str, ...]:
        """The decisions made by the present run, as "file:line answer"."""
        return tuple(f"{each.where} {each.value}" for each in self._decisions[: self._at])
