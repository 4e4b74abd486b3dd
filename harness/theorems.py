"""How the theorems of each technique are declared: one function for each, which makes their group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from checker.exercise import Exercise
from checker.induction import prove
from checker.mutation import Mutant
from checker.obligation import Technique
from checker.reachability import check_reachable
from checker.spec import Machine
from checker.stateful import check_stateful
from checker.verdict import Grade, Verdict
from harness import cases
from harness.cases import Claim
from harness.contracts import Contracts
from harness.means import Means
from harness.models import machines, replay_model, replay_step
from harness.replay import Replayer
from harness.stateful import replay_on
from harness.subject import Group, Theorem
from harness.symbolic import SymbolicTheorem, replay_theorems


def _each(mutants: Sequence[Mutant], case: str = "") -> list[tuple[Mutant, str]]:
    """The mutants, all to be refuted in one case."""
    return [(each, case) for each in mutants]


def model_theorems(
    model: ModuleType,
    *,
    statement: str,
    cites: str,
    sizes: Mapping[str, int],
    constants: Mapping[str, int] | None = None,
    states: int,
    mutants: Sequence[Mutant],
    others: Mapping[str, Callable[[], Machine]] | None = None,
    more: Sequence[Theorem[Any]] = (),
) -> Group:
    """Model ⊨ invariants: by induction for any sizes, by exhaustive search of a small instance.

    `states` is the recorded number of those reachable in the instance. `others` are machines by name
    that `more` theorems are about.
    """
    name = model.__name__.rpartition(".")[2]

    def machine(variant: Mutant | None) -> Machine:
        module = model if variant is None else getattr(variant.bind("model"), name)
        built: Machine = module.build()
        return built

    def by_induction(_case: str, variant: Mutant | None, _means: Means) -> Verdict:
        return prove(machine(variant), variant=variant.name if variant else "")

    def by_search(_case: str, variant: Mutant | None, _means: Means) -> Verdict:
        if variant is None:
            return check_reachable(machine(None), sizes, constants, states=states)
        return check_reachable(machine(variant), sizes, constants, variant=variant.name)

    known = {**machines(name, model.build, mutants), **(others or {})}
    return Group(
        (
            Theorem(
                "induction",
                Technique.INDUCTION,
                statement,
                cites,
                Grade.PROVED,
                by_induction,
                mutants=_each(mutants),
            ),
            Theorem(
                "reachability",
                Technique.REACHABILITY,
                statement,
                cites,
                Grade.EXHAUSTED,
                by_search,
                mutants=_each(mutants),
            ),
            *more,
        ),
        {"model": replay_model(known), "induction": replay_step(known)},
    )


@dataclass(frozen=True)
class Effort:
    """How much random runs try."""

    examples: int
    steps: int
    seed: int = 1
    costly: bool = False
    """Whether a step takes so long that fewer are tried while shrinking."""
    nightly: bool = False
    """Whether more examples are tried in the night."""

    def check(self, machine: type[Exercise], more: int = 1) -> Verdict:
        """The verdict on a machine; `more` multiplies the examples of a nightly one."""
        return check_stateful(
            machine,
            examples=self.examples * (more if self.nightly else 1),
            steps=self.steps,
            seed=self.seed,
            costly=self.costly,
        )


def random_runs(
    machine: type[Exercise],
    *,
    statement: str,
    cites: str,
    effort: Effort,
    name: str = "stateful",
    expect: Grade = Grade.SAMPLED,
    finding: str = "",
    violates: Sequence[str] = (),
    mutants: Sequence[Mutant] = (),
    mutant_effort: Effort = Effort(300, 15),
    refute: Callable[[Mutant], Verdict] | None = None,
) -> Group:
    """Random operations, one after the other. `refute` replaces how a mutant's runs are judged."""

    def check(_case: str, variant: Mutant | None, means: Means) -> Verdict:
        if variant is None:
            return effort.check(machine, means.more)
        if refute is not None:
            return refute(variant)
        return mutant_effort.check(machine.on(variant.name))

    theorem = Theorem(
        name,
        Technique.STATEFUL,
        statement,
        cites,
        expect,
        check,
        finding=finding,
        violates=violates,
        mutants=_each(mutants),
    )
    return Group((theorem,), {machine.harness: replay_on(machine)})


def symbolic_theorems(
    module: ModuleType,
    *theorems: tuple[SymbolicTheorem, Sequence[Mutant]],
    more: Sequence[Theorem[Any]] = (),
    replays: Mapping[str, Replayer] | None = None,
) -> Group:
    """Claims about the port for all inputs: each theorem of the module with its mutants."""
    return Group(
        (*(symbolic(each, mutants) for each, mutants in theorems), *more),
        {"symbolic": replay_theorems(module), **(replays or {})},
    )


def symbolic(
    claim: SymbolicTheorem,
    mutants: Sequence[Mutant] = (),
    *,
    suffix: str = "",
    variant: Mutant | None = None,
    finding: str = "",
    violates: Sequence[str] = (),
) -> Theorem[Mutant]:
    """One claim. With a finding it must be refuted; else it is proved, or exhausted in its bound."""
    expect = Grade.REFUTED if finding else Grade.EXHAUSTED if claim.bound else Grade.PROVED

    def check(_case: str, chosen: Mutant | None, _means: Means) -> Verdict:
        if chosen is not None and chosen in mutants:
            return claim.refute(chosen)
        return claim.prove(chosen)

    return Theorem(
        f"symbolic_{claim.name}{suffix}",
        Technique.SYMBOLIC,
        claim.statement,
        claim.cites,
        expect,
        check,
        variant=variant,
        finding=finding,
        violates=violates,
        mutants=_each(mutants),
    )


def contract_theorems(
    contracts: Contracts,
    *,
    statement: str,
    cites: str,
    breaks: Mapping[str, Mutant],
    bounded: Sequence[str] = (),
) -> Group:
    """Pure functions meet their contracts; those `bounded` are confirmed for few values only.

    `breaks` has for each of some contracts a mutant that breaks it.
    """

    def check(name: str, variant: Mutant | None, _means: Means) -> Verdict:
        return contracts.check(name, variant.name if variant else "")

    whole = [name for name in contracts.names if name not in bounded]
    theorem: Theorem[Mutant] = Theorem(
        "contract",
        Technique.CONTRACT,
        statement,
        cites,
        Grade.PROVED,
        check,
        cases=whole,
        mutants=[(mutant, name) for name, mutant in breaks.items()],
        cases_in_ids=True,
    )
    within: Theorem[Mutant] = Theorem(
        "contract_within_a_bound",
        Technique.CONTRACT,
        statement,
        cites,
        Grade.EXHAUSTED,
        check,
        cases=bounded,
    )
    return Group((theorem, within) if bounded else (theorem,), {"contracts": contracts.replay})


def case_theorem(
    claim: Claim,
    name: str,
    harness: str,
    *,
    cites: str,
    statement: str = "",
    expect: Grade = Grade.EXHAUSTED,
    variant: Mutant | None = None,
    finding: str = "",
    mutants: Sequence[Mutant] = (),
) -> Theorem[Mutant]:
    """A claim in all of its cases, on the port or on the `variant` with a remedy.

    The mutants are planted in that variant. `harness` is `<subject>/<name>` of the replay.
    """

    def check(_case: str, chosen: Mutant | None, _means: Means) -> Verdict:
        return cases.holds(claim, harness=harness, variant=chosen)

    planted = [cases.fixed(variant, each) if variant else each for each in mutants]
    return Theorem(
        name,
        Technique.CASES,
        statement or claim.statement,
        cites,
        Grade.REFUTED if finding else expect,
        check,
        variant=variant,
        finding=finding,
        violates=(claim.name,) if finding else (),
        mutants=_each(planted),
    )


def case_by_case(replays: Mapping[str, Sequence[Claim]], *theorems: Theorem[Mutant]) -> Group:
    """Claims that are checked case by case; `replays` has the claims of each harness."""
    variants: dict[str, Mutant] = {}
    for theorem in theorems:
        for each in (*(mutant for mutant, _ in theorem.mutants), theorem.variant):
            if each is not None:
                variants[each.name] = each
    harnesses = {
        name: cases.replay_cases(claims, variants.values()) for name, claims in replays.items()
    }
    return Group(theorems, harnesses)
