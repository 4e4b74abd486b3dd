"""The model has its invariants, the lock is a run of the model, and a planted bug is found."""

from functools import partial
from typing import Any

from checker.binding import Edit
from checker.induction import prove
from checker.interleaving import (
    Kind,
    Operation,
    Outcome,
    Refinement,
    Scenario,
    Setup,
    View,
    Violation,
    check_interleavings,
    check_races,
    check_refinement,
    explored,
    replay,
)
from checker.plain import Instance
from checker.reachability import check_reachable
from checker.refinement import Abstraction, ModelRun
from checker.verdict import Grade
from examples.ticket_lock import lock, model

THREADS = 3


def test_it_is_ordinary_python() -> None:
    account = lock.Account()
    lock.deposit(account, 5)
    assert account.balance == 5


# The model, for any number of threads.


def test_one_thread_holds_the_lock_at_a_time() -> None:
    verdict = prove(model.machine)
    assert verdict.grade is Grade.PROVED


def test_without_its_lemmas_the_claim_is_not_inductive() -> None:
    machine = model.machine.copy()
    del machine.invariants["the_holder_is_served"]
    verdict = prove(machine)
    assert verdict.grade is Grade.REFUTED
    assert verdict.counterexample is not None
    assert "counterexample to induction" in verdict.counterexample.why


def test_numbers_grow_for_ever_so_the_states_do_not_end() -> None:
    assert check_reachable(model.machine, {"Thread": 2}, state_limit=1000).grade is Grade.UNKNOWN


# The lock itself, in every interleaving.


def deposits(port: Any) -> Setup:
    """Three threads that each deposit one."""
    account = port.lock.Account()
    threads = [(f"T{t}", partial(port.lock.deposit, account, 1)) for t in range(THREADS)]
    return Setup(threads, {"account": account})


def nothing_is_lost(view: View, _outcome: Outcome) -> None:
    balance = view.get(view["account"], "balance")
    if balance != THREADS:
        raise Violation("nothing is lost", f"{THREADS} deposits make {balance}")


SCENARIO = Scenario("three deposits", deposits, final=nothing_is_lost)

RACY = Edit(
    "lock",
    "    ticket = lock.next.add(1) - 1\n",
    "    ticket = lock.next.load()\n    lock.next.store(ticket + 1)\n",
)
"""Two threads may load the same number before either stores the next."""


def test_no_deposit_is_lost_in_any_interleaving() -> None:
    verdict = check_interleavings(SCENARIO, explored("examples.ticket_lock"), states=68)
    assert verdict.grade is Grade.EXHAUSTED
    assert verdict.bound == "three deposits, sequentially consistent, 72 interleavings"
    assert check_races(SCENARIO, explored("examples.ticket_lock")).grade is Grade.EXHAUSTED


def test_drawing_a_number_in_two_steps_is_found() -> None:
    port = explored("examples.ticket_lock", edits=[RACY])
    verdict = check_interleavings(SCENARIO, port)
    assert verdict.grade is Grade.REFUTED
    counterexample = verdict.counterexample
    assert counterexample is not None
    assert counterexample.diverging.startswith("account.balance was")
    assert [step.action for step in counterexample.steps[:2]] == [
        "load account.lock.next -> 0",
        "load account.lock.next -> 0",
    ]
    schedule = [step.thread for step in counterexample.steps]
    assert replay(SCENARIO, port, schedule).violation is not None
    assert replay(SCENARIO, explored("examples.ticket_lock"), ["T0"]).violation is None


# Each of its steps is a step of the model.

ABSTRACTION = Abstraction(
    model.machine,
    history={
        "stage": "it is where the thread is in the code",
        "ticket": "it is in a local variable",
    },
)


@ABSTRACTION.of
def next(view: View) -> Any:  # noqa: A001  # the model's name for it
    return view.get(view["account"], "lock", "next")


@ABSTRACTION.of
def serving(view: View) -> Any:
    return view.get(view["account"], "lock", "serving")


def follow(run: ModelRun, operation: Operation, _view: View) -> None:
    """The model's step that an operation of a thread stands for, if it is one."""
    t = int(operation.thread.removeprefix("T"))
    if operation.kind is Kind.RMW:
        run.take("draw" if operation.place.endswith("next") else "leave", t)
    elif operation.kind is Kind.LOAD and operation.answer == run.see("ticket", t):
        run.take("enter", t)


def refinement() -> Refinement:
    return Refinement(
        SCENARIO,
        Instance(ABSTRACTION.machine, {"Thread": THREADS}),
        ABSTRACTION,
        start=lambda _run, _view: None,
        follow=follow,
        port=lambda view: view,
    )


def test_the_lock_refines_the_model() -> None:
    verdict = check_refinement(refinement(), explored("examples.ticket_lock"))
    assert verdict.grade is Grade.EXHAUSTED
    assert {name: verdict.counts[f"fired:{name}"] > 0 for name in ("draw", "enter", "leave")} == {
        "draw": True,
        "enter": True,
        "leave": True,
    }


def test_a_lock_that_serves_nobody_is_no_refinement() -> None:
    idle = Edit("lock", "    lock.serving.add(1)", "    lock.serving.load()")
    verdict = check_refinement(refinement(), explored("examples.ticket_lock", edits=[idle]))
    assert verdict.grade is Grade.REFUTED
