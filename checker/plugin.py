"""The pytest plugin: every test of a folder it serves is an obligation and must get a verdict.

    [tool.pytest.ini_options]
    obligations = ["proofs"]    # the folders

It comes with the package, as an entry point. In these folders each file `subject.py` declares
obligations (`checker.obligation`), and a `conftest.py` may answer the hook
`pytest_obligation_settings(config)` with a `checker.settings.Settings`. A test there that is no
obligation, skips, or is expected to fail is turned red: silence is not evidence.
"""

import shutil
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checker import evidence
from checker.counterexample import Counterexample
from checker.obligation import Judgement
from checker.progress import beside
from checker.report import explain, notes, summary, tables, word
from checker.session import ProofSession, check_declaration, identity_of
from checker.settings import Settings
from checker.sharding import shard
from checker.subjects import FILE, MEANS, ObligationItem, SubjectFile
from checker.verdict import Verdict

DEFAULT_FILE = "build/evidence.json"
WIDE = 140
"""Columns assumed where no terminal says how many it has: logs are read with scrolling."""

RUN = pytest.StashKey[ProofSession]()
EVIDENCE = pytest.StashKey[dict[str, Any]]()
OUTCOME = pytest.StashKey[Judgement]()
FILES = pytest.StashKey[dict[str, Path]]()
OPEN = pytest.StashKey[ExitStack]()
"""What must be closed at the end of the session."""

_LETTERS = {"PROVED": "P", "EXHAUSTED": "E", "SAMPLED": "S", "REFUTED": "R"}


class HookSpecs:
    """The hook that a folder's conftest may answer."""

    @pytest.hookspec(firstresult=True)
    def pytest_obligation_settings(self, config: pytest.Config) -> Settings | None:
        """What the plugin has to know of the project."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    pluginmanager.add_hookspecs(HookSpecs)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fast: part of the tier that ends within a minute")
    asked = [config.invocation_params.dir / each.partition("::")[0] for each in config.args]
    if config.getoption("numprocesses", None) and any(
        folder.is_relative_to(path) or path.is_relative_to(folder)
        for folder in _folders(config)
        for path in asked
    ):
        raise pytest.UsageError("obligations are recorded by one process: run without -n")
    config.stash[RUN] = ProofSession(config.invocation_params.dir / config.getoption("evidence"))


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("obligations")
    parser.addini("obligations", "folders in which every test is an obligation", type="paths")
    group.addoption(
        "--evidence",
        metavar="FILE",
        default=DEFAULT_FILE,
        help=f"where to write the evidence of the run as JSON (default: {DEFAULT_FILE}); "
        "counterexamples go to the folder counterexamples beside it",
    )
    group.addoption(
        "--all-must-run",
        action="store_true",
        default=False,
        help="an obligation that cannot be checked on this machine is a failure",
    )
    group.addoption(
        "--shard",
        metavar="K/N",
        default="",
        help="run part K of N; give each part an --evidence of its own, to be merged when all "
        "parts have run",
    )
    group.addoption(
        "--nightly",
        action="store_true",
        default=False,
        help="sample twenty times as much where that is worth while; takes twice as long",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is for other shards, after -k and -m have chosen."""
    text = config.getoption("shard")
    if not text:
        return
    try:
        part = shard(text)
    except ValueError as error:
        raise pytest.UsageError(str(error)) from error
    run = config.stash[RUN]
    served = [each for each in items if _serves(config, each.path)]
    run.shard, run.wanted = str(part), [identity_of(each) for each in served]
    mine = set(part.mine(served))
    others = [each for each in served if each not in mine]
    config.hook.pytest_deselected(items=others)
    items[:] = [each for each in items if each not in set(others)]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> SubjectFile | None:
    if file_path.name != FILE or not _serves(parent.config, file_path):
        return None
    return SubjectFile.from_parent(parent, path=file_path)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    made = yield
    if not made.passed and _serves(collector.config, collector.path):
        what = "skipped" if made.skipped else "failed to load"
        collector.config.stash[RUN].problems.append(
            f"{made.nodeid}: {what} as a whole, its obligations are missing"
        )
    return made


def pytest_itemcollected(item: pytest.Item) -> None:
    if _serves(item.config, item.path):
        item.config.stash[RUN].collect(item)


def pytest_collection_finish(session: pytest.Session) -> None:
    config, run = session.config, session.config.stash[RUN]
    run.settings = config.hook.pytest_obligation_settings(config=config) or Settings()
    try:
        run.begin(session)
    except OSError as error:
        raise pytest.UsageError(
            f"cannot write the evidence to {run.file}: {error.strerror or error}; "
            "choose another file with --evidence FILE"
        ) from error
    if run.begun:
        config.stash[OPEN] = ExitStack()
        config.stash[MEANS] = config.stash[OPEN].enter_context(run.settings.means(config))


def _judge(item: ObligationItem, verdict: Verdict, seconds: float) -> None:
    """Records the verdict and its counterexample; fails or skips by it."""
    __tracebackhide__ = True
    run, obligation, identity = item.config.stash[RUN], item.obligation, identity_of(item)
    check_declaration(identity, obligation, verdict)
    outcome = Judgement(identity, item.subject, obligation, run.with_program(verdict), seconds)
    evidence.check_outcome(outcome)
    item.stash[OUTCOME] = outcome
    item.user_properties.extend(evidence.properties(outcome))
    replay = ""
    counterexample = outcome.verdict.counterexample
    if counterexample is not None:
        files = evidence.write_counterexample(
            counterexample, outcome, run.folder, run.settings.replay_command
        )
        item.stash[FILES] = files
        if counterexample.replay is not None:
            replay = f"{run.settings.replay_command} {_shown(item.config, files['itf'])}"
    if outcome.not_run and not item.config.getoption("all_must_run", False):
        pytest.skip(verdict.reason)
    if not outcome.passes:
        pytest.fail(explain(outcome, replay), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    __tracebackhide__ = True
    run = item.config.stash[RUN]
    identity = identity_of(item)
    if not _serves(item.config, item.path):
        return (yield)
    place = f"{run.selected.index(identity) + 1}/{len(run.selected)} {identity}"
    _show_progress(item.config, place)
    try:
        result = yield
        if isinstance(item, ObligationItem) and item.result is not None:
            _judge(item, *item.result)
        return result
    finally:
        _show_progress(item.config, "")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    made = yield
    run = item.config.stash[RUN]
    identity = identity_of(item)
    if not _serves(item.config, item.path):
        return made
    if made.when == "call" or (made.when == "setup" and not made.passed):
        outcome = item.stash.get(OUTCOME, None)
        silence = _silence(made, outcome)
        if silence:
            made.outcome, made.longrepr = "failed", f"{identity}: {silence}"
            made.__dict__.pop("wasxfail", None)
        error = silence or _unforeseen(call, outcome)
        entry = run.settle(item, outcome, call.duration, made.failed, error)
        files = item.stash.get(FILES, {})
        run.entries[identity] = replace(entry, files=_relative(files, run.file.parent))
    elif made.failed and identity in run.entries:
        error = f"{made.when}: {_unforeseen(call, None)}"
        run.entries[identity] = run.entries[identity].failed(error)
    return made


def pytest_report_teststatus(
    report: pytest.TestReport, config: pytest.Config
) -> tuple[str, str, str] | None:
    """The verdict's letter instead of a dot; failures look as they do everywhere else."""
    entry = config.stash[RUN].entry_of(report.nodeid)
    if report.when != "call" or report.failed or entry is None or entry.outcome is None:
        return None
    grade = entry.outcome.verdict.grade
    return report.outcome, _LETTERS.get(grade.name, "-"), word(entry.record()).upper()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    run = session.config.stash[RUN]
    if not run.begun:
        return
    try:
        session.config.stash[OPEN].close()
    except Exception as error:
        run.problems.append(f"the means of the session cannot be closed: {error!r}")
    if session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and run.wanted:
        session.exitstatus = pytest.ExitCode.OK  # All that was wanted is for other shards.
    whole = run.end(session)
    session.config.stash[EVIDENCE] = whole
    if session.exitstatus == pytest.ExitCode.OK and not evidence.green(whole):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    whole = config.stash.get(EVIDENCE, None)
    if whole is None:
        return
    run = config.stash[RUN]
    if config.get_verbosity() > 0:
        for record in whole["obligations"]:
            if record["status"] == evidence.PASSED and record["trace"]:
                terminalreporter.section(f"{record['id']} is refuted, as it should be", "-")
                terminalreporter.line(Counterexample.from_json(record["trace"]).text())
    terminalreporter.section("evidence")
    width = shutil.get_terminal_size((WIDE, 24)).columns
    terminalreporter.line(tables(whole, width, terminalreporter.hasmarkup))
    for note in notes(whole):
        terminalreporter.line(note)
    if any(record["files"] for record in whole["obligations"]):
        terminalreporter.line(f"counterexamples: {_shown(config, run.folder)}")
    terminalreporter.line(f"evidence: {_shown(config, run.file)}")
    good = evidence.green(whole)
    partly = good and any(each["status"] == evidence.NOT_RUN for each in whole["obligations"])
    terminalreporter.line(
        summary(whole), green=good and not partly, yellow=partly, red=not good, bold=True
    )


def _folders(config: pytest.Config) -> list[Path]:
    """The folders in which every test is an obligation."""
    folders: list[Path] = config.getini("obligations")
    return folders


def _serves(config: pytest.Config, path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _folders(config))


def _silence(made: pytest.TestReport, outcome: Judgement | None) -> str:
    """What makes this report, which is not a failure, a lie; empty for an honest one."""
    if hasattr(made, "wasxfail"):
        return "xfail hides verdicts: declare expect=Grade.REFUTED instead"
    if made.skipped and not (outcome and outcome.not_run):
        return "skipped without a verdict: return one of grade NOT_RUN, with the reason"
    if made.passed and outcome is None:
        return "ended without a verdict: declare it in a subject.py"
    if made.passed and outcome is not None and not outcome.passes:
        return "passed in spite of its verdict"
    return ""


def _unforeseen(call: pytest.CallInfo[None], outcome: Judgement | None) -> str:
    """The exception, unless it is the one by which the verdict itself ends the test."""
    if call.excinfo is None or (
        outcome is not None
        and call.excinfo.errisinstance((pytest.fail.Exception, pytest.skip.Exception))
    ):
        return ""
    return call.excinfo.exconly(tryshort=True).strip()


def _relative(files: Mapping[str, Path], folder: Path) -> tuple[tuple[str, str], ...]:
    return tuple((kind, path.relative_to(folder).as_posix()) for kind, path in files.items())


def _shown(config: pytest.Config, path: Path) -> str:
    """The path as one would type it where pytest was started."""
    start = config.invocation_params.dir
    return str(path.relative_to(start) if path.is_relative_to(start) else path)


def _show_progress(config: pytest.Config, text: str) -> None:
    capture = config.pluginmanager.getplugin("capturemanager")
    if capture is not None and config.getoption("capture") != "no":
        with capture.global_and_fixture_disabled():
            beside(text)
