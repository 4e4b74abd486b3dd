"""Span states: when a span may be published, seen and freed, by phase of the collector.

A span is dead, in use (it holds heap objects) or manual (a stack, say). Its fields are filled in
while it is dead and owned by one thread; storing the state publishes it. The collector's
conservative scan may then look a span up for any word it meets, so what it finds must be complete,
and must stay so until it is done. `limit` is kept apart from the other fields because go1.21.13
sets it after the publication (go.dev/issue/74288): `build(limit_first=False)` is that machine.
"""

from checker.spec import (
    BOOL,
    And,
    Choice,
    Element,
    Enumeration,
    Implies,
    Machine,
    Next,
    Not,
    State,
    Truth,
    is_one_of,
)


class Phase(Enumeration):
    """The collector's phase, numbered as Go does."""

    OFF = 0
    MARK = 1
    MARK_TERMINATION = 2


class SpanState(Enumeration):
    """A span's state, numbered as Go does."""

    DEAD = 0
    IN_USE = 1
    MANUAL = 2


OFF, MARK, MARK_TERMINATION = Phase
DEAD, IN_USE, MANUAL = SpanState

machine = Machine(
    "span_state",
    cites="runtime/mheap.go:343",
    why="the collector looks spans up while they are allocated and freed around it",
)
Span, Reader = machine.sort("Span"), machine.sort("Reader")

# Init: the variables, with the initial value of every entry.
machine.var("phase", type=Choice(Phase), init=OFF, why="gcphase")
machine.var("state", Span, type=Choice(SpanState), init=DEAD, why="mspan.state")
machine.var("fields", Span, type=BOOL, init=False, why="all fields but limit are this life's")
machine.var("limit", Span, type=BOOL, init=False, why="limit is this life's")
machine.var("looking", Reader, type=BOOL, init=False, why="found a span in use, using it")
machine.var("at", Reader, type=Span, init=0, why="the span it found")

# Next: a step is one of these, for some span and reader.
machine.next("fill", "set_limit", "publish", "publish_manual", "look", "leave", "retire")
machine.next("start_mark", "terminate_mark", "finish_mark")


def build(*, limit_first: bool = True) -> Machine:
    """The machine in which `limit` must be valid before publication, or the one of go1.21.13."""
    return machine.copy() if limit_first else machine.copy(publish=publish_without_limit)


@machine.action(s=Span, cites="runtime/mheap.go:1382 mheap.initSpan")
def fill(x: State, n: Next, s: Element) -> None:
    """The owner of a dead span fills in everything but limit."""
    x.require(x.state[s] == DEAD)
    n.fields[s] = True


@machine.action(s=Span, cites="runtime/mcentral.go:254 mcentral.grow")
def set_limit(x: State, n: Next, s: Element) -> None:
    """The owner sets limit; go1.21.13 does so for heap spans after the publication."""
    x.require(x.fields[s])
    n.limit[s] = True


@machine.action(s=Span, cites="runtime/mheap.go:1430 mSpanStateBox.set(mSpanInUse)")
def publish(x: State, n: Next, s: Element) -> None:
    """Storing the state publishes the fields, in any phase."""
    x.require(And(x.state[s] == DEAD, x.fields[s]))
    x.require(x.limit[s])
    n.state[s] = IN_USE


def publish_without_limit(x: State, n: Next, s: Element) -> None:
    """How go1.21.13 publishes a heap span."""
    x.require(And(x.state[s] == DEAD, x.fields[s]))
    n.state[s] = IN_USE


@machine.action(s=Span, cites="runtime/mheap.go:1393 mSpanStateBox.set(mSpanManual)")
def publish_manual(x: State, n: Next, s: Element) -> None:
    """A manual span is published the same way; its limit is always set first."""
    x.require(And(x.state[s] == DEAD, x.fields[s], x.limit[s]))
    n.state[s] = MANUAL


@machine.action(r=Reader, s=Span, cites="runtime/mheap.go:735 spanOfHeap")
def look(x: State, n: Next, r: Element, s: Element) -> None:
    """The conservative scan loads the state and finds the span in use."""
    x.require(And(x.phase != OFF, Not(x.looking[r]), x.state[s] == IN_USE))
    n.looking[r] = True
    n.at[r] = s


@machine.action(r=Reader, cites="runtime/mgcmark.go scanConservative")
def leave(x: State, n: Next, r: Element) -> None:
    """The scan is done with the span; no preemption point lies in between."""
    x.require(x.looking[r])
    n.looking[r] = False
    n.at[r] = 0


@machine.action(s=Span, cites="runtime/mheap.go:1642 mheap.freeSpanLocked")
def retire(x: State, n: Next, s: Element) -> None:
    """In-use and manual spans die only while the collector is off."""
    x.require(And(x.phase == OFF, x.state[s] != DEAD, x.limit[s]))
    n.state[s] = DEAD
    n.fields[s] = False
    n.limit[s] = False


@machine.action(cites="runtime/mgc.go gcStart setGCPhase(_GCmark)")
def start_mark(x: State, n: Next) -> None:
    """With the world stopped, marking begins."""
    x.require(x.phase == OFF)
    n.phase = MARK


@machine.action(cites="runtime/mgc.go gcMarkTermination setGCPhase(_GCmarktermination)")
def terminate_mark(x: State, n: Next) -> None:
    """With the world stopped, marking ends."""
    x.require(x.phase == MARK)
    n.phase = MARK_TERMINATION


@machine.action(cites="runtime/mgc.go gcMarkTermination setGCPhase(_GCoff)")
def finish_mark(x: State, n: Next) -> None:
    """The collector goes off; with the world stopped nobody is inside a scan."""
    x.require(x.phase == MARK_TERMINATION)
    x.require(x.all(Reader, lambda r: Not(x.looking[r])))
    n.phase = OFF


# What is claimed.


@machine.invariant(s=Span, cites="runtime/mheap.go:358", why="readers use every field they find")
def visible_fields(x: State, s: Element) -> Truth:
    return Implies(x.state[s] != DEAD, x.fields[s])


@machine.invariant(s=Span, cites="runtime/mheap.go:492", why="a stale limit covers foreign memory")
def visible_limit(x: State, s: Element) -> Truth:
    return Implies(x.state[s] != DEAD, x.limit[s])


@machine.invariant(r=Reader, cites="runtime/mheap.go:354", why="else the scan uses a freed span")
def found_stays_in_use(x: State, r: Element) -> Truth:
    return Implies(x.looking[r], And(x.state[x.at[r]] == IN_USE, x.fields[x.at[r]]))


@machine.invariant(r=Reader, cites="runtime/mgcmark.go scanConservative", lemma=True)
def looks_only_while_marking(x: State, r: Element) -> Truth:
    return Implies(x.looking[r], x.phase != OFF)


@machine.transition(s=Span, cites="runtime/mheap.go:350", why="the state is monotone while marking")
def no_death_while_marking(x: State, n: State, s: Element) -> Truth:
    return Implies(And(x.phase != OFF, x.state[s] != DEAD), n.state[s] == x.state[s])


@machine.transition(s=Span, cites="runtime/mheap.go:345", why="in use and manual never swap")
def lives_begin_dead(x: State, n: State, s: Element) -> Truth:
    return Implies(x.state[s] != DEAD, is_one_of(n.state[s], x.state[s], DEAD))
