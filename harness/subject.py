"""Subjects: what is claimed about one thing, how each claim is checked, and what must refute it.

    SUBJECT = Subject(
        "span_list",
        statement="a span is on one list at most, and lists keep their order",
        groups=(
            model_theorems(span_list, ...),
            random_runs(SpanLists, ...),
        ),
    )

stands in the subject's `subject.py`. The obligations, their ids, the replays of counterexamples and
the monitors of recordings come from it; nothing is registered anywhere else. A claim, a scenario or
a mutant more is one entry more.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from checker.obligation import Named, Obligation, Technique
from checker.refinement import Abstraction
from checker.spec import Machine
from checker.verdict import Grade, Verdict
from harness.conformance import TraceReader
from harness.means import Means, with_go
from harness.replay import Replayer

AnyMutant = TypeVar("AnyMutant", bound=Named)
"""A mutant: of the model or the port, or of the real runtime."""

KILLS = "_kills"
"""The mutants of `theorem` are the obligations `theorem_kills[...]`."""


@dataclass(frozen=True)
class Theorem(Generic[AnyMutant]):
    """One claim, in each of its cases, with the mutants that show that it can fail.

    `check` is given a case ("" if there is only one), a variant of the code (None: as it is) and the
    means of the session; without a Go, what needs one is not run. With a `variant` the theorem is
    about the code with a remedy. A `finding` must be refuted, by a violation of what it `violates`.
    `mutants` are pairs of a mutant and the case that must refute it; in their ids the case stands
    before the mutant where `cases_in_ids`. A theorem without cases has mutants only, those `of`
    another.
    """

    name: str
    technique: Technique
    statement: str
    cites: str
    expect: Grade
    check: Callable[[str, AnyMutant | None, Means], Verdict]
    cases: Sequence[str] = ("",)
    variant: AnyMutant | None = None
    finding: str = ""
    violates: Sequence[str] = ()
    mutants: Sequence[tuple[AnyMutant, str]] = ()
    cases_in_ids: bool = False
    of: str = ""

    def obligations(self) -> Iterator[Obligation]:
        """The claim in each case, then each mutant."""
        for case in self.cases:
            yield self._obligation(self.name, case, case, self.variant, expect=self.expect)
        for mutant, case in self.mutants:
            title = f"{case}-{mutant.name}" if self.cases_in_ids else mutant.name
            yield self._obligation(self.name + KILLS, title, case, mutant, mutant=mutant)

    def _obligation(
        self,
        name: str,
        title: str,
        case: str,
        variant: AnyMutant | None,
        expect: Grade = Grade.REFUTED,
        mutant: AnyMutant | None = None,
    ) -> Obligation:
        return Obligation(
            name,
            self.technique,
            self.statement,
            self.cites,
            expect,
            lambda means: with_go(lambda: self.check(case, variant, means)),
            case=title,
            finding=self.finding,
            violates=frozenset(self.violates),
            mutant=mutant,
            refutes=(self.of or self.name) if mutant else "",
        )


@dataclass(frozen=True)
class Group:
    """Theorems of one technique, and by the harness's name how their counterexamples run again."""

    theorems: Sequence[Theorem[Any]] = ()
    replays: Mapping[str, Replayer] = field(default_factory=dict)
    monitor: type[TraceReader] | None = None
    """What reads recordings of the real runtime, if the theorems are about these."""


@dataclass(frozen=True)
class Subject:
    """A subject of the proofs; `fast` names those of its obligations that end within a minute.

    A protocol has a `machine`, and an `abstraction` that tells a state of it from the port's memory.
    Where there is no machine, `claims` may name what an obligation checks at once: counterexamples
    call it `<subject>.<claim>`, as they do a machine's invariants.
    """

    name: str
    statement: str
    groups: Sequence[Group]
    fast: frozenset[str] = frozenset()
    machine: Callable[[], Machine] | None = None
    abstraction: Abstraction | None = None
    claims: Collection[str] = ()

    def obligations(self) -> list[Obligation]:
        """All obligations. Raises ValueError if `fast` names one that there is not."""
        found: list[Obligation] = []
        for group in self.groups:
            for theorem in group.theorems:
                found.extend(theorem.obligations())
        unknown = self.fast - {each.name for each in found}
        if unknown:
            raise ValueError(f"{self.name}: fast names no obligation: {sorted(unknown)}")
        return [replace(each, fast=each.name in self.fast) for each in found]

    def replays(self) -> dict[str, Replayer]:
        """The harnesses by name. Raises ValueError if two have the same."""
        found: dict[str, Replayer] = {}
        for group in self.groups:
            for name, harness in group.replays.items():
                if name in found:
                    raise ValueError(f"{self.name} has two harnesses called {name!r}")
                found[name] = harness
        return found

    def monitors(self) -> list[type[TraceReader]]:
        """What reads recordings of the real runtime."""
        return [group.monitor for group in self.groups if group.monitor is not None]

    def mutants(self) -> list[Named]:
        """The deliberate bugs that its obligations must refute."""
        return [each.mutant for each in self.obligations() if each.mutant is not None]
