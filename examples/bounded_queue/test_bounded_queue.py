"""Each operation is right from any state, by proof; long runs are right, by sampling."""

from collections import deque
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis.stateful import invariant, rule
from hypothesis.strategies import integers

from checker.binding import Binding, Edit
from checker.exercise import Exercise
from checker.mutation import Mutant
from checker.shared import Throw
from checker.stateful import check_stateful
from checker.symbolic import Engine, prove, sample
from checker.verdict import Grade

PACKAGE = "examples.bounded_queue"
MUTANTS = [
    Mutant("one too many", "a full queue takes one more", (Edit("queue", ">= self.cap", "> self.cap"),)),
    Mutant("no wrap", "the tail grows for ever", (Edit("queue", "(self.tail + 1) & MASK", "self.tail + 1"),)),
    Mutant("last first", "the newest item is taken", (Edit("queue", "item = self.slots[self.head &", "item = self.slots[self.tail - 1 &"),)),
]  # fmt: skip
BY_NAME = {each.name: each for each in MUTANTS}


# One operation, from every state: the counters are symbolic.


class Slots:
    """Stands in for the ring: it remembers which slot was touched."""

    touched: Any = None

    def __setitem__(self, slot: Any, item: Any) -> None:
        self.touched = slot

    def __getitem__(self, slot: Any) -> Any:
        self.touched = slot


def any_queue(e: Engine, queues: Any) -> tuple[Any, Any, Any]:
    """A queue of any capacity up to 16 in any state, its capacity and how many items wait."""
    capacity = 1 << e.choose(5, "log2 of the capacity")
    head, waiting = e.word("head", 0, queues.MASK), e.word("waiting", 0, 16)
    e.assume(waiting <= capacity)
    queue = queues.BoundedQueue(capacity)
    queue.head, queue.tail, queue.slots = head, (head + waiting) & queues.MASK, Slots()
    return queue, capacity, waiting


def putting(e: Engine, queues: Any) -> None:
    """An item is put behind those that wait and over none of them; only a full queue refuses."""
    queue, capacity, waiting = any_queue(e, queues)
    try:
        queue.put("item")
    except Throw:
        e.check(waiting == capacity, "it refuses only when it is full")
        return
    e.check(waiting < capacity, "it takes no more than it has slots")
    e.check(queue.size() == waiting + 1, "it has one more")
    e.check(queue.tail <= queues.MASK, "the counter keeps to its bits")
    i = e.word("i", 0, 15)
    e.assume(i < waiting)
    e.check(queue.slots.touched != (queue.head + i) & (capacity - 1), "no waiting item is lost")


def getting(e: Engine, queues: Any) -> None:
    """The item that has waited longest is taken."""
    queue, capacity, waiting = any_queue(e, queues)
    oldest = queue.head & (capacity - 1)
    try:
        queue.get()
    except Throw:
        e.check(waiting == 0, "it refuses only when it is empty")
        return
    e.check(queue.slots.touched == oldest, "the oldest item is taken")
    e.check(queue.size() == waiting - 1, "it has one less")


@pytest.mark.parametrize("claim", [putting, getting])
def test_an_operation_is_right_from_every_state(claim: Any) -> None:
    queues = Binding(PACKAGE).queue
    outcome = prove(partial(claim, queues=queues), cross_check=True)
    assert outcome.verdict().grade is Grade.PROVED, outcome.text()
    assert sample(partial(claim, queues=queues), 50).verdict().grade is Grade.SAMPLED


@pytest.mark.parametrize("mutant", MUTANTS, ids=str)
def test_a_planted_bug_is_shown_on_plain_numbers(mutant: Mutant) -> None:
    queues = mutant.bind(PACKAGE).queue
    outcomes = [prove(partial(claim, queues=queues)) for claim in (putting, getting)]
    assert Grade.REFUTED in [each.verdict().grade for each in outcomes]


# Long runs, beside a list.


class QueueBesideList(Exercise):
    """A queue, and a list that remembers what must be in it."""

    package = PACKAGE
    mutants: ClassVar = BY_NAME
    throws = ("the queue is full", "the queue is empty")

    def __init__(self) -> None:
        self.waiting: deque[int] = deque()
        super().__init__()

    @classmethod
    def subject(cls) -> str:
        return "bounded_queue"

    def build(self) -> Any:
        return self.port.queue.BoundedQueue(4)

    @rule(item=integers(0, 9))
    def put(self, item: int) -> None:
        if len(self.waiting) == 4:
            self.refused(self.view.put, item, throws="the queue is full", because="a fifth item")
            return
        self.port_call(self.view.put, item)
        self.waiting.append(item)

    @rule()
    def get(self) -> None:
        if not self.waiting:
            self.refused(self.view.get, throws="the queue is empty", because="taking nothing")
            return
        found, oldest = self.port_call(self.view.get), self.waiting.popleft()
        if found != oldest:
            raise self.divergence("order", f"{found} is taken while {oldest} waits")

    @invariant()
    def has_all_that_wait(self) -> None:
        if self.view.size() != len(self.waiting):
            raise self.divergence("size", f"{self.view.size()} of {len(self.waiting)} are there")


def test_long_runs_keep_order_and_size() -> None:
    verdict = check_stateful(QueueBesideList, examples=50, steps=30, seed=1)
    assert verdict.grade is Grade.SAMPLED


@pytest.mark.parametrize("mutant", ["one too many", "last first"])
def test_a_long_run_finds_a_planted_bug(mutant: str) -> None:
    verdict = check_stateful(QueueBesideList.on(mutant), examples=50, steps=30, seed=1)
    assert verdict.grade is Grade.REFUTED


def test_what_no_run_is_long_enough_for_is_sampled_only() -> None:
    """The tail passes 16 bits after 65,536 items: the proof finds that, no run gets there."""
    verdict = check_stateful(QueueBesideList.on("no wrap"), examples=50, steps=30, seed=1)
    assert verdict.grade is Grade.SAMPLED
