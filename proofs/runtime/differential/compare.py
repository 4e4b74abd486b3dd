"""Random operations on the port and on Go's own code, compared after each one, shrunk on failure.

A differential drives one part of the port by the oracle's requests (golang.oracle.ops) and shows its
state as the words that the oracle emits. Hypothesis draws a program, a list of numbers; the differential
makes requests of them as the port runs ahead. The oracle then gets all of a run at once and answers
with results and the hash of the state after each operation.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, given, settings, strategies
from hypothesis import seed as seeded
from hypothesis.errors import FailedHealthCheck, Flaky, Unsatisfiable

from checker.assumption import Assumption, assuming
from checker.binding import Binding
from checker.counterexample import Counterexample, Replay, Scalar, Step, changed
from checker.draws import uniform
from checker.mutation import Mutant
from checker.verdict import Grade, Verdict
from golang.oracle import HASH, STATE, Op, Oracle, OracleAnswer, OracleDied, state_hash
from golang.oracle.client import OracleRequest
from golang.oracle.ops import spelled
from golang.source import GoEdit
from impl.rt import Throw
from impl.rt.thread import start_anew

Words = Sequence[int]
Results = tuple[int, ...]

Made = OracleRequest | list[OracleRequest] | None
"""What a rule makes: one request, several, or none."""

INDEX_OUT_OF_RANGE = "index out of range"
"""What Go throws for a bad index in package runtime; in the port that is an IndexError."""

_STOP_ODDS = 4096
_MOST_EXAMPLES = 100  # a round, since an example may have many more operations than steps
_AMOUNTS = 1 << 56
_MOST_DIFFERENCES = 8


class Numbers:
    """One drawn number, taken apart: small numbers make small parts, so that runs shrink."""

    def __init__(self, amount: int) -> None:
        self._rest = amount

    def below(self, n: int) -> int:
        """A number from 0 to n - 1."""
        self._rest, number = divmod(self._rest, n)
        return number

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of the choices, the first when all is shrunk."""
        return choices[self.below(len(choices))]


class Differential(ABC):
    """One part of the port, fresh. A subclass lists the rules that make its requests.

    `operations` are the beginnings of the names of operations, all of which must be compared.
    `rules` has the methods that turn drawn numbers into requests, with weights. `throws` are the
    texts of throws that the rules must provoke. `start` brings the oracle to where a fresh differential
    is; with `own_process` it needs a process of its own for that. `edits` make Go's code that of
    another platform, by the `assumptions`.
    """

    name: ClassVar[str]
    cites: ClassVar[str]
    operations: ClassVar[tuple[str, ...]]
    rules: ClassVar[Mapping[str, int]]
    throws: ClassVar[Collection[str]] = ()
    start: ClassVar[Sequence[OracleRequest]] = ()
    own_process: ClassVar[bool] = False
    edits: ClassVar[Sequence[GoEdit]] = ()
    assumptions: ClassVar[Collection[Assumption]] = ()
    mutants: ClassVar[Sequence[Mutant]] = ()

    def __init__(self, port: Any) -> None:
        self.port = port

    @abstractmethod
    def apply(self, request: OracleRequest) -> Results:
        """Does it on the port and answers the words that the oracle answers."""

    @abstractmethod
    def state(self) -> list[int]:
        """The words that the oracle emits as the differential's state."""

    @classmethod
    @abstractmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        """The words of a state by name."""

    def learn(self, request: OracleRequest, results: Results) -> None:  # noqa: B027  # may do nothing
        """Told of each request that did not throw, for what later ones need to know."""


def words_of(value: Any) -> Results:
    """What a function of the port returned, as the oracle answers it."""
    if value is None:
        return ()
    return tuple(map(int, value)) if isinstance(value, tuple) else (int(value),)


@dataclass(frozen=True)
class Expected:
    """What the port did: its results and state, or the text of its throw."""

    results: Results = ()
    state: int = 0
    thrown: str = ""


class Divergence(Exception):
    """Port and Go part at the last of `requests`."""

    def __init__(self, requests: Sequence[OracleRequest], invariant: str) -> None:
        super().__init__(f"{invariant} at {spelled(requests[-1])}")
        self.requests = tuple(requests)
        self.invariant = invariant


@dataclass
class DifferentialCoverage:
    """What was really compared."""

    operations: Counter[Op] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    throws: Counter[str] = field(default_factory=Counter)
    runs: int = 0

    def counts(self, divergences: int) -> dict[str, int]:
        """All of it, flat."""
        return {
            "operations": self.operations.total(),
            "divergences": divergences,
            "runs": self.runs,
            "throws": self.throws.total(),
        }

    def never(self, kind: type[Differential]) -> list[str]:
        """What should have come about, and did not."""
        started = {request[0] for request in kind.start}
        idle = (op for op in Op if op.name.startswith(kind.operations) and op not in started)
        return [
            *(f"operation {op.name}" for op in idle if not self.operations[op]),
            *(f"rule {name}" for name in kind.rules if not self.rules[name]),
            *(f"throw {text!r}" for text in kind.throws if not self.throws[text]),
        ]

    def vacuity_checks(self) -> dict[str, str]:
        """All that came about, which is all that should have."""
        return {
            "every operation is compared": f"{len(self.operations)} of {len(self.operations)}",
            "every rule makes requests": f"{len(self.rules)} of {len(self.rules)}",
            "every throw is provoked": f"{len(self.throws)} of {len(self.throws)}",
        }


def perform(differential: Differential, request: OracleRequest) -> Expected:
    """One request on the port, with what is to be expected of Go.

    Raises whatever the port raises that is neither a throw nor a bad index.
    """
    try:
        results = differential.apply(request)
    except Throw as error:
        start_anew()
        return Expected(thrown=str(error))
    except IndexError:
        start_anew()
        return Expected(thrown=INDEX_OUT_OF_RANGE)
    differential.learn(request, results)
    return Expected(results, state_hash(differential.state()))


def compare(
    oracle: Oracle,
    kind: type[Differential],
    requests: Sequence[OracleRequest],
    expected: Sequence[Expected],
) -> None:
    """Asks the oracle. Raises Divergence at the first request whose outcome is not the expected."""
    if kind.own_process:
        oracle.restart()
    oracle.ask(kind.start)
    answers: Sequence[OracleAnswer]
    thrown = ""
    try:
        answers = oracle.ask(requests, HASH)
    except OracleDied as death:
        answers, thrown = death.answers, death.text
        oracle.restart()
    for at, hoped in enumerate(expected):
        so_far = requests[: at + 1]
        if at == len(answers):
            if hoped.thrown != thrown:
                raise Divergence(so_far, "same_throws")
            return
        answer = answers[at]
        if hoped.thrown:
            raise Divergence(so_far, "same_throws")
        if answer.results != hoped.results:
            raise Divergence(so_far, "same_answers")
        if answer.state != (hoped.state,):
            raise Divergence(so_far, "same_state")


DrawnProgram = list[tuple[int, int]]
"""A drawn run: which rule, and the number from which it makes its request."""


@strategies.composite
def programs(draw: Callable[[Any], int], steps: int) -> DrawnProgram:
    """At most `steps` draws; a run ends early where it draws 0, and so it shrinks."""
    program: DrawnProgram = []
    for _ in range(steps):
        choice = draw(strategies.integers(0, _STOP_ODDS - 1))
        if choice == 0:
            break
        program.append((choice, draw(strategies.integers(0, _AMOUNTS - 1))))
    return program


def run(
    oracle: Oracle,
    kind: type[Differential],
    port: Any,
    program: Iterable[tuple[int, int]],
    tally: DifferentialCoverage,
) -> None:
    """One program on both sides. Raises Divergence, or what the port raises by mistake."""
    start_anew()
    differential = kind(port)
    chosen = [name for name, weight in kind.rules.items() for _ in range(weight)]
    requests: list[OracleRequest] = []
    expected: list[Expected] = []
    for choice, amount in program:
        name = chosen[choice % len(chosen)]
        made: Made = getattr(differential, name)(Numbers(amount))
        if not made:
            continue
        tally.rules[name] += 1
        for request in made if isinstance(made, list) else [made]:
            requests.append(request)
            expected.append(perform(differential, request))
            if expected[-1].thrown:
                break
        if expected[-1].thrown:
            break
    if not requests:
        return
    compare(oracle, kind, requests, expected)
    tally.runs += 1
    tally.operations.update(Op(request[0]) for request in requests)
    if expected[-1].thrown:
        tally.throws[expected[-1].thrown] += 1


def check_differential(
    oracle: Oracle,
    kind: type[Differential],
    *,
    operations: int,
    steps: int = 100,
    seed: int = 1,
    mutant: Mutant | None = None,
) -> Verdict:
    """SAMPLED when at least so many operations had the same outcome on both sides.

    VACUOUS when an operation, a rule or a throw never came, UNKNOWN when Hypothesis could
    not do its work or the port fails by something that Go has no counterpart of.
    """
    port = mutant.bind("impl") if mutant else Binding("impl")
    tally = DifferentialCoverage()

    def verdict(grade: Grade, divergences: int = 0, **details: Any) -> Verdict:
        return Verdict(grade, counts=tally.counts(divergences), seed=seed, **details)

    done, rounds = -1, 0
    try:
        while done < tally.operations.total() < operations:
            done = tally.operations.total()
            # The first example of a round is an empty program.
            examples = min(2 + (operations - done) // steps, _MOST_EXAMPLES)
            _round(oracle, kind, port, tally, steps, seed + rounds, examples)
            rounds += 1
    except Divergence as divergence:
        counterexample = retrace(
            oracle, kind, port, divergence.requests, mutant.name if mutant else ""
        )
        if counterexample is None:
            reason = f"the divergence did not come again: {divergence}"
            return verdict(Grade.UNKNOWN, reason=reason)
        return verdict(Grade.REFUTED, 1, counterexample=counterexample)
    except (FailedHealthCheck, Flaky, Unsatisfiable) as error:
        return verdict(Grade.UNKNOWN, reason=f"{type(error).__name__}: {error}")
    except Exception as error:
        return verdict(Grade.UNKNOWN, reason=f"the port fails: {error!r}")
    if tally.operations.total() < operations:
        return verdict(Grade.VACUOUS, reason="the rules make no more requests")
    never = tally.never(kind)
    if never:
        return verdict(Grade.VACUOUS, reason=f"never came: {', '.join(never)}")
    bound = f"{tally.runs} runs of up to {steps} operations{assuming(kind.assumptions)}"
    return verdict(Grade.SAMPLED, bound=bound, vacuity_checks=tally.vacuity_checks())


def _round(
    oracle: Oracle,
    kind: type[Differential],
    port: Any,
    tally: DifferentialCoverage,
    steps: int,
    seed: int,
    examples: int,
) -> None:
    chosen = settings(
        backend=uniform(seed),
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )

    @seeded(seed)
    @chosen
    @given(programs(steps))
    def both(program: DrawnProgram) -> None:
        run(oracle, kind, port, program, tally)

    both()


def retrace(
    oracle: Oracle,
    kind: type[Differential],
    port: Any,
    requests: Sequence[OracleRequest],
    variant: str,
) -> Counterexample | None:
    """Runs the requests once more, as a trace; None when port and Go agree all along."""
    start_anew()
    differential = kind(port)
    expected: list[Expected] = []
    shown = [_named(kind, differential.state())]
    for request in requests:
        expected.append(perform(differential, request))
        shown.append(shown[-1] if expected[-1].thrown else _named(kind, differential.state()))
        if expected[-1].thrown:
            break
    try:
        compare(oracle, kind, requests[: len(expected)], expected)
    except Divergence as divergence:
        count = len(divergence.requests)
        why = _difference(oracle, kind, divergence.requests, expected[count - 1], shown[count])
        return Counterexample(
            invariant=f"{kind.name}.{divergence.invariant}",
            citation=kind.cites,
            why="the port and Go's own code were given the same operations",
            steps=[
                Step("main", spelled(request), concrete=_shown(changed(before, after)))
                for request, before, after in zip(
                    divergence.requests, shown, shown[1:], strict=False
                )
            ],
            diverging=why,
            replay=Replay(
                f"differential/{kind.name}",
                [[Op(op).name, *arguments] for op, *arguments in divergence.requests],
                variant,
            ),
        )
    return None


def _difference(
    oracle: Oracle,
    kind: type[Differential],
    requests: Sequence[OracleRequest],
    expected: Expected,
    shown: Mapping[str, int],
) -> str:
    """In words, how the last request came out on either side."""
    if kind.own_process:
        oracle.restart()
    oracle.ask([*kind.start, *requests[:-1]])
    port = f"the port throws {expected.thrown!r}" if expected.thrown else ""
    try:
        answer = oracle.one(*requests[-1], want=STATE)
    except OracleDied as death:
        oracle.restart()
        return f"Go throws {death.text!r}, {port or 'the port does not'}"
    if port:
        return f"{port}, Go does not"
    if answer.results != expected.results:
        return f"Go answers {_hex(answer.results)}, the port {_hex(expected.results)}"
    real = _named(kind, answer.state)
    names = [*real, *(name for name in shown if name not in real)]
    parts = [
        f"{name} is {_one(real.get(name))} in Go, {_one(shown.get(name))} in the port"
        for name in names
        if real.get(name) != shown.get(name)
    ]
    more = f"; and {len(parts) - _MOST_DIFFERENCES} more" if len(parts) > _MOST_DIFFERENCES else ""
    return "; ".join(parts[:_MOST_DIFFERENCES]) + more


def _named(kind: type[Differential], words: Words) -> dict[str, int]:
    """The words of a state by name, or by number where they cannot be understood."""
    try:
        return dict(kind.describe(words))
    except (IndexError, StopIteration, ValueError):
        return {f"word {i}": word for i, word in enumerate(words)}


def _shown(values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    return {name: _one(value) for name, value in values.items()}


def _one(value: Any) -> str:
    if value is None:
        return "absent"
    return hex(value) if value > 0xFFFF else str(value)


def _hex(values: Sequence[int]) -> str:
    return f"({', '.join(map(_one, values))})"
