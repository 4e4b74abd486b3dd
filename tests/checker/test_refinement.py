"""Refinement: a run of a port is a run of the model, and shows its state."""

from collections.abc import Sequence

import pytest

from checker.plain import Instance
from checker.refinement import Abstraction, Diverged, Mismatch, ModelRun
from checker.spec import BOOL, Element, Machine, Next, Not, State

Doors = Sequence[bool | None]
"""The port: which doors are open; None where one is missing."""


def machine() -> Machine:
    """Doors that are opened and closed; `guest` is a variable without a counterpart."""
    made = Machine("doors", cites="doors.go:1", why="somebody must be let in")
    door = made.sort("Door")
    made.var("open", door, type=BOOL, init=False)
    made.var("guest", type=BOOL, init=False)

    @made.action(d=door, cites="doors.go:10 Open")
    def open_door(x: State, n: Next, d: Element) -> None:
        x.require(Not(x.open[d]))
        n.open[d] = True

    return made


def doors(**declared: str) -> Abstraction:
    abstraction = Abstraction(machine(), history={"guest": "it is a thought", **declared})

    def opened(port: Doors, d: int) -> bool | None:
        return port[d]

    opened.__name__ = "open"
    abstraction.of(opened)
    return abstraction


@pytest.fixture
def run() -> ModelRun:
    abstraction = doors()
    return ModelRun(Instance(abstraction.machine, {"Door": 2}), abstraction)


def test_port_and_model_agree(run: ModelRun) -> None:
    run.compare([False, False])
    run.take("open_door", 1)
    run.compare([False, True])
    assert run.see("open", 1) is True
    assert run.fired == {"open_door": 1}
    assert run.describe() == {"open[0]": False, "open[1]": True, "guest": False}


def test_the_first_difference_is_named(run: ModelRun) -> None:
    with pytest.raises(Diverged) as caught:
        run.compare([False, True])
    assert caught.value.invariant == "doors.open"
    assert caught.value.citation == "doors.go:1"
    assert caught.value.why == "open[1] is False in the model and True in the port"


def test_a_mismatch_of_a_scalar_has_no_index() -> None:
    assert str(Mismatch("phase", (), 0, 1)) == "phase is 0 in the model and 1 in the port"


def test_a_step_that_the_model_forbids(run: ModelRun) -> None:
    run.take("open_door", 0)
    assert not run.allows("open_door", 0)
    assert run.allows("open_door", 1)
    with pytest.raises(Diverged, match=r"open_door\(d=door 0\), which the model forbids") as caught:
        run.take("open_door", 0)
    assert caught.value.citation == "doors.go:10 Open"
    assert run.fired == {"open_door": 1}


def test_allowing_takes_no_step(run: ModelRun) -> None:
    assert run.allows("open_door", 0)
    run.compare([False, False])


def test_the_representation_is_checked_first() -> None:
    abstraction = doors()

    @abstraction.representation
    def no_hole(port: Doors) -> str | None:
        return "a door is missing" if None in port else None

    run = ModelRun(Instance(abstraction.machine, {"Door": 2}), abstraction)
    run.compare([False, False])
    with pytest.raises(Diverged, match="a door is missing") as caught:
        run.compare([None, True])
    assert caught.value.invariant == "doors.representation"


def test_every_variable_has_a_conjunct_or_a_reason() -> None:
    abstraction = Abstraction(machine(), history={"guest": "it is a thought"})
    run = ModelRun(Instance(abstraction.machine, {"Door": 1}), abstraction)
    with pytest.raises(ValueError, match="no conjunct and no reason for open"):
        run.compare([False])


@pytest.mark.parametrize("name", ["window", "guest"])
def test_a_conjunct_is_of_a_variable_that_shows(name: str) -> None:
    def conjunct(port: Doors) -> object:
        return port

    conjunct.__name__ = name
    with pytest.raises(ValueError, match=f"{name} is not a variable of doors that shows"):
        doors().of(conjunct)
