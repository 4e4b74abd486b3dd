"""The command `mheap`: its exit codes are what scripts rely on."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from checker import evidence, itf
from checker.binding import Binding, Edit
from checker.counterexample import Counterexample, Replay, Step
from checker.obligation import Judgement, Obligation, Technique
from checker.verdict import Grade, Verdict
from golang.errors import GoMissing
from harness.replay import CannotReplay, ReplayResult
from harness.subject import Group, Subject
from mheap.cli import main

HOLDS, VIOLATED, NO_ANSWER = 0, 1, 2
ROOT = Path(__file__).parents[1]


def echo(choices: Sequence[Any], variant: str) -> ReplayResult:
    return ReplayResult(choices[0], f"variant {variant!r}")


def nothing(_choices: Sequence[Any], _variant: str) -> Any:
    return None


def vague(_choices: Sequence[Any], _variant: str) -> ReplayResult:
    return ReplayResult(cast(bool, None), "")


def stale(_choices: Sequence[Any], _variant: str) -> Any:
    Binding("impl", edits=[Edit("config", "no such text", "")])


def no_go(_choices: Sequence[Any], _variant: str) -> Any:
    raise GoMissing("go", "no Go toolchain is installed", "pip install it")


HARNESSES = {each.__name__: each for each in (echo, nothing, vague, stale, no_go)}


@pytest.fixture(autouse=True)
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A subject `toy` with harnesses, another without, and one that cannot be loaded."""
    modules = {"toy": "subjects.toy", "bare": "subjects.bare", "broken": "nothing.of_this_name"}
    declared = {
        f"{modules[name]}.subject": SimpleNamespace(SUBJECT=Subject(name, name, groups))
        for name, groups in (("toy", [Group(replays=HARNESSES)]), ("bare", []))
    }
    for name, module in declared.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr("proofs.subjects.MODULES", modules)
    monkeypatch.chdir(tmp_path)


def counterexample(
    tmp_path: Path,
    harness: str | None = "toy/echo",
    choices: Sequence[Any] = (True,),
    variant: str = "",
) -> str:
    path = tmp_path / "story.itf.json"
    replay = Replay(harness, list(choices), variant) if harness else None
    itf.write(
        Counterexample("one_owner", "mheap.go:475", "why", [Step("t", "go")], replay=replay), path
    )
    return str(path)


def test_replay_that_is_still_violated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", counterexample(tmp_path, variant="drop")]) == VIOLATED
    assert capsys.readouterr().out == (
        "variant 'drop'\nstill violated (on the variant drop): one_owner\n"
    )


def test_replay_that_is_not_violated_any_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", counterexample(tmp_path, choices=[False])]) == HOLDS
    assert "no longer violated: one_owner" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("harness", "choices", "reason"),
    [
        (None, [], "does not say how it was made"),
        ("toy/unknown", [], "there is no harness 'toy/unknown', only toy/echo"),
        ("nobody/x", [], "there is no subject 'nobody'"),
        ("bare/x", [], "there is no harness 'bare/x', only none"),
        ("../x/y", [], "there is no subject '..'"),
        ("broken/x", [], "nothing.of_this_name cannot be loaded: ModuleNotFoundError"),
        ("toy/echo", [], "could not follow the recorded choices: IndexError"),
        ("toy/nothing", [], "the harness toy/nothing returned None"),
        ("toy/vague", [], "the harness toy/vague returned ReplayResult(violated=None"),
        ("toy/stale", [], "no longer fits the port: config: the text to replace occurs 0 times"),
        ("toy/no_go", [], "no Go toolchain is installed; pip install it"),
    ],
)
def test_replay_without_an_answer(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    harness: str | None,
    choices: Sequence[Any],
    reason: str,
) -> None:
    assert main(["replay", counterexample(tmp_path, harness, choices)]) == NO_ANSWER
    said = capsys.readouterr()
    assert said.err.startswith("mheap: cannot replay: ")
    assert reason in said.err
    assert "violated: one_owner" not in said.out


@pytest.mark.parametrize("command", ["replay", "show"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "there is no such file"),
        ("", "it is empty"),
        ('{"#meta": {"checker:coun', "not JSON, or was cut short"),
        ('{"a": 1}', "not an ITF trace"),
    ],
)
def test_files_that_cannot_be_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    command: str,
    content: str | None,
    reason: str,
) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    assert main([command, str(path)]) == NO_ANSWER
    error = capsys.readouterr().err
    assert error.startswith(f"mheap: cannot read {path}: ")
    assert reason in error


PROVED = Verdict(Grade.PROVED)
REFUTED = Verdict(Grade.REFUTED, counterexample=Counterexample("i", "mheap.go:1", "w", []))


def written(
    tmp_path: Path, verdict: Verdict = PROVED, status: str = "passed", complete: bool = True
) -> None:
    obligation = Obligation(
        "holds", Technique.RUN, "it holds", "mheap.go:1", Grade.PROVED, lambda _: verdict
    )
    outcome = Judgement("toy.holds", "toy", obligation, verdict, 0.1)
    entry = evidence.Entry("toy.holds", "toy", obligation, status, 0.1, outcome)
    run = {**evidence.run_header([], {}), "arguments": [], "seconds": 1.0, "complete": complete}
    whole = evidence.document(
        [entry], {**run, "collected": 1, "wanted": "0" * 16, "selected": 1, "shard": ""}, []
    )
    evidence.write(whole, tmp_path / "build" / "evidence.json")


def test_show_the_last_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path)
    assert main(["show"]) == HOLDS
    out = capsys.readouterr().out
    assert "toy.holds" in out
    assert out.endswith("1 proved\n")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"verdict": REFUTED, "status": "failed"}, VIOLATED),
        ({"verdict": Verdict(Grade.UNKNOWN, reason="limit"), "status": "failed"}, NO_ANSWER),
        ({"status": "failed"}, NO_ANSWER),
        ({"complete": False}, NO_ANSWER),
        ({"verdict": Verdict(Grade.NOT_RUN, reason="no Go"), "status": "not run"}, NO_ANSWER),
    ],
)
def test_show_evidence_that_is_not_green(
    tmp_path: Path, changes: dict[str, Any], code: int
) -> None:
    written(tmp_path, **changes)
    assert main(["show"]) == code


def test_show_edited_evidence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, Verdict(Grade.UNKNOWN, reason="limit"), "failed")
    path = tmp_path / "build" / "evidence.json"
    path.write_text(path.read_text().replace('"failed"', '"passed"'))
    assert main(["show", str(path)]) == NO_ANSWER
    assert "cannot read" in capsys.readouterr().err


def test_show_a_counterexample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", counterexample(tmp_path)]) == VIOLATED
    assert capsys.readouterr().out.startswith("violated: one_owner\nstated at: mheap.go:475\n")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["replay"], ["show", "--nonsense"]])
def test_wrong_usage(arguments: list[str]) -> None:
    assert main(arguments) == NO_ANSWER


@pytest.mark.parametrize("arguments", [["--help"], ["replay", "-h"], ["--version"]])
def test_help(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == HOLDS
    assert capsys.readouterr().out


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--help"])
    out = capsys.readouterr().out
    for lesson in ("pytest proofs/ -m fast", "mheap replay FILE", "Exit codes: 0", "show"):
        assert lesson in out


def test_what_nobody_foresaw_is_no_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mheap.cli.replay", lambda *_: 1 / 0)
    assert main(["replay", counterexample(tmp_path)]) == NO_ANSWER
    assert "internal error: ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.parametrize("error", [GoMissing("go", "none", "install"), CannotReplay("a", "b")])
def test_errors_of_a_command_are_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("mheap.cli.replay", fail)
    assert main(["replay", counterexample(tmp_path)]) == NO_ANSWER


def test_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mheap.cli.replay", interrupt)
    assert main(["replay", counterexample(tmp_path)]) == 130


def test_a_harness_is_declared_once() -> None:
    groups = [Group(replays={"one": echo}), Group(replays={"one": nothing})]
    with pytest.raises(ValueError, match="toy has two harnesses called 'one'"):
        Subject("toy", "toy", groups).replays()


def test_the_fast_tier_names_obligations() -> None:
    with pytest.raises(ValueError, match=r"toy: fast names no obligation: \['nothing'\]"):
        Subject("toy", "toy", [], fast=frozenset({"nothing"})).obligations()


@pytest.mark.parametrize("module", ["mheap", "mheap.cli"])
def test_each_way_in_answers(module: str) -> None:
    """`python -m` of a module that is no way in would print nothing and exit with 0."""
    missing = [sys.executable, "-m", module, "show", "no-such-file.json"]
    found = subprocess.run(missing, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == NO_ANSWER
    assert "there is no such file" in found.stderr


@pytest.mark.parametrize("module", ["proofs", "proofs.cli", "harness", "checker", "impl"])
def test_what_is_no_way_in_says_so(module: str) -> None:
    command = [sys.executable, "-m", module, "show"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode != HOLDS
    assert found.stderr
