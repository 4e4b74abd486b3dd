"""What people see of `pytest proofs/`: selection, table, files, exit code."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.conftest import QUICK, Folder

GREEN = """
@claim(fast=True)
def holds():
    return Verdict(Grade.PROVED, counts={"states": 3000, "fired:acquire": 7}, seed=5, solver="z3")

@claim(Grade.EXHAUSTED)
def small():
    return Verdict(Grade.EXHAUSTED, bound="2 threads")

@claim(Grade.SAMPLED)
def often():
    return Verdict(Grade.SAMPLED, bound="100 runs", seed=1)

@claim(Grade.REFUTED, finding="go.dev/issue/74288", violates=frozenset({"one_owner"}))
def known():
    return REFUTED

@claim(Grade.SAMPLED)
def go():
    return Verdict(Grade.NOT_RUN, reason="no Go: pip install '.[go]'")
"""


def test_a_green_run(folder: Folder, killed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    folder.add(GREEN + killed)
    result = folder.run()
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(
        [
            "*PESR-R*",
            "*obligation*technique*verdict*bound*counts*seconds*",
            "*toy.go*run*not run*no Go: pip install '.[[]go]'*",
            "*toy.holds*run*proved*states 3,000*",
            "*toy.often*sampled*100 runs*",
            "*toy.small*exhausted*2 threads*",
            "known findings*",
            "*go.dev/issue/74288*toy.known*refuted*one_owner*",
            "mutants*",
            "*mutant*killed by*",
            "*drop*toy.holds*refuted*one_owner*",
            "1 not run: no Go: pip install '.[[]go]'",
            "counterexamples: build/counterexamples",
            "evidence: build/evidence.json",
            "1 proved, 1 exhausted, 1 sampled, 2 refuted as expected, 1 not run",
        ]
    )
    assert "fired:acquire" not in result.stdout.str()


def test_narrow_terminals_get_lines(
    folder: Folder, killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    folder.add(GREEN + killed)
    result = folder.run()
    result.stdout.fnmatch_lines(["obligations:", "  proved  toy.holds (run; states 3,000; *s)"])
    assert "┃" not in result.stdout.str()


def test_verbose_shows_the_traces_of_what_is_refuted_as_it_should_be(
    folder: Folder, killed: str
) -> None:
    folder.add(GREEN + killed)
    assert "two owners sweep twice" not in folder.run().stdout.str()
    result = folder.run("-v")
    result.stdout.fnmatch_lines(
        ["*::holds PROVED*", "*::go NOT RUN*", "*why: two owners sweep twice"]
    )


def test_a_failure_shows_its_trace_and_leaves_files(folder: Folder) -> None:
    folder.add(
        """
        @claim(Grade.EXHAUSTED)
        def holds():
            return REFUTED
        """
    )
    result = folder.run()
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [
            "toy.holds: expected EXHAUSTED or stronger, got REFUTED",
            "violated: one_owner",
            "stated at: mheap.go:475",
            "*acquire*(tryAcquire impl/mgcsweep.py:30)",
            "*sweepgen := 3",
            "reproduce with:",
            "*port.try_acquire(span)",
            "replay with: replay build/counterexamples/toy.holds.itf.json",
            "*FAILED (refuted)*",
            "1 failed",
        ]
    )
    written = folder.root / "build" / "counterexamples"
    assert sorted(each.name for each in written.iterdir()) == [
        "toy.holds.html",
        "toy.holds.itf.json",
        "toy.holds.txt",
    ]
    assert "violated: one_owner" in (written / "toy.holds.txt").read_text()
    assert folder.record("toy.holds")["files"] == {
        "itf": "counterexamples/toy.holds.itf.json",
        "txt": "counterexamples/toy.holds.txt",
        "html": "counterexamples/toy.holds.html",
    }


def test_counterexamples_of_an_earlier_run_are_removed(folder: Folder, killed: str) -> None:
    folder.add("@claim()\ndef holds():\n    return REFUTED\n" + killed)
    folder.run()
    folder.add("@claim()\ndef holds():\n    return PROVED\n" + killed)
    assert folder.run().ret == pytest.ExitCode.OK
    written = folder.root / "build" / "counterexamples"
    assert {each.name.partition(".itf")[0] for each in written.glob("*.itf.json")} == {
        "toy.holds_kills-drop"
    }


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["-m", "fast"], {"toy.holds"}),
        (["-k", "other"], {"other.holds", "other.holds_kills[drop]"}),
        (["-k", "known or small"], {"toy.known", "toy.small"}),
    ],
)
def test_selection(folder: Folder, killed: str, arguments: list[str], chosen: set[str]) -> None:
    folder.add(GREEN)
    other = "@claim()\ndef holds():\n    return PROVED\n"
    folder.add(other + killed, subject="other")
    assert folder.run(*arguments).ret == pytest.ExitCode.OK
    evidence = folder.evidence()
    assert {each["id"] for each in evidence["obligations"]} == chosen
    assert evidence["run"]["collected"] == 7
    assert evidence["run"]["selected"] == len(chosen)
    assert evidence["run"]["complete"]


def test_evidence_goes_where_it_is_told(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    assert folder.run("--evidence", "deep/er/e.json").ret == pytest.ExitCode.OK
    assert folder.evidence("deep/er/e.json")["run"]["complete"]
    assert (folder.root / "deep/er/counterexamples/toy.known.txt").exists()
    assert not (folder.root / "build").exists()


def test_evidence_is_sorted_and_repeatable(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)

    def once() -> list[Any]:
        folder.run()
        evidence = folder.evidence()
        return [{**each, "seconds": 0} for each in evidence["obligations"]]

    first = once()
    assert [each["id"] for each in first] == sorted(each["id"] for each in first)
    assert once() == first


def test_mutants_killed_are_listed_with_the_obligation(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    folder.run()
    assert folder.record("toy.holds")["mutants_killed"] == ["drop"]
    assert folder.record("toy.holds_kills[drop]")["mutant"] == "drop"
    assert folder.record("toy.small")["mutants_killed"] == []


def test_junit_properties(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    folder.run("--junit-xml=junit.xml")
    tree = ElementTree.parse(folder.root / "junit.xml")
    (case,) = [each for each in tree.iter("testcase") if each.get("name") == "holds"]
    properties = {each.get("name"): each.get("value") for each in case.iter("property")}
    assert properties["obligation"] == "toy.holds"
    assert properties["verdict"] == "PROVED"
    assert properties["count.states"] == "3000"
    assert properties["seed"] == "5"


def test_all_must_run(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    result = folder.run("--all-must-run")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["toy.go: expected SAMPLED or stronger, got NOT_RUN"])
    assert folder.record("toy.go")["status"] == "failed"


def test_tests_outside_the_folder_are_ordinary(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    (folder.root / "ordinary").mkdir()
    (folder.root / "ordinary" / "test_it.py").write_text(
        "import pytest\ndef test_it(): pass\ndef test_skip(): pytest.skip('no')\n"
    )
    result = folder.run("ordinary")
    assert result.ret == pytest.ExitCode.OK
    result.assert_outcomes(passed=6, skipped=2)
    assert folder.evidence()["run"]["collected"] == 6
    (folder.root / "build" / "evidence.json").unlink()
    assert folder.run("ordinary", "-k", "it.py").ret == pytest.ExitCode.OK
    assert not (folder.root / "build" / "evidence.json").exists()


def test_collecting_only_leaves_the_evidence_alone(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    folder.run()
    before = (folder.root / "build/evidence.json").read_bytes()
    folder.run("--collect-only")
    assert (folder.root / "build/evidence.json").read_bytes() == before


def test_conftest_found_late_still_serves(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    result = folder.pytester.runpytest_inprocess(*QUICK, ".")
    assert result.ret == pytest.ExitCode.OK
    assert folder.evidence()["run"]["complete"]


def test_exit_code_and_header_of_a_real_process(folder: Folder, killed: str) -> None:
    folder.add(GREEN + killed)
    process = folder.run_process("-q")
    assert process.returncode == 0, process.stdout
    run = folder.evidence()["run"]
    assert run["versions"]["go"] is None
    assert run["versions"]["z3-solver"]
    assert run["arguments"][-1] == "-q"
    assert json.dumps(run["platform"])
