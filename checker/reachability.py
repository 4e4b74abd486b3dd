"""Exhaustive reachability: every state of a small instance, with shortest counterexamples.

It complements induction. It knows that each action really fires from the initial state, its
counterexamples are reachable by construction, and its state counts are an alarm: a specification
that was changed by accident rarely keeps them.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checker.counterexample import Counterexample, Replay, Step, changed
from checker.emitted import EmittedInstance
from checker.plain import Instance, PlainState
from checker.spec import Action, Machine, Property, applied
from checker.verdict import Grade, Verdict

Parent = tuple[PlainState, Action, tuple[int, ...]]
DEFAULT_STATE_LIMIT = 2_000_000

FIRST, EACH = 50, 1000
"""In the first so many states, and in each so manieth, the emitted text is compared with the bodies."""


@dataclass
class Reachable:
    """What a search visited. `broken` is the first violation found, at the least depth."""

    states: int = 0
    transitions: int = 0
    depth: int = 0
    fired: dict[str, int] = field(default_factory=dict)
    broken: (
        tuple[Property, tuple[int, ...], list[tuple[Action, tuple[int, ...], PlainState]]] | None
    ) = None
    limited: bool = False
    sample: list[PlainState] = field(default_factory=list)
    """The first states, and some of the later ones."""


def explore(instance: Instance, *, state_limit: int = DEFAULT_STATE_LIMIT) -> Reachable:
    """Visits every reachable state breadth first and checks every property in each."""
    machine = instance.machine
    found = Reachable(fired=dict.fromkeys(machine.actions, 0))
    parents: dict[PlainState, Parent | None] = {instance.initial: None}
    queue = deque([(instance.initial, 0)])
    broken = instance.broken(instance.initial)
    if broken:
        found.broken = (*broken, [])
        return found
    while queue:
        state, found.depth = queue.popleft()
        for action, arguments, after in instance.successors(state):
            found.transitions += 1
            found.fired[action.name] += 1
            wrong = instance.broken_step(state, after)
            if wrong is not None:
                last = (action, arguments, after)
                found.broken = (*wrong, [*_path(parents, state), last])
                return found
            if after in parents:
                continue
            parents[after] = (state, action, arguments)
            if len(parents) <= FIRST or len(parents) % EACH == 0:
                found.sample.append(after)
            broken = instance.broken(after)
            if broken:
                found.broken = (*broken, _path(parents, after))
                return found
            if len(parents) >= state_limit:
                found.limited = True
                return found
            queue.append((after, found.depth + 1))
    found.states = len(parents)
    return found


def check_reachable(
    machine: Machine,
    sizes: Mapping[str, int],
    constants: Mapping[str, int] | None = None,
    *,
    states: int | None = None,
    state_limit: int = DEFAULT_STATE_LIMIT,
    variant: str = "",
) -> Verdict:
    """EXHAUSTED when every property holds in every reachable state of the instance.

    `states` is the recorded number of states: any other number makes the verdict UNKNOWN, because
    it means that the machine is not the one that was reviewed. An action that never fires makes it
    VACUOUS. `variant` names a mutated machine in the replay of its counterexample.
    """
    instance = EmittedInstance(machine, sizes, constants)
    found = explore(instance, state_limit=state_limit)
    bound = ", ".join(f"{n} = {v}" for n, v in [*sizes.items(), *(constants or {}).items()])
    counts = {
        "states": found.states,
        "transitions": found.transitions,
        "depth": found.depth,
        **{f"fired:{name}": count for name, count in found.fired.items()},
    }
    if found.broken:
        counterexample = retrace(instance, *found.broken, variant)
        return Verdict(Grade.REFUTED, bound=bound, counts=counts, counterexample=counterexample)
    if found.limited:
        return Verdict(Grade.UNKNOWN, reason=f"stopped at {state_limit} states", counts=counts)
    idle = [name for name, count in found.fired.items() if not count]
    if idle:
        return Verdict(Grade.VACUOUS, reason=f"never fired: {', '.join(idle)}", counts=counts)
    if states is not None and found.states != states:
        reason = f"{found.states} states where {states} are recorded: the machine changed"
        return Verdict(Grade.UNKNOWN, reason=reason, counts=counts)
    if not _agree(instance, Instance(machine, sizes, constants), found.sample):
        reason = f"{machine.name}: the emitted text does not do what the bodies do"
        return Verdict(Grade.UNKNOWN, reason=reason, counts=counts)
    vacuity_checks = {
        "every action fires": f"{len(found.fired)} of {len(found.fired)}",
        "the emitted text does what the bodies do": f"in {len(found.sample)} of the states",
    }
    return Verdict(Grade.EXHAUSTED, bound=bound, counts=counts, vacuity_checks=vacuity_checks)


def _agree(text: Instance, bodies: Instance, states: Sequence[PlainState]) -> bool:
    """Whether two readings take the same steps and judge alike in these states."""
    for state in states:
        steps = list(bodies.successors(state))
        if list(text.successors(state)) != steps or text.broken(state) != bodies.broken(state):
            return False
        for _, _, after in steps:
            if text.broken_step(state, after) != bodies.broken_step(state, after):
                return False
    return True


def retrace(
    instance: Instance,
    prop: Property,
    arguments: tuple[int, ...],
    path: list[tuple[Action, tuple[int, ...], PlainState]],
    variant: str = "",
) -> Counterexample:
    """A path of the machine as a trace of abstract differences."""
    before = instance.describe(instance.initial)
    initial = before
    steps = []
    states = [instance.initial, *(state for _, _, state in path)]
    reads = instance.reads(prop, states, arguments)
    for earlier, (action, action_arguments, state) in zip(states, path, strict=False):
        reads |= instance.reads(action, [earlier], action_arguments)
        after = instance.describe(state)
        steps.append(
            Step(
                thread="machine",
                action=applied(action, action_arguments),
                function=action.cites,
                abstract=changed(before, after),
            )
        )
        before = after
    machine = instance.machine
    sizes = {"sizes": instance.sizes, "constants": instance.constants}
    choices = [sizes, *([action.name, *given] for action, given, _ in path)]
    return Counterexample(
        invariant=f"{machine.name}.{prop.name}",
        citation=prop.cites,
        why=prop.why,
        steps=steps,
        initial_abstract=initial,
        diverging=f"{applied(prop, arguments)} is false",
        replay=Replay(f"{machine.name}/model", choices, variant),
        reads=tuple(sorted(reads)),
    )


def _path(
    parents: Mapping[PlainState, Parent | None], state: PlainState
) -> list[tuple[Action, tuple[int, ...], PlainState]]:
    path = []
    step = parents[state]
    while step is not None:
        before, action, arguments = step
        path.append((action, arguments, state))
        state = before
        step = parents[state]
    return path[::-1]
