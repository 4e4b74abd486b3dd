"""The evidence document: its schema, what it refuses to say, reading it back."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from checker import evidence, itf, report
from checker.counterexample import Counterexample, Step
from checker.evidence import Entry
from checker.obligation import Judgement, Obligation, Technique
from checker.schema import schema, validate
from checker.verdict import Grade, Verdict

COUNTEREXAMPLE = Counterexample("one_owner", "mheap.go:475", "why", [Step("t", "acquire")])
RUN = {
    **evidence.run_header(["pytest", "no-such-distribution"], {"go": None}),
    "arguments": [],
    "seconds": 1.0,
    "collected": 1,
    "wanted": "0" * 16,
    "selected": 1,
    "shard": "",
    "complete": True,
}
HANDBOOK = Path(__file__).parents[2] / "docs" / "evidence.md"


@dataclass(frozen=True)
class Named:
    name: str


def _unchecked(_means: object) -> Verdict:
    raise AssertionError("nobody checks it")


def entry(
    identity: str = "toy.holds",
    expect: Grade = Grade.PROVED,
    verdict: Verdict | None = None,
    status: str = "passed",
    mutant: str = "",
    refutes: str = "",
) -> Entry:
    verdict = verdict or Verdict(Grade.PROVED, counts={"states": 2}, vacuity_checks={"pre": "sat"})
    obligation = Obligation(
        "holds",
        Technique.RUN,
        "it holds",
        "mheap.go:1",
        expect,
        _unchecked,
        mutant=Named(mutant) if mutant else None,
        refutes=refutes,
    )
    outcome = Judgement(identity, "toy", obligation, verdict, 0.25)
    return Entry(identity, "toy", obligation, status, 0.25, outcome)


def document(*entries: Entry, problems: Sequence[str] = (), **run: object) -> dict[str, Any]:
    return evidence.document(entries, RUN | run, problems)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())


def test_a_record_says_everything() -> None:
    (record,) = document(entry())["obligations"]
    assert record == {
        "id": "toy.holds",
        "subject": "toy",
        "technique": "run",
        "statement": "it holds",
        "cites": "mheap.go:1",
        "expected": "PROVED",
        "verdict": "PROVED",
        "status": "passed",
        "bound": "",
        "reason": "",
        "counts": {"states": 2},
        "seconds": 0.25,
        "solver": "",
        "seed": None,
        "vacuity_checks": {"pre": "sat"},
        "finding": "",
        "mutant": "",
        "refutes": "",
        "mutants_killed": [],
        "trace": None,
        "files": {},
    }


def test_the_handbook_explains_every_field() -> None:
    text = HANDBOOK.read_text()
    parts = schema()["$defs"]
    names = set(schema()["properties"]) | set(schema()["properties"]["run"]["properties"])
    for part in ("obligation", "counterexample", "step", "replay"):
        names |= set(parts[part]["properties"])
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_the_header_knows_what_is_not_installed() -> None:
    versions = RUN["versions"]
    assert versions["no-such-distribution"] is None
    assert versions["go"] is None
    assert versions["python"].startswith("3.")
    assert versions["pytest"] == pytest.__version__


@pytest.mark.parametrize(
    "lie",
    [
        entry(verdict=Verdict(Grade.SAMPLED, bound="9 runs")),
        entry(expect=Grade.EXHAUSTED, verdict=Verdict(Grade.UNKNOWN, reason="limit")),
        entry(expect=Grade.REFUTED),
        entry(expect=Grade.SAMPLED, verdict=Verdict(Grade.NOT_RUN, reason="no Go")),
        entry(status="not run"),
        Entry("toy.holds", "toy", None, "passed", 0.0, None, "no verdict"),
        Entry("toy.holds", "toy", None, "failed", 0.0),
    ],
)
def test_evidence_that_contradicts_itself_is_refused(lie: Entry) -> None:
    with pytest.raises(ValidationError):
        document(lie)


def test_mutants_killed_counts_only_what_was_refuted() -> None:
    refuted = Verdict(Grade.REFUTED, counterexample=COUNTEREXAMPLE)

    def killed(mutant: str, refutes: str = "holds") -> Entry:
        identity = f"toy.{refutes}_kills[{mutant}]"
        return entry(identity, Grade.REFUTED, refuted, mutant=mutant, refutes=refutes)

    alive = entry("toy.holds_kills[c]", Grade.REFUTED, status="failed", mutant="c", refutes="holds")
    whole = document(entry(), killed("b"), killed("a"), alive, killed("d", "holdsnot"))
    assert whole["obligations"][0]["mutants_killed"] == ["a", "b"]


def test_order_does_not_depend_on_the_run() -> None:
    one, two = entry("toy.a"), entry("toy.b")
    assert document(two, one) == document(one, two)


def test_green() -> None:
    assert evidence.green(document(entry()))
    assert not evidence.green(document(entry(status="failed")))
    assert not evidence.green(document(entry(), complete=False))
    assert not evidence.green(document(entry(), problems=["no mutant"]))


def test_round_trip(tmp_path: Path) -> None:
    whole = document(entry(), problems=["no mutant"])
    evidence.write(whole, tmp_path / "deep" / "evidence.json")
    assert evidence.read(tmp_path / "deep" / "evidence.json") == whole


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda whole: whole.update(format="other"), "not evidence of a run"),
        (lambda whole: whole.update(version=9), "in version 9 of the format, not 2"),
        (lambda whole: whole["run"].pop("complete"), "at run: 'complete' is a required"),
        (lambda whole: whole["obligations"][0].update(verdict="FINE"), "at obligations/0"),
        (lambda whole: whole["obligations"][0].update(verdict="UNKNOWN"), "at obligations/0"),
    ],
)
def test_foreign_or_edited_evidence_is_refused(
    tmp_path: Path, edit: Callable[[dict[str, Any]], object], reason: str
) -> None:
    whole = document(entry())
    edit(whole)
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps(whole))
    with pytest.raises(itf.CannotRead, match=reason):
        evidence.read(path)


@pytest.mark.parametrize(
    ("identity", "stem"),
    [
        ("toy.holds", "toy.holds"),
        ("toy.holds[a-b]", "toy.holds-a-b"),
        ("toy.holds[a/../b c*]", "toy.holds-a-..-b-c"),
    ],
)
def test_file_names_are_safe_to_type(identity: str, stem: str) -> None:
    assert evidence.stem(identity) == stem
    assert re.fullmatch(r"[\w.+-]+", stem)


def test_parts_are_validated_alone() -> None:
    validate(COUNTEREXAMPLE.to_json(), "counterexample")
    with pytest.raises(ValidationError):
        validate({"invariant": "x"}, "counterexample")


def test_summary_counts_words() -> None:
    whole = document(
        entry("toy.a"),
        entry("toy.b", status="failed"),
        entry("toy.c", Grade.EXHAUSTED, Verdict(Grade.EXHAUSTED, bound="2")),
        entry("toy.d", Grade.SAMPLED, Verdict(Grade.NOT_RUN, reason="no Go"), "not run"),
        complete=False,
    )
    assert report.summary(whole) == "1 proved, 1 exhausted, 1 not run, 1 failed (INCOMPLETE RUN)"
    assert report.notes(whole) == ["1 not run: no Go"]


def test_a_proof_stronger_than_declared_is_counted_as_what_it_is() -> None:
    assert report.summary(document(entry(expect=Grade.SAMPLED))) == "1 proved"


def test_markup_in_ids_is_shown_as_it_is() -> None:
    assert "toy.a[bold]x[/bold]" in report.tables(
        document(entry("toy.a[bold]x[/bold]")), 140, False
    )
