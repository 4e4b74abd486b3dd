"""Symbolic theorems about the port: claims that hold on every path and for all inputs.

    @theorem("longer: owner", cites="runtime/mheap.go:1736 mSpanList.insert")
    def insertion(e: Engine, port: Port) -> None:
        '''A span that is put into a list of any length comes to stand where it should.'''
        ...

The claim is an ordinary function of the port, so that it is also what runs a counterexample again.
The subject lists it with its mutants (`harness/theorems.py`).
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from types import ModuleType
from typing import Any

import impl
from checker.binding import Binding
from checker.counterexample import Counterexample, Replay
from checker.mutation import Mutant
from checker.symbolic import Engine, Input, SymbolicOutcome, prove
from checker.symbolic import replay as replay_inputs
from checker.symbolic.cut import LoopCuts, LoopSite
from checker.symbolic.interference import Atomics
from checker.symbolic.outcome import numbered
from checker.symbolic.replay import Replaying
from checker.verdict import Grade, Verdict
from harness.narration import LineTrace, shown
from harness.replay import CannotReplay, Replayer, ReplayResult
from impl.rt import atomic
from impl.rt.thread import start_anew

Inputs = Sequence[tuple[str, int | bool]]
"""The plain answers to a claim's questions, in the order in which it asks."""


PORT = "impl"
PORT_MODULES = [each.name for each in pkgutil.iter_modules(impl.__path__) if not each.ispkg]


class Port(Binding):
    """The port with atomics that know of interference, some loops cut, and perhaps a mutant's bug.

    A lemma is not about the port: `of` then names the module, of whatever package, that it is about.
    """

    def __init__(self, of: str, mutant: Mutant | None, cuts: Sequence[LoopSite]) -> None:
        self.cuts = LoopCuts(*cuts)
        package, _, module = of.rpartition(".")
        super().__init__(
            package or of,
            substrate={"atomic": Atomics(atomic, compare_and_swap="cas")},
            edits=mutant.edits if mutant else (),
            transform=self.cuts.transform if cuts else None,
        )
        # Importing runs lines that are no part of any claim.
        for name in [module] if package else PORT_MODULES:
            getattr(self, name)


@dataclass(frozen=True)
class SymbolicTheorem:
    """A claim about the port; `bound` says within which bound, if it is not all there is.

    `must_reach` are labels without which the proof would be vacuous. A theorem with cut loops has no
    runs, so its mutants are refuted by its `uncut` twin, which claims the same of short loops.
    `cross_check` asks cvc5 as well, which makes a proof three times as slow.
    """

    claim: Callable[[Engine, Any], None]
    cites: str
    must_reach: tuple[str, ...]
    bound: str
    cuts: tuple[LoopSite, ...]
    uncut: "SymbolicTheorem | None"
    cross_check: bool
    of: str

    @property
    def name(self) -> str:
        return self.claim.__name__

    @property
    def subject(self) -> str:
        return self.claim.__module__.split(".")[-2]

    @property
    def statement(self) -> str:
        """The first paragraph of the claim's docstring."""
        return " ".join((inspect.getdoc(self.claim) or "").partition("\n\n")[0].split())

    def prove(self, variant: Mutant | None = None) -> Verdict:
        """PROVED, or EXHAUSTED within the bound, when the claim holds of the port or the variant."""
        outcome = self._outcome(variant, self.cross_check)
        verdict = outcome.verdict(bound=self.bound)
        reached = {each: outcome.labels[each] for each in self.must_reach if each in outcome.labels}
        vacuity_checks = {
            "every path runs in CPython as in the proof": f"{outcome.paths + outcome.covered}",
            **{f"reached: {label}": f"on {many} paths" for label, many in reached.items()},
        }
        if self.cross_check:
            vacuity_checks["cvc5 agrees that there is no counterexample"] = (
                f"{outcome.confirmed} times"
            )
        counterexample = None
        if outcome.failure is not None and verdict.grade is Grade.REFUTED:
            inputs = [(each.name, each.value) for each in outcome.failure.inputs]
            counterexample = self.counterexample(inputs, variant.name if variant else "")
        return replace(verdict, vacuity_checks=vacuity_checks, counterexample=counterexample)

    def refute(self, mutant: Mutant) -> Verdict:
        """REFUTED when the claim fails of the mutant; PROVED, alas, when it is still provable."""
        if self.uncut is None:
            return self.prove(mutant)
        attempt = self._outcome(mutant, cross_check=False)
        if attempt.status == "proved":
            return attempt.verdict(bound=self.bound)
        verdict = self.uncut.prove(mutant)
        failed = {f"{self.name} can no longer be proved": attempt.reason or attempt.status}
        return replace(verdict, vacuity_checks={**verdict.vacuity_checks, **failed})

    def run(self, inputs: Inputs, variant: str = "") -> None:
        """Runs the claim on plain inputs. Raises CheckFailed where it fails."""
        self._freshly(Replaying([Input(*each) for each in inputs]), self._port(variant))

    def counterexample(self, inputs: Inputs, variant: str = "") -> Counterexample | None:
        """How the claim fails on plain inputs, line by line; None if it holds.

        Raises ValueError when the inputs do not fit the claim.
        """
        port, mutant = self._port(variant), self._variant(variant)
        plain = [Input(*each) for each in inputs]
        failure = replay_inputs(lambda e: self._freshly(e, port), plain)
        if failure is None:
            return None
        with LineTrace(mutant.edits if mutant else ()) as lines, suppress(Exception):
            self.run(inputs, variant)
        called = f"{self.name}.run({list(inputs)!r}" + (f", {variant!r})" if variant else ")")
        return Counterexample(
            invariant=f"{self.subject}.{self.name}: {failure.label}",
            citation=self.cites,
            why=self.statement,
            steps=lines.steps(),
            initial_concrete={each.name: shown(each.value) for each in numbered(plain)},
            diverging=f"the claim fails: {failure.label}",
            reproduction=f"from {self.claim.__module__} import {self.name}\n\n{called}",
            replay=Replay(
                f"{self.subject}/symbolic", [self.name, [list(each) for each in inputs]], variant
            ),
        )

    def _outcome(self, variant: Mutant | None, cross_check: bool) -> SymbolicOutcome:
        port = _port(self.of, variant, self.cuts)
        return prove(
            lambda e: self._freshly(e, port), must_reach=self.must_reach, cross_check=cross_check
        )

    def _freshly(self, e: Engine, port: Any) -> None:
        """The claim, on a substrate on which nobody holds a lock: an earlier path may have thrown."""
        start_anew()
        self.claim(e, port)

    def _port(self, variant: str) -> Port:
        return _port(self.of, self._variant(variant), self.cuts)

    def _variant(self, name: str) -> Mutant | None:
        variants = importlib.import_module(self.claim.__module__).VARIANTS
        return variants[name] if name else None


def theorem(
    *must_reach: str,
    cites: str,
    bound: str = "",
    cuts: Sequence[LoopSite] = (),
    uncut: SymbolicTheorem | None = None,
    cross_check: bool = True,
    of: str = PORT,
) -> Callable[[Callable[[Engine, Any], None]], SymbolicTheorem]:
    """Makes a claim a theorem. Its module names the mutants and variants of the port in `VARIANTS`."""
    return lambda claim: SymbolicTheorem(
        claim, cites, must_reach, bound, tuple(cuts), uncut, cross_check, of
    )


def named(variants: Mapping[str, Mutant], *names: str) -> list[Mutant]:
    """The mutants of these names."""
    return [variants[name] for name in names]


def replay_theorems(module: ModuleType) -> Replayer:
    """The replay harness of a module's theorems: its choices are a name and the inputs."""

    def replay(choices: Sequence[Any], variant: str) -> ReplayResult:
        name, inputs = choices
        claim = getattr(module, name, None)
        remedy = "was the file written by another version? run the proofs again"
        if not isinstance(claim, SymbolicTheorem):
            raise CannotReplay(f"there is no theorem {name!r} in {module.__name__}", remedy)
        if variant and variant not in module.VARIANTS:
            raise CannotReplay(f"there is no mutant or variant {variant!r} of the port", remedy)
        counterexample = claim.counterexample([(each, value) for each, value in inputs], variant)
        if counterexample is None:
            return ReplayResult(False, f"on these inputs it holds that: {claim.statement}")
        return ReplayResult(True, counterexample.text())

    return replay


@cache
def _port(of: str, variant: Mutant | None, cuts: tuple[LoopSite, ...]) -> Port:
    return Port(of, variant, cuts)
