"""The contracts of a subject over the port or one of its mutants."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checker.binding import Binding
from checker.contracts import Contract, check_contract
from checker.counterexample import Replay
from checker.mutation import Mutant
from checker.verdict import Verdict
from harness.replay import CannotReplay, ReplayResult

Maker = Callable[[str, Binding], Contract]
"""Makes the contract of a name over a binding of the port."""


class Contracts:
    """Contracts by name. The subject's `contracts` module calls them CONTRACTS."""

    def __init__(
        self, module: str, makers: Mapping[str, Maker], mutants: Mapping[str, Mutant]
    ) -> None:
        self.module, self._makers, self._mutants = module, makers, mutants

    @property
    def names(self) -> list[str]:
        """All of them."""
        return list(self._makers)

    def of(self, name: str, variant: str = "") -> Contract:
        """The contract over the port itself, or over a mutant. Raises CannotReplay for others."""
        if not variant:
            return self._makers[name](name, Binding("impl"))
        if variant not in self._mutants:
            remedy = f"was the file written by another version? there are {list(self._mutants)}"
            raise CannotReplay(f"there is no mutant {variant!r}", remedy)
        return self._makers[name](name, self._mutants[variant].bind("impl"))

    def check(self, name: str, variant: str = "") -> Verdict:
        """CrossHair's verdict."""
        program = (
            f"from {self.module} import CONTRACTS\n\ncontract = CONTRACTS.of({name!r}, {variant!r})"
        )
        subject = self.module.split(".")[-2]
        replay = Replay(f"{subject}/contracts", [], variant)
        return check_contract(self.of(name, variant), replay, program)

    def replay(self, choices: Sequence[Any], variant: str) -> ReplayResult:
        """The replay harness: its choices are a name and the arguments."""
        name, arguments = choices
        why = self.of(name, variant).broken(arguments)
        spelled = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
        return ReplayResult(bool(why), f"{name}({spelled}): {why or 'it holds'}")
