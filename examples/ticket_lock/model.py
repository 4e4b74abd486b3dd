"""What a ticket lock must do: one thread holds it at a time, whoever drew the lowest number."""

from typing import Any

from checker.spec import And, Choice, Implies, Machine, Or, Range

STAGE = Choice(("OUTSIDE", "WAITING", "HOLDING"))
OUTSIDE, WAITING, HOLDING = range(3)


def build() -> Machine:
    machine = Machine("ticket_lock", cites="lock.py acquire", why="two holders lose deposits")
    thread = machine.sort("Thread")
    machine.var("stage", thread, type=STAGE, init=OUTSIDE)
    machine.var("ticket", thread, type=Range(0, None), init=0)
    machine.var("next", type=Range(0, None), init=0)
    machine.var("serving", type=Range(0, None), init=0)

    @machine.action(t=thread, cites="lock.py acquire")
    def draw(x: Any, n: Any, t: Any) -> None:
        x.require(x.stage[t] == OUTSIDE)
        n.stage[t] = WAITING
        n.ticket[t] = x.next
        n.next = x.next + 1

    @machine.action(t=thread, cites="lock.py acquire")
    def enter(x: Any, n: Any, t: Any) -> None:
        x.require(And(x.stage[t] == WAITING, x.ticket[t] == x.serving))
        n.stage[t] = HOLDING

    @machine.action(t=thread, cites="lock.py release")
    def leave(x: Any, n: Any, t: Any) -> None:
        x.require(x.stage[t] == HOLDING)
        n.stage[t] = OUTSIDE
        n.serving = x.serving + 1

    @machine.invariant(t=thread, u=thread, cites="lock.py deposit")
    def one_holder(x: Any, t: Any, u: Any) -> Any:
        """Two threads with the lock would both read the balance before either writes it."""
        return Implies(And(x.stage[t] == HOLDING, x.stage[u] == HOLDING), t == u)

    @machine.invariant(t=thread, u=thread, cites="lock.py acquire", lemma=True)
    def tickets_differ(x: Any, t: Any, u: Any) -> Any:
        """A number is drawn once."""
        drawn = And(x.stage[t] != OUTSIDE, x.stage[u] != OUTSIDE)
        return Implies(And(drawn, x.ticket[t] == x.ticket[u]), t == u)

    @machine.invariant(t=thread, cites="lock.py acquire", lemma=True)
    def tickets_are_due(x: Any, t: Any) -> Any:
        """Who is inside drew a number that is served now or later."""
        due = And(x.serving <= x.ticket[t], x.ticket[t] < x.next)
        return Or(x.stage[t] == OUTSIDE, due)

    @machine.invariant(cites="lock.py acquire", lemma=True)
    def served_numbers_were_drawn(x: Any) -> Any:
        """Each number that was served had a holder."""
        return x.serving <= x.next

    @machine.invariant(t=thread, cites="lock.py acquire", lemma=True)
    def the_holder_is_served(x: Any, t: Any) -> Any:
        """Nobody gets in with another number."""
        return Implies(x.stage[t] == HOLDING, x.ticket[t] == x.serving)

    return machine
