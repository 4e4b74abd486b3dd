"""The port against Go's own code, which does the same operations in another process.

In lock-step each request waits for the answer to the one before, as an interactive use would; in one
go all requests are sent before the answers are read. The time of the oracle is mostly that of the
way to it and back, so this says what the port costs a differential proof, not how fast Go is.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from bench.measure import Measurement, Pair, Side, TimedWork, speeds
from bench.workloads import PAGES_OF_SPANS, SEED, on_p0
from golang.oracle import Op, Oracle, OracleAnswer, build_oracle
from golang.oracle.client import OracleRequest
from golang.toolchain import find_go
from impl.config import LINUX_AMD64

SUBJECT = "port and oracle"
PORT, LOCK_STEP, AT_ONCE = "port", "oracle in lock-step", "oracle, all at once"

BASE = 0x24_0000_0000
CHUNKS = 64
HINT = 0x1C0_0000_0000
"""Where no heap of the oracle itself is."""

SPAN_CLASS = 10
"""Of the heap spans; any will do."""

AnswerWords = tuple[int, ...]


class PagesSubject:
    """A page allocator in test mode."""

    name = "pages"
    start: Sequence[OracleRequest] = (
        (Op.PAGES_RESET,),
        (Op.PAGES_GROW, BASE, CHUNKS * LINUX_AMD64.palloc_chunk_bytes),
    )

    def __init__(self, port: Any) -> None:
        self._port = port
        self._h = port.runtime.new_mheap(LINUX_AMD64)
        self._p = port.mpagealloc.PageAlloc()
        self._p.init(self._h, self._h.lock, self._h.runtime.memstats.gc_misc_sys, True)
        port.mheap.lock(self._h.lock)
        self._p.grow(BASE, CHUNKS * LINUX_AMD64.palloc_chunk_bytes)
        port.mheap.unlock(self._h.lock)

    def run(self, requests: Iterable[OracleRequest], answers: list[Any]) -> None:
        """Does the requests."""
        lock, unlock, mutex = self._port.mheap.lock, self._port.mheap.unlock, self._h.lock
        alloc, free = self._p.alloc, self._p.free
        for request in requests:
            lock(mutex)
            if request[0] == Op.PAGES_ALLOC:
                answers.append(alloc(request[1]))
            else:
                free(request[1], request[2])
                answers.append(())
            unlock(mutex)

    def take(self, pages: int) -> OracleRequest:
        """The request that allocates."""
        return (Op.PAGES_ALLOC, pages)

    def release(self, pages: int, answer: Any) -> OracleRequest:
        """The request that frees what was answered to `take`."""
        return (Op.PAGES_FREE, answer[0], pages)

    def spelled(self, answer: Any) -> AnswerWords:
        """An answer of `run` as the oracle gives it."""
        return tuple(answer)

    @staticmethod
    def comparable(results: AnswerWords) -> AnswerWords:
        """What of the oracle's answer the port has."""
        return results


class SpansSubject:
    """A whole heap and one P with its caches."""

    name = "spans"
    start: Sequence[OracleRequest] = ((Op.HEAP_INIT, 1, HINT, 0),)

    def __init__(self, port: Any) -> None:
        self._h = port.runtime.new_mheap(replace(LINUX_AMD64, arena_hints=(HINT,)))
        self._port = port
        self._numbers: dict[int, int] = {}

    def run(self, requests: Iterable[OracleRequest], answers: list[Any]) -> None:
        """Does the requests; spans are numbered in the order in which they were made."""
        h = self._h
        lock, unlock, mutex = self._port.mheap.lock, self._port.mheap.unlock, h.lock
        alloc, free, allspans = h.alloc_span, h.free_span_locked, h.allspans
        with on_p0(self._port, h):
            for request in requests:
                if request[0] == Op.HEAP_ALLOC:
                    s = alloc(request[2], request[3], request[4])
                    answers.append((s, s.start_addr, s.needzero))
                else:
                    lock(mutex)
                    free(allspans.at(request[2]), request[3])
                    unlock(mutex)
                    answers.append(())

    def take(self, pages: int) -> OracleRequest:
        """The request that allocates."""
        return (Op.HEAP_ALLOC, 0, pages, 0, SPAN_CLASS)

    def release(self, pages: int, answer: Any) -> OracleRequest:  # noqa: ARG002  # as that of PagesSubject
        """The request that frees what was answered to `take`."""
        return (Op.HEAP_FREE, 0, self.spelled(answer)[0], 0)

    def spelled(self, answer: Any) -> AnswerWords:
        """An answer of `run` as the oracle gives it, with the number of the span."""
        if not answer:
            return ()
        for number in range(len(self._numbers), self._h.allspans.len):
            self._numbers[id(self._h.allspans.at(number))] = number
        s, base, needzero = answer
        return self._numbers[id(s)], base, needzero

    @staticmethod
    def comparable(results: AnswerWords) -> AnswerWords:
        """What of the oracle's answer the port has: not the places of the mark bits."""
        return results[:3]


SubjectClass = type[PagesSubject] | type[SpansSubject]
SUBJECTS: dict[SubjectClass, int] = {PagesSubject: 6_000, SpansSubject: 6_000}


def measure(port: Any, cache: Path, scale: float, rounds: int) -> list[Measurement]:
    """Speeds and ratios for each subject; the oracle is built under `cache`.

    Raises GoMissing and CannotCheck, and DifferentWork when the answers differ.
    """
    with Oracle(build_oracle(find_go(), cache)) as oracle:
        return [
            _measure(port, oracle, kind, max(1, int(operations * scale)), rounds)
            for kind, operations in SUBJECTS.items()
        ]


def _measure(
    port: Any, oracle: Oracle, kind: SubjectClass, operations: int, rounds: int
) -> Measurement:
    requests = _draw(port, kind, operations)

    def on_port() -> TimedWork:
        subject = kind(port)
        answers: list[Any] = []
        return TimedWork(
            lambda: subject.run(requests, answers),
            lambda: [subject.spelled(answer) for answer in answers],
        )

    def on_oracle(at_once: bool) -> TimedWork:
        oracle.restart()
        oracle.ask(kind.start)
        answers: list[OracleAnswer] = []

        def do() -> None:
            if at_once:
                answers.extend(oracle.ask(requests))
            else:
                for request in requests:
                    answers.append(oracle.one(*request))

        return TimedWork(do, lambda: [kind.comparable(answer.results) for answer in answers])

    return speeds(
        SUBJECT,
        kind.name,
        operations,
        [
            Side(PORT, on_port, time.perf_counter),
            Side(LOCK_STEP, lambda: on_oracle(False), time.perf_counter),
            Side(AT_ONCE, lambda: on_oracle(True), time.perf_counter),
        ],
        [Pair(PORT, LOCK_STEP), Pair(PORT, AT_ONCE)],
        rounds,
    )


def _draw(port: Any, kind: SubjectClass, operations: int) -> list[OracleRequest]:
    """Requests that free what was allocated, drawn while the port does them."""
    numbers = Random(SEED)
    subject = kind(port)
    requests: list[OracleRequest] = []
    answers: list[Any] = []

    def draw() -> Iterator[OracleRequest]:
        live: list[OracleRequest] = []
        while len(requests) < operations:
            if live and numbers.random() < 0.45:
                i = numbers.randrange(len(live))
                live[i], live[-1] = live[-1], live[i]
                requests.append(live.pop())
                yield requests[-1]
            else:
                pages = numbers.choice(PAGES_OF_SPANS)
                requests.append(subject.take(pages))
                yield requests[-1]
                live.append(subject.release(pages, answers[-1]))

    subject.run(draw(), answers)
    return requests
