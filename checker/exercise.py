"""A port that random rules drive: what it is bound to, what it raises, what must happen to it.

`checker.stateful` runs it, and has the kind that compares the port with a model.
"""

import functools
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar, Self

from hypothesis.stateful import RuleBasedStateMachine

from checker.binding import Binding
from checker.counterexample import Scalar, place
from checker.mutation import Mutant
from checker.refinement import Diverged
from checker.shared import Throw


class Exercise(RuleBasedStateMachine):
    """A port that takes random steps. A subclass makes it in `build`.

    Arguments of rules are plain (numbers, texts, truth values) and there are no bundles, so that a
    run can be written down and run again. `throw` is what the port raises instead of crashing,
    `throws` are the texts of the throws that the rules must provoke. `harness` names the replay
    harness.
    """

    package: ClassVar[str]
    mutants: ClassVar[Mapping[str, Mutant]] = {}
    mutant: ClassVar[Mutant | None] = None
    throw: ClassVar[type[Exception]] = Throw
    throws: ClassVar[Collection[str]] = ()
    harness: ClassVar[str] = "stateful"

    def __init__(self) -> None:
        super().__init__()
        self.called: Callable[..., Any] | None = None
        self.thrown: Counter[str] = Counter()
        self.port = self.bound()
        self.view = self.build()

    @classmethod
    def on(cls, variant: str) -> type[Self]:
        """The exercise over one of the `mutants` of the port, by name; "" is the port itself.

        Raises KeyError for a name that is neither.
        """
        if not variant:
            return cls
        namespace = {"mutant": cls.mutants[variant], "__module__": cls.__module__}
        return type(cls.__name__, (cls,), namespace)

    @classmethod
    def bind(cls) -> Binding:
        """Binds the port, with its mutant's bug if it has one."""
        return cls.mutant.bind(cls.package) if cls.mutant else Binding(cls.package)

    @classmethod
    def bound(cls) -> Binding:
        """The port that all runs of the exercise use."""
        return _bound(cls)

    @classmethod
    def subject(cls) -> str:
        """What the claims are about."""
        raise NotImplementedError

    @classmethod
    def actions(cls) -> Collection[str]:
        """What must come about in the course of the runs."""
        return ()

    @classmethod
    def excused(cls) -> Mapping[str, str]:
        """Those actions that can't come about, each with the reason."""
        return {}

    def build(self) -> Any:
        """Makes a fresh port and returns it, or what shows it."""
        raise NotImplementedError

    def fired(self) -> Mapping[str, int]:
        """How often each of the actions came about."""
        return {}

    def concrete(self) -> Mapping[str, Scalar]:
        """The port's state as flat names and values, for the trace of a failure."""
        return {}

    def abstract(self) -> Mapping[str, Scalar]:
        """What stands beside the port, as flat names and values."""
        return {}

    def recover(self) -> None:
        """Puts right what a throw left behind: the program it ends is not the one that goes on."""

    def port_call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls the port, and remembers what was called for the trace of a failure.

        Raises Diverged where the port raises anything but a throw.
        """
        self.called = function
        try:
            return function(*arguments)
        except (Diverged, self.throw):
            raise
        except Exception as error:
            at = traceback.extract_tb(error.__traceback__)[-1]
            why = f"{type(error).__name__}: {error} ({place(at.filename, at.lineno or 0)})"
            raise self.divergence("no_exception", why) from error

    def refused(
        self, function: Callable[..., Any], *arguments: Any, throws: str, because: str
    ) -> None:
        """Calls the port with what it must refuse by throwing this text, `because` it is forbidden.

        That nothing changed is seen when the port is compared with the model after the rule.
        """
        if throws not in self.throws:
            raise ValueError(f"{because} is forbidden, and {throws!r} is not declared in throws")
        try:
            self.port_call(function, *arguments)
        except self.throw as error:
            self.recover()
            if str(error) != throws:
                why = f"the port throws {str(error)!r} where {throws!r} is due"
                raise self.divergence("throws", why) from error
            self.thrown[throws] += 1
        else:
            why = f"{because} is forbidden, but the port does not throw {throws!r}"
            raise self.divergence("throws", why)

    def divergence(self, name: str, why: str) -> Diverged:
        """Something of that name is not as it must be."""
        return self.broken(name, "", why)

    def broken(self, name: str, cites: str, why: str) -> Diverged:
        """A claim of that name is false, which is stated at `cites`."""
        return Diverged(f"{self.subject()}.{name}", cites, why)


@functools.cache
def _bound(exercise: type[Exercise]) -> Binding:
    return exercise.bind()
