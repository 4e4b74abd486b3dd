"""The evidence as people read it: tables, one summary line, and what failed in words.

Works from records of the evidence file only, so that a run's last lines and a later look at the
file show the same thing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from checker.evidence import FAILED, NOT_RUN, PASSED, Record, mutant_of, without_case
from checker.obligation import Judgement
from checker.verdict import Grade

NARROW = 100
"""Below this many columns a table is harder to read than lines."""

_WORDS = {
    "PROVED": "proved",
    "EXHAUSTED": "exhausted",
    "SAMPLED": "sampled",
    "REFUTED": "refuted as expected",
}
_STYLES = {PASSED: "green", FAILED: "bold red", NOT_RUN: "yellow"}


def explain(outcome: Judgement, replay: str = "") -> str:
    """Why the outcome is a failure: what was expected, what came, and the counterexample."""
    obligation, verdict = outcome.obligation, outcome.verdict
    expected = obligation.expect.name
    if obligation.expect is Grade.REFUTED:
        what = _on_purpose(mutant_of(obligation), obligation.finding)
        got = f"is no longer refuted: got {verdict.grade.name}"
        if outcome.astray:
            got = f"must violate {' or '.join(sorted(obligation.violates))}, not something else"
        lines = [f"{outcome.identity}: {what} {got}"]
    else:
        atleast = "" if obligation.expect is Grade.PROVED else " or stronger"
        lines = [f"{outcome.identity}: expected {expected}{atleast}, got {verdict.grade.name}"]
    lines += [f"statement: {obligation.statement}", f"stated at: {obligation.cites}"]
    if verdict.bound:
        lines.append(f"bound: {verdict.bound}")
    if verdict.reason:
        lines.append(f"reason: {verdict.reason}")
    lines += [f"{name}: {result}" for name, result in verdict.vacuity_checks.items()]
    if verdict.counterexample:
        lines += ["", verdict.counterexample.text()]
    if replay:
        lines += ["", f"replay with: {replay}"]
    return "\n".join(lines)


def tables(evidence: Mapping[str, Any], width: int, color: bool) -> str:
    """All obligations: claims, known findings, mutants, each group in a table of its own."""
    groups: dict[str, list[Record]] = {}
    for record in evidence["obligations"]:
        groups.setdefault(_group(record), []).append(record)
    parts = []
    for title in ("obligations", "known findings", "mutants"):
        records = sorted(groups.get(title, []), key=_order)
        if records:
            lines = _plain(title, records) if width < NARROW else _table(title, records)
            parts.append(_render(lines, width, color))
    return "\n".join(parts)


def summary(evidence: Mapping[str, Any]) -> str:
    """One line: how many of each verdict, then how many not run and failed."""
    count: Counter[str] = Counter()
    for record in evidence["obligations"]:
        status = record["status"]
        count[_WORDS[record["verdict"]] if status == PASSED else status] += 1
    parts = [f"{count[word]} {word}" for word in (*_WORDS.values(), NOT_RUN, FAILED) if count[word]]
    line = ", ".join(parts) or "no obligations"
    if evidence["run"]["shard"]:
        line = f"{line} (shard {evidence['run']['shard']})"
    return line if evidence["run"]["complete"] else f"{line} (INCOMPLETE RUN)"


def notes(evidence: Mapping[str, Any]) -> list[str]:
    """What the reader has to know beside the table: problems, and why some did not run."""
    reasons = Counter(
        record["reason"] for record in evidence["obligations"] if record["status"] == NOT_RUN
    )
    return [f"problem: {problem}" for problem in evidence["problems"]] + [
        f"{count} not run: {reason}" for reason, count in sorted(reasons.items())
    ]


def word(record: Record) -> str:
    """The verdict as printed; a failure says so, whatever its verdict."""
    verdict = str(record["verdict"]).replace("_", " ").lower()
    if record["status"] == FAILED and verdict != "error":
        return f"FAILED ({verdict})"
    return verdict if record["status"] != FAILED else "ERROR"


def _group(record: Record) -> str:
    if record["mutant"]:
        return "mutants"
    return "known findings" if record["finding"] else "obligations"


def _order(record: Record) -> tuple[str, str, str]:
    return record["subject"], record["mutant"], record["id"]


def _on_purpose(mutant: str, finding: str) -> str:
    if mutant:
        return f"mutant {mutant}"
    return f"known finding {finding}" if finding else "what must be refuted"


_COLUMNS = {
    "obligations": ("obligation", "technique", "verdict", "bound", "counts", "seconds"),
    "known findings": ("finding", "obligation", "technique", "verdict", "violates", "seconds"),
    "mutants": ("mutant", "killed by", "technique", "verdict", "violates", "seconds"),
}


def _cells(title: str, record: Record) -> tuple[str, ...]:
    seconds = f"{record['seconds']:.1f}"
    if title == "obligations":
        bound = record["bound"] or (record["reason"] if record["status"] != PASSED else "")
        return record["id"], record["technique"], word(record), bound, _counts(record), seconds
    violated = record["trace"]["invariant"] if record["trace"] else record["reason"] or "nothing"
    if title == "known findings":
        first, second = record["finding"], record["id"]
    else:
        first, killer = record["mutant"], record["refutes"] or without_case(record)
        second = killer if record["status"] == PASSED else f"not by {killer}"
    return first, second, record["technique"], word(record), violated, seconds


def _counts(record: Record) -> str:
    """The totals; counts called "group:member" are details, left to the evidence file."""
    return ", ".join(
        f"{name} {count:,}" for name, count in record["counts"].items() if ":" not in name
    )


def _table(title: str, records: Sequence[Record]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", expand=False)
    for column in _COLUMNS[title]:
        if column == "seconds":
            table.add_column(column, justify="right", no_wrap=True)
        else:
            table.add_column(column, overflow="fold", no_wrap=column == "verdict")
    for record in records:
        style = _STYLES[record["status"]]
        columns = zip(_COLUMNS[title], _cells(title, record), strict=True)
        table.add_row(*(Text(cell, style if name == "verdict" else "") for name, cell in columns))
    return table


def _plain(title: str, records: Iterable[Record]) -> Text:
    lines = [Text(f"{title}:", "bold")]
    for record in records:
        values = dict(zip(_COLUMNS[title], _cells(title, record), strict=True))
        verdict, seconds = values.pop("verdict"), values.pop("seconds")
        first, *others = (value for value in values.values() if value)
        line = Text("  ").append(verdict, _STYLES[record["status"]])
        line.append(f"  {first}")
        line.append(f" ({'; '.join([*others, f'{seconds} s'])})")
        lines.append(line)
    return Text("\n").join(lines)


def _render(content: Table | Text, width: int, color: bool) -> str:
    buffer = StringIO()
    Console(
        file=buffer,
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
    ).print(content, soft_wrap=isinstance(content, Text))
    return buffer.getvalue().rstrip("\n")
