"""One session of pytest with its obligations: what was collected, what came of it, what is wrong with it."""

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from checker import evidence
from checker.evidence import FAILED, NOT_RUN, PASSED, Entry
from checker.obligation import Judgement, Obligation
from checker.settings import Settings
from checker.subjects import ObligationItem
from checker.verdict import Grade, Verdict

TOOLS = ("cvc5", "crosshair-tool", "hypothesis", "pytest", "z3-solver")


@dataclass
class ProofSession:
    """What has been collected and recorded so far; `items` and `entries` go by id."""

    file: Path
    settings: Settings = field(default_factory=Settings)
    items: dict[str, pytest.Item] = field(default_factory=dict)
    selected: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    """What was selected before other shards' were left out."""
    shard: str = ""
    entries: dict[str, Entry] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    start: float = field(default_factory=time.monotonic)
    _ids: dict[str, str] = field(default_factory=dict)
    _stems: dict[str, pytest.Item] = field(default_factory=dict)
    _header: dict[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where counterexamples go."""
        return self.file.parent / "counterexamples"

    @property
    def begun(self) -> bool:
        """Whether there is anything to give evidence of."""
        return bool(self._header)

    @property
    def complete(self) -> bool:
        """Whether every selected obligation came to an end."""
        return all(identity in self.entries for identity in self.selected)

    def entry_of(self, nodeid: str) -> Entry | None:
        """The entry of the test that pytest calls `nodeid`, if it is one of ours and has ended."""
        return self.entries.get(self._ids.get(nodeid, ""))

    def collect(self, item: pytest.Item) -> None:
        """Enter a test. Raises pytest.UsageError when its evidence would overwrite another's."""
        identity = identity_of(item)
        other = self._stems.setdefault(evidence.stem(identity), item)
        if other is not item:
            raise pytest.UsageError(
                f"{other.nodeid} and {item.nodeid} would share the evidence of {identity}: "
                "rename one of them"
            )
        self.items[identity] = item
        self._ids[item.nodeid] = identity

    def begin(self, session: pytest.Session) -> None:
        """Write a first evidence file, in which nothing has run yet. Raises OSError, UsageError.

        What an earlier run left must not pass for the result of this one, however this one ends.
        """
        self._check_references()
        kept = set(session.items)
        self.selected = [identity for identity, item in self.items.items() if item in kept]
        anything = self.selected or self.problems or self.wanted
        if not anything or session.config.option.collectonly:
            return
        arguments = [str(each) for each in session.config.invocation_params.args]
        self._header = {**evidence.run_header(TOOLS, self.settings.others), "arguments": arguments}
        for identity in self.selected:
            for path in evidence.files_of(identity, self.folder).values():
                path.unlink(missing_ok=True)
        evidence.write(self.document(), self.file)

    def end(self, session: pytest.Session) -> dict[str, Any]:
        """Write the evidence and return it; that it could not be written becomes a problem."""
        if not self.complete:
            self.problems.append("the run stopped before every selected obligation had run")
        self.problems += self._without_mutants(session.config)
        document = self.document()
        try:
            evidence.write(document, self.file)
        except OSError as error:
            problem = f"cannot write the evidence to {self.file}: {error.strerror}"
            document["problems"].append(problem)
        return document

    def document(self) -> dict[str, Any]:
        """The evidence as of now; what has not run yet stands there as an error."""
        header = {
            **self._header,
            "seconds": round(time.monotonic() - self.start, 3),
            "collected": len(self.items),
            "wanted": evidence.fingerprint(self.wanted or self.selected),
            "selected": len(self.selected),
            "shard": self.shard,
            "complete": self.complete,
        }
        entries = [self.entries.get(each) or self._unreached(each) for each in self.selected]
        return evidence.document(entries, header, self.problems)

    def settle(
        self, item: pytest.Item, outcome: Judgement | None, seconds: float, failed: bool, error: str
    ) -> Entry:
        """The entry of a test that has ended; `error` says why it failed if no verdict does."""
        status = FAILED
        if not failed and outcome is not None:
            status = NOT_RUN if outcome.not_run else PASSED
        return Entry(
            identity=identity_of(item),
            subject=subject_of(item),
            declared=declared_by(item),
            status=status,
            seconds=outcome.seconds if outcome else seconds,
            outcome=outcome,
            error=error,
        )

    def with_program(self, verdict: Verdict) -> Verdict:
        """The verdict with a program at the end of its counterexample, if that can be replayed."""
        counterexample = verdict.counterexample
        if counterexample is None or counterexample.replay is None or counterexample.reproduction:
            return verdict
        program = self.settings.reproduce(counterexample.replay)
        return replace(verdict, counterexample=replace(counterexample, reproduction=program))

    def _check_references(self) -> None:
        """Raises pytest.UsageError when a mutant is to refute a claim that there is not."""
        names = {identity.partition("[")[0] for identity in self.items}
        for identity, item in self.items.items():
            declared = declared_by(item)
            if declared is not None and declared.refutes:
                claim = f"{subject_of(item)}.{declared.refutes}"
                if claim not in names:
                    raise pytest.UsageError(f"{identity} refutes {claim}, which is not declared")

    def _unreached(self, identity: str) -> Entry:
        item = self.items[identity]
        return self.settle(item, None, 0.0, True, "never ran: the run stopped before it")

    def _without_mutants(self, config: pytest.Config) -> list[str]:
        """Subjects whose claims nothing was seen to refute, though all of their tests ran."""
        partial = {
            subject_of(item)
            for identity, item in self.items.items()
            if identity not in self.selected or _narrowed(config, item.path.parent)
        }
        whole = [each for each in self.entries.values() if each.subject not in partial]
        return evidence.without_mutants([each.record() for each in whole])


def identity_of(item: pytest.Item) -> str:
    """`<subject>.<obligation>[case]`; for a test that is no obligation, `<folder>.<test>`."""
    return f"{subject_of(item)}.{item.name}"


def subject_of(item: pytest.Item) -> str:
    """The subject of an obligation, or the folder of another test."""
    return item.subject if isinstance(item, ObligationItem) else item.path.parent.name


def declared_by(item: pytest.Item) -> Obligation | None:
    """What is declared, or None for a test that is no obligation."""
    return item.obligation if isinstance(item, ObligationItem) else None


def check_declaration(identity: str, obligation: Obligation, verdict: object) -> None:
    """Raises TypeError or ValueError when this could never have become evidence."""
    __tracebackhide__ = True
    if not isinstance(verdict, Verdict):
        raise TypeError(f"{identity} returned {verdict!r}: an obligation must return a Verdict")
    if obligation.expect not in evidence.EXPECTED:
        raise ValueError(
            f"{identity} expects {obligation.expect.name}, which establishes nothing: "
            "expect PROVED, EXHAUSTED, SAMPLED or REFUTED"
        )
    if obligation.finding and not obligation.violates:
        raise ValueError(f"{identity}: say which invariant the known finding violates")
    if obligation.mutant is not None and obligation.expect is not Grade.REFUTED:
        raise ValueError(f"{identity}: mutant {obligation.mutant.name} must be expected REFUTED")


def _narrowed(config: pytest.Config, folder: Path) -> bool:
    """Whether the command line asked for less than the whole folder."""
    asked = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    return not any(folder.is_relative_to(path) for path in asked) and any(
        path.is_relative_to(folder) for path in asked
    )
