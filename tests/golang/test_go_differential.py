"""The comparison with Go's own code: what it finds, what it cannot say, and that it can be run again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from checker.binding import Edit
from checker.counterexample import Counterexample
from checker.mutation import Mutant
from checker.verdict import Grade
from golang.oracle import Op, Oracle, build_oracle
from golang.oracle.client import OracleRequest
from golang.toolchain import Toolchain
from harness.replay import CannotReplay
from proofs.runtime.differential.compare import (
    Differential,
    Made,
    Numbers,
    Results,
    Words,
    check_differential,
    retrace,
)
from proofs.runtime.differential.sets import SpanListsDifferential
from proofs.runtime.differential.subject import replay_requests


@pytest.fixture(scope="module")
def program(go: Toolchain, build_cache: Path) -> Path:
    return build_oracle(go, build_cache)


@pytest.fixture
def oracle(program: Path) -> Iterator[Oracle]:
    with Oracle(program) as oracle:
        yield oracle


class Toy(Differential):
    """findBitRange64, which has no state, of a word that counts up from 1."""

    name = "toy"
    cites = "runtime/mpallocbits.go:392"
    operations = ("FIND_BIT",)
    rules: ClassVar = {"ask": 1}

    def apply(self, request: OracleRequest) -> Results:
        return (self.port.mpallocbits.find_bit_range64(*request[1:], 64),)

    def state(self) -> list[int]:
        return []

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        return dict(zip("", words, strict=True))

    def ask(self, numbers: Numbers) -> Made:
        return (Op.FIND_BIT_RANGE64, numbers.below(1 << 50) + 1, 1)


# The state of a subject without one is that of the oracle's bits, which do not change.
class StatefulToy(Toy):
    def state(self) -> list[int]:
        return [0] * 16

    @classmethod
    def describe(cls, words: Words) -> Mapping[str, int]:
        return {f"word {i}": word for i, word in enumerate(words)}


def test_agreement_is_sampled_with_the_operations_counted(oracle: Oracle) -> None:
    verdict = check_differential(oracle, StatefulToy, operations=300, steps=20)
    assert verdict.grade is Grade.SAMPLED
    assert verdict.counts["operations"] >= 300
    assert verdict.counts["divergences"] == 0


def test_a_state_of_another_length_is_a_divergence(oracle: Oracle) -> None:
    verdict = check_differential(oracle, Toy, operations=100, steps=20)
    assert verdict.grade is Grade.REFUTED
    assert verdict.counterexample is not None
    assert verdict.counterexample.invariant == "toy.same_state"


class Silent(StatefulToy):
    def ask(self, _numbers: Numbers) -> Made:
        return None


class Careless(StatefulToy):
    throws = ("something that never comes",)


class Partial(StatefulToy):
    operations = ("FI",)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Silent, "no more requests"), (Careless, "never comes"), (Partial, "FILL_ALIGNED")],
)
def test_what_was_not_compared_is_vacuous(
    oracle: Oracle, kind: type[Differential], reason: str
) -> None:
    verdict = check_differential(oracle, kind, operations=50, steps=10)
    assert verdict.grade is Grade.VACUOUS
    assert reason in verdict.reason


class Broken(StatefulToy):
    def apply(self, _request: OracleRequest) -> Results:
        raise ValueError("not a throw")


def test_a_port_that_fails_otherwise_is_unknown(oracle: Oracle) -> None:
    verdict = check_differential(oracle, Broken, operations=50, steps=10)
    assert verdict.grade is Grade.UNKNOWN
    assert "not a throw" in verdict.reason


SILENT_INSERT = Mutant(
    "insert-without-check",
    "a span that is on a list is inserted into another",
    (
        Edit(
            "mspanlist",
            '            throw("mSpanList.insert")\n',
            "            pass\n",
        ),
    ),
)


def test_a_missing_throw_is_found_and_shrunk(oracle: Oracle) -> None:
    verdict = check_differential(
        oracle, SpanListsDifferential, operations=20_000, steps=30, mutant=SILENT_INSERT
    )
    counterexample = verdict.counterexample
    assert counterexample is not None
    assert counterexample.invariant == "span_list.same_throws"
    assert counterexample.diverging == "Go throws 'mSpanList.insert', the port does not"
    assert len(counterexample.steps) == 2


def test_a_counterexample_is_replayed_from_its_file(oracle: Oracle) -> None:
    kind = SpanListsDifferential
    (mutant,) = kind.mutants
    verdict = check_differential(oracle, kind, operations=20_000, steps=30, mutant=mutant)
    assert verdict.counterexample is not None
    read = Counterexample.from_json(verdict.counterexample.to_json())
    assert read.replay is not None
    requests = [(Op[name], *arguments) for name, *arguments in read.replay.choices]
    again = retrace(oracle, kind, mutant.bind("impl"), requests, mutant.name)
    assert again == verdict.counterexample

    harness: Any = replay_requests(kind)
    result = harness(read.replay.choices, mutant.name)
    assert result.violated
    assert not harness(read.replay.choices, "").violated
    with pytest.raises(CannotReplay, match="no mutant 'another'"):
        harness(read.replay.choices, "another")
