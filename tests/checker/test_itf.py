"""ITF files: what other tools see in them, and what reading refuses."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from checker import itf
from checker.counterexample import Counterexample, Replay, Step

COUNTEREXAMPLE = Counterexample(
    invariant="one_owner",
    citation="mheap.go:475",
    why="two owners sweep twice",
    steps=[
        Step("t1", "acquire", "tryAcquire", "impl/mgcsweep.py:30", {"gen": 3}, {"own": "t1"}),
        Step("t2", "grow", concrete={"base": 2**60, "new": True}),
    ],
    initial_concrete={"gen": 2, "base": -(2**53), "thread": 7},
    initial_abstract={"own": "", "gen": 0},
    replay=Replay("sweepgen/interleaving", [0, 1]),
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "story.itf.json"
    itf.write(COUNTEREXAMPLE, path)
    return path


def test_states_are_whole_and_accumulate() -> None:
    document = itf.to_itf(COUNTEREXAMPLE)
    unset = {"#unserializable": "unset"}
    assert document["vars"] == [
        "thread",
        "action",
        "concrete:gen",
        "base",
        "concrete:thread",
        "new",
        "own",
        "abstract:gen",
    ]
    assert document["states"] == [
        {
            "#meta": {"index": 0},
            "action": "initial",
            "thread": "",
            "concrete:gen": 2,
            "base": -(2**53),
            "concrete:thread": 7,
            "new": unset,
            "own": "",
            "abstract:gen": 0,
        },
        {
            "#meta": {"index": 1},
            "action": "acquire",
            "thread": "t1",
            "concrete:gen": 3,
            "base": -(2**53),
            "concrete:thread": 7,
            "new": unset,
            "own": "t1",
            "abstract:gen": 0,
        },
        {
            "#meta": {"index": 2},
            "action": "grow",
            "thread": "t2",
            "concrete:gen": 3,
            "base": {"#bigint": str(2**60)},
            "concrete:thread": 7,
            "new": True,
            "own": "t1",
            "abstract:gen": 0,
        },
    ]
    assert document["#meta"]["format"] == "ITF"
    for state in document["states"]:
        assert set(state) == {"#meta", *document["vars"]}


def test_round_trip(file: Path) -> None:
    assert itf.read(file) == COUNTEREXAMPLE


def test_round_trip_without_replay(tmp_path: Path) -> None:
    counterexample = dataclasses.replace(COUNTEREXAMPLE, replay=None)
    itf.write(counterexample, tmp_path / "story.json")
    assert itf.read(tmp_path / "story.json") == counterexample


def refused(path: Path, reason: str) -> None:
    with pytest.raises(itf.CannotRead, match=reason) as caught:
        itf.read(path)
    assert caught.value.file == str(path)
    assert caught.value.remedy
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("  \n", "it is empty"),
        ("{nonsense", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ("17", "not an ITF trace"),
        ("[]", "not an ITF trace"),
        ("{}", "not an ITF trace"),
        ('{"#meta": 3, "states": []}', "not an ITF trace"),
        ('{"#meta": {"format": "ITF"}, "vars": [], "states": []}', "another tool"),
        ('{"#meta": {"checker:counterexample": 3}, "states": []}', "malformed"),
        ('{"#meta": {"checker:counterexample": {"steps": []}}, "states": []}', "malformed"),
    ],
)
def test_foreign_files_are_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "foreign.json"
    path.write_text(content)
    refused(path, reason)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.99])
def test_truncated_files_are_refused(file: Path, part: float) -> None:
    text = file.read_text()
    file.write_text(text[: int(len(text) * part)])
    refused(file, "it is not JSON, or was cut short")


def test_unreadable_files_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "none.json", "there is no such file")
    refused(tmp_path, "Is a directory")
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00")
    refused(binary, "not UTF-8")


def edited(file: Path, edit: Callable[[Any], object]) -> None:
    document = json.loads(file.read_text())
    edit(document)
    file.write_text(json.dumps(document))


def test_states_of_another_trace_are_refused(file: Path) -> None:
    edited(file, lambda document: document["states"][1].update(own="t2"))
    refused(file, "different things")


def test_missing_states_are_refused(file: Path) -> None:
    edited(file, lambda document: document["states"].pop())
    refused(file, "different things")


@pytest.mark.parametrize(
    "edit",
    [
        lambda counterexample: counterexample.pop("invariant"),
        lambda counterexample: counterexample.update(steps="acquire"),
        lambda counterexample: counterexample.update(surprise=1),
        lambda counterexample: counterexample["steps"][0].update(concrete={"gen": [3]}),
        lambda counterexample: counterexample["replay"].update(harness="no slash"),
        lambda counterexample: counterexample["replay"].pop("choices"),
    ],
)
def test_a_malformed_counterexample_is_refused(file: Path, edit: Callable[[Any], object]) -> None:
    edited(file, lambda document: edit(document["#meta"][itf.OURS]))
    refused(file, "malformed")
