"""Evidence: the record of one run, as people read it in tables and machines read it as JSON.

Everything is made from what the run recorded, never from what it was expected to record: an
obligation that raised, was skipped or was never reached has an entry that says so.
"""

import hashlib
import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from jsonschema import ValidationError

from checker import itf
from checker.counterexample import Counterexample
from checker.htmlpage import page
from checker.obligation import Judgement, Obligation
from checker.schema import validate
from checker.verdict import Grade

FORMAT = "obligation-evidence"
VERSION = 2
ERROR = "ERROR"
"""The verdict of an obligation that came to none."""
PASSED, FAILED, NOT_RUN = "passed", "failed", "not run"

EXPECTED = (Grade.REFUTED, Grade.SAMPLED, Grade.EXHAUSTED, Grade.PROVED)
"""What an obligation may declare: the grades that establish something."""

Record = dict[str, Any]


@dataclass(frozen=True)
class Entry:
    """One obligation of the run and what became of it."""

    identity: str
    subject: str
    declared: Obligation | None
    status: str
    seconds: float
    outcome: Judgement | None = None
    error: str = ""
    """Why the obligation failed although (or because) it has no failing verdict."""
    files: tuple[tuple[str, str], ...] = ()

    def failed(self, error: str) -> "Entry":
        """The same entry as a failure for a reason that no verdict states."""
        return replace(self, status=FAILED, error=error)

    @property
    def obligation(self) -> Obligation | None:
        """What was judged or, if nothing was, what was declared."""
        return self.outcome.obligation if self.outcome else self.declared

    @property
    def mutant(self) -> str:
        """The mutant this obligation is to refute, if any."""
        return mutant_of(self.obligation) if self.obligation else ""

    @property
    def refutes(self) -> str:
        """The id, without a case, of the claim of which this obligation shows that it can fail."""
        claim = self.obligation.refutes if self.obligation else ""
        return f"{self.subject}.{claim}" if claim else ""

    @property
    def claims(self) -> bool:
        """Whether it passed as something that holds."""
        return (
            self.status == PASSED
            and self.obligation is not None
            and self.obligation.expect is not Grade.REFUTED
        )

    def record(self) -> Record:
        """The entry as it stands in the evidence file."""
        declared = self.obligation
        verdict = self.outcome.verdict if self.outcome else None
        trace = verdict.counterexample if verdict else None
        reason = "; ".join(part for part in (verdict.reason if verdict else "", self.error) if part)
        return {
            "id": self.identity,
            "subject": self.subject,
            "technique": declared.technique.value if declared else "",
            "statement": declared.statement if declared else "",
            "cites": declared.cites if declared else "",
            "expected": declared.expect.name if declared and declared.expect in EXPECTED else None,
            "verdict": verdict.grade.name if verdict else ERROR,
            "status": self.status,
            "bound": verdict.bound if verdict else "",
            "reason": reason,
            "counts": dict(sorted(verdict.counts.items())) if verdict else {},
            "seconds": round(self.seconds, 3),
            "solver": verdict.solver if verdict else "",
            "seed": verdict.seed if verdict else None,
            "vacuity_checks": dict(verdict.vacuity_checks) if verdict else {},
            "finding": declared.finding if declared else "",
            "mutant": self.mutant,
            "refutes": self.refutes,
            "mutants_killed": [],
            "trace": trace.to_json() if trace else None,
            "files": dict(self.files),
        }


def mutant_of(obligation: Obligation) -> str:
    """The name of the mutant that the obligation must refute, or nothing."""
    return obligation.mutant.name if obligation.mutant is not None else ""


def document(
    entries: Iterable[Entry], run: Mapping[str, Any], problems: Sequence[str]
) -> dict[str, Any]:
    """The whole evidence of a session. Raises jsonschema.ValidationError if it contradicts itself."""
    return assembled([entry.record() for entry in entries], run, problems)


def assembled(
    records: Sequence[Record], run: Mapping[str, Any], problems: Sequence[str]
) -> dict[str, Any]:
    """The whole evidence, sorted by id. Raises jsonschema.ValidationError if it contradicts itself."""
    records = sorted(records, key=lambda each: str(each["id"]))
    for record in records:
        record["mutants_killed"] = _killed(record, records)
    evidence = {
        "format": FORMAT,
        "version": VERSION,
        "run": dict(run),
        "problems": list(problems),
        "obligations": records,
    }
    validate(evidence)
    return evidence


def fingerprint(identities: Iterable[str]) -> str:
    """One for each set of obligations."""
    return hashlib.sha256("\n".join(sorted(identities)).encode()).hexdigest()[:16]


def without_mutants(records: Sequence[Record]) -> list[str]:
    """What is wrong with subjects whose claims nothing was seen to refute."""
    claims = {
        each["subject"]
        for each in records
        if each["status"] == PASSED and each["expected"] != Grade.REFUTED.name
    }
    mutants = {each["subject"] for each in records if each["mutant"]}
    return [
        f"{subject}: no mutant shows that its obligations can fail"
        for subject in sorted(claims - mutants)
    ]


def check_outcome(outcome: Judgement) -> None:
    """Raises ValueError when the outcome could not be written down as evidence."""
    status = PASSED if outcome.passes else NOT_RUN if outcome.not_run else FAILED
    obligation, seconds = outcome.obligation, outcome.seconds
    entry = Entry(outcome.identity, outcome.subject, obligation, status, seconds, outcome)
    try:
        validate(entry.record(), "obligation")
    except ValidationError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise ValueError(
            f"{outcome.identity}: its {where} is malformed: {error.message}"
        ) from error


def properties(outcome: Judgement) -> list[tuple[str, object]]:
    """The outcome as JUnit properties."""
    declared, verdict = outcome.obligation, outcome.verdict
    named = {
        "obligation": outcome.identity,
        "technique": declared.technique.value,
        "expected": declared.expect.name,
        "verdict": verdict.grade.name,
        "bound": verdict.bound,
        "solver": verdict.solver,
        "seed": "" if verdict.seed is None else str(verdict.seed),
        "finding": declared.finding,
        "mutant": mutant_of(declared),
    }
    counts = {f"count.{name}": str(count) for name, count in sorted(verdict.counts.items())}
    return [(name, value) for name, value in (named | counts).items() if value]


def run_header(distributions: Iterable[str], others: Mapping[str, str | None]) -> dict[str, Any]:
    """What the result may depend on: the versions of the tools, the platform, the time."""
    versions: dict[str, str | None] = {"python": platform.python_version()}
    versions |= {name: _version(name) for name in distributions}
    versions |= others
    return {
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "platform": platform.platform(),
        "versions": dict(sorted(versions.items())),
    }


def write(evidence: Mapping[str, Any], file: Path) -> None:
    """Write the evidence. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(evidence, indent=1, ensure_ascii=False)
    file.write_text(text + "\n", encoding="utf-8")


def read(file: Path) -> dict[str, Any]:
    """The evidence in `file`. Raises itf.CannotRead."""
    return from_json(itf.read_json(file), file)


def from_json(evidence: Any, file: str | Path) -> dict[str, Any]:
    """The evidence document that came from `file`. Raises itf.CannotRead."""
    remedy = "give the file that a run of the proofs has written"
    if not isinstance(evidence, dict) or evidence.get("format") != FORMAT:
        raise itf.CannotRead(file, "it is JSON, but not evidence of a run", remedy)
    if evidence.get("version") != VERSION:
        version = evidence.get("version")
        reason = f"it is evidence in version {version} of the format, not {VERSION}"
        raise itf.CannotRead(file, reason, "run the proofs again with this version")
    try:
        validate(evidence)
    except ValidationError as error:
        where = "/".join(str(part) for part in error.absolute_path)
        raise itf.CannotRead(file, f"at {where or 'the top'}: {error.message}", remedy) from error
    return evidence


def green(evidence: Mapping[str, Any]) -> bool:
    """Whether nothing that was selected failed, and nothing is missing."""
    return (
        evidence["run"]["complete"]
        and not evidence["problems"]
        and all(record["status"] != FAILED for record in evidence["obligations"])
    )


def violated(evidence: Mapping[str, Any]) -> bool:
    """Whether something that failed is known to be false, rather than not known to be true.

    A mutant or a known finding that is refuted no more counts: its claim, that there is a
    counterexample, is false.
    """
    return any(
        record["status"] == FAILED
        and (
            record["verdict"] == Grade.REFUTED.name
            or (
                record["expected"] == Grade.REFUTED.name
                and record["verdict"] in {each.name for each in EXPECTED}
            )
        )
        for record in evidence["obligations"]
    )


def established(evidence: Mapping[str, Any]) -> bool:
    """Whether anything passed at all."""
    return any(record["status"] == PASSED for record in evidence["obligations"])


def stem(identity: str) -> str:
    """The id as a file name no shell takes for a pattern: `a.b[c]` becomes `a.b-c`."""
    return re.sub(r"[^\w.+-]+", "-", identity, flags=re.ASCII).strip("-")


KINDS = ("itf", "txt", "html")
_SUFFIXES = {"itf": ".itf.json", "txt": ".txt", "html": ".html"}


def files_of(identity: str, folder: Path) -> dict[str, Path]:
    """Where the counterexample of this obligation is written: kind to path."""
    return {kind: folder / f"{stem(identity)}{_SUFFIXES[kind]}" for kind in KINDS}


def write_counterexample(
    counterexample: Counterexample, outcome: Judgement, folder: Path, replay_command: str
) -> dict[str, Path]:
    """Write the trace as ITF, text and HTML; returns kind to path. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = files_of(outcome.identity, folder)
    itf.write(counterexample, files["itf"])
    statement = outcome.obligation.statement
    lines = [outcome.identity, statement, "", counterexample.text(), ""]
    if replay_command and counterexample.replay:
        lines += [f"replay with: {replay_command} {files['itf'].name}", ""]
    files["txt"].write_text("\n".join(lines), encoding="utf-8")
    files["html"].write_text(page(counterexample, outcome.identity, statement), encoding="utf-8")
    return files


def _killed(record: Record, records: Sequence[Record]) -> list[str]:
    own = without_case(record)
    return sorted(
        {
            each["mutant"]
            for each in records
            if each["mutant"]
            and each["verdict"] == Grade.REFUTED.name
            and each["status"] == PASSED
            and own in (each["refutes"], without_case(each))
        }
    )


def without_case(record: Record) -> str:
    """The id of an obligation, without the case that tells it from others of its name."""
    return str(record["id"]).partition("[")[0]


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None
