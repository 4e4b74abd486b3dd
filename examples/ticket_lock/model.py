"""What a ticket lock must do: one thread holds it at a time, whoever drew the lowest number."""

from checker.spec import (
    And,
    Choice,
    Element,
    Enumeration,
    Implies,
    Machine,
    Next,
    Or,
    Range,
    State,
    Truth,
)


class Stage(Enumeration):
    """What a thread is in the middle of."""

    OUTSIDE = 0
    WAITING = 1
    HOLDING = 2


OUTSIDE, WAITING, HOLDING = Stage

machine = Machine("ticket_lock", cites="lock.py acquire", why="two holders lose deposits")
Thread = machine.sort("Thread")

# Init: every entry has its first value.
machine.var("stage", Thread, type=Choice(Stage), init=OUTSIDE)
machine.var("ticket", Thread, type=Range(0, None), init=0)
machine.var("next", type=Range(0, None), init=0)
machine.var("serving", type=Range(0, None), init=0)


# Next: a step is one of these, by any thread.
@machine.action(t=Thread, cites="lock.py acquire")
def draw(x: State, n: Next, t: Element) -> None:
    x.require(x.stage[t] == OUTSIDE)
    n.stage[t] = WAITING
    n.ticket[t] = x.next
    n.next = x.next + 1


@machine.action(t=Thread, cites="lock.py acquire")
def enter(x: State, n: Next, t: Element) -> None:
    x.require(And(x.stage[t] == WAITING, x.ticket[t] == x.serving))
    n.stage[t] = HOLDING


@machine.action(t=Thread, cites="lock.py release")
def leave(x: State, n: Next, t: Element) -> None:
    x.require(x.stage[t] == HOLDING)
    n.stage[t] = OUTSIDE
    n.serving = x.serving + 1


@machine.invariant(t=Thread, u=Thread, cites="lock.py deposit")
def one_holder(x: State, t: Element, u: Element) -> Truth:
    """Two threads with the lock would both read the balance before either writes it."""
    return Implies(And(x.stage[t] == HOLDING, x.stage[u] == HOLDING), t == u)


@machine.invariant(t=Thread, u=Thread, cites="lock.py acquire", lemma=True)
def tickets_differ(x: State, t: Element, u: Element) -> Truth:
    """A number is drawn once."""
    inside = And(x.stage[t] != OUTSIDE, x.stage[u] != OUTSIDE)
    return Implies(And(inside, x.ticket[t] == x.ticket[u]), t == u)


@machine.invariant(t=Thread, cites="lock.py acquire", lemma=True)
def tickets_are_due(x: State, t: Element) -> Truth:
    """Who is inside drew a number that is served now or later."""
    due = And(x.serving <= x.ticket[t], x.ticket[t] < x.next)
    return Or(x.stage[t] == OUTSIDE, due)


@machine.invariant(cites="lock.py acquire", lemma=True)
def served_numbers_were_drawn(x: State) -> Truth:
    """Each number that was served had a holder."""
    return x.serving <= x.next


@machine.invariant(t=Thread, cites="lock.py acquire", lemma=True)
def the_holder_is_served(x: State, t: Element) -> Truth:
    """Nobody gets in with another number."""
    return Implies(x.stage[t] == HOLDING, x.ticket[t] == x.serving)
