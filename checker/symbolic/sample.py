"""Running a harness on inputs that Hypothesis draws, and on the smallest failing ones it finds."""

from typing import Any, NoReturn

import hypothesis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from checker.bitvectors import OutsideSubset
from checker.symbolic.harness import Harness, PathEnd
from checker.symbolic.outcome import Failure, Input, SymbolicOutcome
from checker.symbolic.replay import CheckFailed, raised


class Drawing:
    """The engine that draws. Implements `Engine`."""

    def __init__(self, data: Any) -> None:
        self._data = data
        self.inputs: list[Input] = []
        self.labels: list[str] = []
        self.checks = 0

    def word(self, name: str, lo: int, hi: int) -> int:
        return self._draw(name, st.integers(lo, hi))

    def integer(self, name: str, lo: int | None = None, hi: int | None = None) -> int:
        return self._draw(name, st.integers(lo, hi))

    def flag(self, name: str) -> bool:
        return bool(self._draw(name, st.booleans()))

    def element(self, name: str, sort: str) -> int:  # noqa: ARG002  # any plain values do
        return self._draw(name, st.integers(0, 5))

    def choose(self, n: int, label: str) -> int:
        return self._draw(label, st.integers(0, n - 1))

    def assume(self, condition: bool) -> None:
        hypothesis.assume(condition)

    def check(self, condition: bool, label: str) -> None:
        self.checks += 1
        self.labels.append(label)
        if not condition:
            raise CheckFailed(label)

    def fail(self, label: str) -> None:
        self.check(False, label)

    def reach(self, label: str) -> None:
        self.labels.append(label)

    def havoc(self) -> None:
        raise OutsideSubset("a cut loop has no runs to sample: sample the code as it is")

    def stop(self) -> NoReturn:
        raise PathEnd

    def _draw(self, name: str, strategy: Any) -> int:
        value: int = self._data.draw(strategy, label=name)
        self.inputs.append(Input(name, value))
        return value


def sample(
    harness: Harness, examples: int = 300, seed: int = 0, backend: str = "hypothesis"
) -> SymbolicOutcome:
    """Runs the harness on `examples` inputs drawn by one of Hypothesis's backends.

    The outcome is "sampled", "refuted" with the smallest failing inputs found, or "vacuous" when no
    run got as far as a claim.
    """
    runs = checks = 0
    labels: dict[str, int] = {}
    failing: Failure | None = None

    @hypothesis.seed(seed)
    @settings(
        max_examples=examples,
        backend=backend,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @hypothesis.given(st.data())
    def test(data: Any) -> None:
        nonlocal runs, checks, failing
        engine = Drawing(data)
        try:
            harness(engine)
        except PathEnd:
            pass
        except CheckFailed as failure:
            failing = Failure(failure.label, tuple(engine.inputs))
            raise
        except Exception as error:
            if type(error).__module__.partition(".")[0] != "hypothesis":
                failing = Failure(raised(error), tuple(engine.inputs))
            raise
        runs, checks = runs + 1, checks + engine.checks
        for label in engine.labels:
            labels[label] = labels.get(label, 0) + 1

    try:
        test()
    except Unsatisfiable:
        return SymbolicOutcome("vacuous", reason="no drawn input meets the assumptions", seed=seed)
    except Exception:
        if failing is None:
            raise
        return SymbolicOutcome("refuted", failure=failing, paths=runs, labels=labels, seed=seed)
    if not checks:
        return SymbolicOutcome(
            "vacuous", reason="no run got as far as a claim", paths=runs, seed=seed
        )
    return SymbolicOutcome("sampled", paths=runs, goals=checks, labels=labels, seed=seed)
