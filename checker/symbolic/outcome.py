"""What a symbolic run established, and the plain inputs that show a failure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from checker.counterexample import Counterexample, Replay, Step
from checker.solver import version
from checker.verdict import Grade, Verdict

SymbolicStatus = Literal["proved", "refuted", "unknown", "vacuous", "sampled"]


@dataclass(frozen=True)
class Input:
    """One plain answer to a harness: the value of an input, or a choice."""

    name: str
    value: int | bool


@dataclass(frozen=True)
class Failure:
    """A claim that fails: confirmed by running the harness on these plain inputs.

    `path` holds the decisions of the run as "file:line True".
    """

    label: str
    inputs: tuple[Input, ...]
    path: tuple[str, ...] = ()

    def text(self) -> str:
        shown = ", ".join(f"{each.name}={_show(each.value)}" for each in self.inputs)
        return f"{self.label}\n    inputs: {shown}\n    path:   {' > '.join(self.path)}"

    def counterexample(self, harness: str, citation: str, why: str) -> Counterexample:
        """The failure in the shape common to all techniques."""
        steps = [Step("", decision, where=decision.rsplit(" ", 1)[0]) for decision in self.path]
        return Counterexample(
            invariant=self.label,
            citation=citation,
            why=why,
            steps=steps,
            initial_concrete={each.name: each.value for each in numbered(self.inputs)},
            replay=Replay(harness, [each.value for each in self.inputs]),
        )


@dataclass(frozen=True)
class SymbolicOutcome:
    """The result of exploring a harness.

    `paths` were finished and `covered` were stopped by the harness: each was found feasible and
    repeated by CPython on plain inputs. `infeasible` ones ended at a contradiction. `confirmed`
    counts the questions on which a second solver agreed. `labels` counts the claims made and the
    places reached on feasible paths.
    """

    status: SymbolicStatus
    reason: str = ""
    failure: Failure | None = None
    paths: int = 0
    infeasible: int = 0
    covered: int = 0
    goals: int = 0
    solver_calls: int = 0
    rlimit: int = 0
    confirmed: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0

    @property
    def runs(self) -> int:
        """Paths of every kind."""
        return self.paths + self.infeasible + self.covered

    def verdict(
        self, *, bound: str = "", harness: str = "", citation: str = "", why: str = ""
    ) -> Verdict:
        """The outcome as a verdict. With a `bound`, what was proved holds within that bound only.

        `harness` names the harness for `replay`; `citation` and `why` explain what it claims.
        """
        names = "paths", "infeasible", "covered", "goals", "solver_calls", "rlimit"
        counts = {name: getattr(self, name) for name in (*names, "confirmed")}
        grade = {
            "proved": Grade.EXHAUSTED if bound else Grade.PROVED,
            "refuted": Grade.REFUTED,
            "unknown": Grade.UNKNOWN,
            "vacuous": Grade.VACUOUS,
            "sampled": Grade.SAMPLED,
        }[self.status]
        found = self.failure.counterexample(harness, citation, why) if self.failure else None
        return Verdict(
            grade=grade,
            bound=bound or (f"{self.paths} runs" if grade is Grade.SAMPLED else ""),
            reason=self.reason,
            counts={name: count for name, count in counts.items() if count},
            solver="" if grade is Grade.SAMPLED else version(),
            seed=self.seed,
            counterexample=found if grade is Grade.REFUTED else None,
        )

    def text(self) -> str:
        """One line, and the failure if there is one."""
        line = (
            f"{self.status.upper()}: {self.paths} paths, {self.infeasible} infeasible, "
            f"{self.covered} covered, {self.goals} goals, {self.solver_calls} solver calls, "
            f"rlimit {self.rlimit}"
        )
        line += f" ({self.reason})" if self.reason else ""
        return f"{line}\n{self.failure.text()}" if self.failure else line


def numbered(inputs: Sequence[Input]) -> list[Input]:
    """The inputs with names made unique: a second "i" becomes "i#2"."""
    seen: dict[str, int] = {}
    result = []
    for each in inputs:
        seen[each.name] = seen.get(each.name, 0) + 1
        number = seen[each.name]
        result.append(Input(f"{each.name}#{number}" if number > 1 else each.name, each.value))
    return result


def _show(value: int | bool) -> str:
    return str(value) if isinstance(value, bool) or abs(value) < 10000 else hex(value)
