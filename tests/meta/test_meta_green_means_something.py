"""Each way in which some tool's green run meant nothing, tried on our harness: it must go red.

The letters in the names are only an order; every test says which lie it tells. The lies that need
an engine (a contradictory hypothesis, a rule that never fires) are told in that engine's tests.
"""

import pytest

from checker.verdict import Grade
from tests.conftest import Folder

RED = pytest.ExitCode.TESTS_FAILED

CLAIM = """
@claim()
def holds():
    return PROVED
"""


def expect_red(folder: Folder, identity: str, *lines: str) -> None:
    """The run fails, shows `lines`, and its evidence blames that obligation."""
    result = folder.run()
    assert result.ret == RED
    result.stdout.fnmatch_lines(lines)
    record = folder.record(identity)
    assert record["status"] == "failed"
    result.stdout.fnmatch_lines(["*1 failed*"])


def marked(folder: Folder, mark: str) -> None:
    """A conftest marks the claim toy.holds."""
    folder.add_conftest(f"""
import pytest

def pytest_collection_modifyitems(items):
    for item in items:
        if item.name == "holds":
            item.add_marker(pytest.mark.{mark})
""")


def test_a_violation_is_found_but_the_exit_code_says_fine(folder: Folder, killed: str) -> None:
    """As mypyvy's bmc does; and as CBMC's runner does unless told otherwise."""
    folder.add("@claim(Grade.EXHAUSTED)\ndef holds():\n    return REFUTED\n" + killed)
    process = folder.run_process()
    assert process.returncode == RED
    assert "violated: one_owner" in process.stdout
    assert folder.run_process("-q", "--no-summary").returncode == RED


def test_b_the_solver_gave_up(folder: Folder, killed: str) -> None:
    """As when a solver's timeout is printed as "no violation found"."""
    folder.add(
        "@claim()\ndef holds():\n"
        "    return Verdict(Grade.UNKNOWN, reason='resource limit 1000000 reached')\n" + killed
    )
    expect_red(
        folder,
        "toy.holds",
        "toy.holds: expected PROVED, got UNKNOWN",
        "reason: resource limit 1000000 reached",
        "*FAILED (unknown)*",
    )


@pytest.mark.parametrize("expect", ["UNKNOWN", "VACUOUS", "NOT_RUN"])
def test_d_unknown_is_declared_to_be_good_enough(folder: Folder, killed: str, expect: str) -> None:
    """As CI that passes --exit-0 does."""
    folder.add(
        f"@claim(Grade.{expect})\ndef holds():\n"
        f"    return Verdict(Grade.{expect}, reason='gave up')\n" + killed
    )
    expect_red(folder, "toy.holds", f"*toy.holds expects {expect}, which establishes nothing*")


@pytest.mark.parametrize("weak", [Grade.SAMPLED, Grade.EXHAUSTED])
def test_g_a_bound_was_reached_and_success_reported(
    folder: Folder, killed: str, weak: Grade
) -> None:
    """As loom does at max_permutations: what was bounded must not pass for proved."""
    folder.add(
        f"@claim()\ndef holds():\n"
        f"    return Verdict(Grade.{weak.name}, bound='1000 states')\n" + killed
    )
    expect_red(
        folder, "toy.holds", f"toy.holds: expected PROVED, got {weak.name}", "bound: 1000 states"
    )


def test_g_a_state_limit_cut_the_search_short(folder: Folder, killed: str) -> None:
    folder.add(
        "@claim(Grade.EXHAUSTED)\ndef holds():\n"
        "    return Verdict(Grade.UNKNOWN, reason='stopped at 20000 states')\n" + killed
    )
    expect_red(folder, "toy.holds", "reason: stopped at 20000 states")


def test_h_failures_do_not_reach_the_exit_code(folder: Folder, killed: str) -> None:
    """A plugin that swallows pytest's own exit code leaves ours."""
    folder.add("@claim()\ndef holds():\n    return REFUTED\n" + killed)
    folder.pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_sessionfinish(session):
            session.testsfailed = 0
            session.exitstatus = 0
        """
    )
    assert folder.run_process().returncode == RED


def test_i_a_skip_is_counted_as_passed(folder: Folder, killed: str) -> None:
    folder.add("@claim()\ndef holds():\n    pytest.skip('child not responding')\n" + killed)
    expect_red(folder, "toy.holds", "*skipped without a verdict*")


@pytest.mark.parametrize(
    "lie",
    [
        "def test_it():\n    pytest.skip('child not responding')",
        "@pytest.mark.skipif(True, reason='slow')\ndef test_it():\n    pass",
        "@pytest.mark.parametrize('mutant', [])\ndef test_it(mutant):\n    pass",
    ],
)
def test_i_a_test_that_skips_stands_among_obligations(
    folder: Folder, killed: str, lie: str
) -> None:
    folder.add(CLAIM + killed)
    folder.add_test(f"import pytest\n{lie}\n")
    result = folder.run()
    assert result.ret == RED
    result.stdout.fnmatch_lines(["*skipped without a verdict*", "*1 failed"])


@pytest.mark.parametrize("mark", ["skip", "skipif(True, reason='slow')"])
def test_i_an_obligation_is_marked_to_be_skipped(folder: Folder, killed: str, mark: str) -> None:
    folder.add(CLAIM + killed)
    marked(folder, mark)
    expect_red(folder, "toy.holds", "*skipped without a verdict*")


@pytest.mark.parametrize("lie", ["pytest.skip('later', allow_module_level=True)", "import nothing"])
def test_i_a_whole_file_is_left_out(folder: Folder, killed: str, lie: str) -> None:
    """Six of fourteen test files run, and nobody sees it."""
    folder.add(CLAIM + killed)
    folder.add(lie, subject="more")
    result = folder.run("--continue-on-collection-errors")
    assert result.ret == RED
    result.stdout.fnmatch_lines(["problem: claims/more/subject.py: *, its obligations are missing"])
    assert folder.evidence()["problems"]


def test_i_the_process_dies(folder: Folder, killed: str) -> None:
    """What is on disk says that the run is incomplete, and not what an earlier run found."""
    folder.add(CLAIM + killed)
    assert folder.run().ret == pytest.ExitCode.OK
    folder.add(CLAIM + killed + "\n@claim()\ndef last():\n    import os; os._exit(0)\n")
    folder.run_process()
    evidence = folder.evidence()
    assert not evidence["run"]["complete"]
    assert {each["verdict"] for each in evidence["obligations"]} == {"ERROR"}


def test_i_the_run_stops_early(folder: Folder, killed: str) -> None:
    folder.add("@claim()\ndef bad():\n    return REFUTED\n" + CLAIM + killed)
    result = folder.run("-x")
    assert result.ret != pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["*(INCOMPLETE RUN)"])
    assert folder.record("toy.holds")["reason"].startswith("never ran")


def test_i_nothing_is_executed_at_all(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    assert folder.run("--setup-only").ret == RED
    assert not folder.evidence()["run"]["complete"]


def test_j_no_mutant_shows_that_the_check_can_fail(folder: Folder) -> None:
    folder.add(CLAIM)
    result = folder.run()
    assert result.ret == RED
    result.stdout.fnmatch_lines(["problem: toy: no mutant shows that its obligations can fail"])


def test_j_a_mutant_survives(folder: Folder) -> None:
    folder.add(
        CLAIM
        + """
@claim(Grade.REFUTED, mutant=Mutant("drop"), case="drop", refutes="holds")
def holds_kills():
    return PROVED
"""
    )
    expect_red(
        folder,
        "toy.holds_kills[drop]",
        "toy.holds_kills[[]drop]: mutant drop is no longer refuted: got PROVED",
        "*drop*not by toy.holds*FAILED (proved)*",
    )
    assert folder.record("toy.holds")["mutants_killed"] == []


def test_j_a_mutant_is_expected_to_survive(folder: Folder) -> None:
    folder.add(CLAIM + "@claim(mutant=Mutant('drop'))\ndef holds_kills():\n    return PROVED\n")
    expect_red(folder, "toy.holds_kills", "*mutant drop must be expected REFUTED*")


def test_j_a_mutant_no_longer_applies(folder: Folder) -> None:
    folder.add(
        CLAIM
        + """
from checker.binding import StaleEdit

@claim(Grade.REFUTED, mutant=Mutant("drop"))
def holds_kills():
    raise StaleEdit("mheap: the text to replace occurs 0 times")
"""
    )
    expect_red(folder, "toy.holds_kills", "*StaleEdit: mheap: the text to replace*")


def test_k_what_stands_in_a_comment_counts_for_nothing(folder: Folder, killed: str) -> None:
    """An audit by grep would find the mutant."""
    commented = "".join(f"# {line}\n" for line in killed.splitlines())
    folder.add(CLAIM + commented + f"TEXT = {killed!r}\n")
    assert folder.run().ret == RED


@pytest.mark.parametrize("nothing", ["None", "True", "Grade.PROVED"])
def test_l_an_obligation_returns_something_else_than_a_verdict(
    folder: Folder, killed: str, nothing: str
) -> None:
    folder.add(f"@claim()\ndef holds():\n    return {nothing}\n" + killed)
    expect_red(folder, "toy.holds", "*an obligation must return a Verdict*")


def test_l_a_test_is_no_obligation(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    folder.add_test("def test_plain():\n    assert True\n")
    expect_red(folder, "toy.test_plain", "toy.test_plain: ended without a verdict*")


def test_l_a_subject_declares_nothing(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    folder.add("del SUBJECT", subject="more")
    result = folder.run("--continue-on-collection-errors")
    assert result.ret == RED
    result.stdout.fnmatch_lines(["*claims/more/subject.py declares no SUBJECT*"])


def test_l_a_mutant_refutes_what_nobody_claims(folder: Folder, killed: str) -> None:
    folder.add(killed.replace('refutes="holds"', 'refutes="hold"'))
    result = folder.run()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*toy.holds_kills[[]drop] refutes toy.hold, which is not declared*"]
    )


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("verdict", ["PROVED", "REFUTED"])
def test_l_a_failure_is_expected_away(
    folder: Folder, killed: str, strict: bool, verdict: str
) -> None:
    folder.add(f"@claim()\ndef holds():\n    return {verdict}\n" + killed)
    marked(folder, f"xfail(strict={strict})")
    assert folder.run().ret == RED
    assert folder.record("toy.holds")["status"] == "failed"


def test_l_the_means_to_judge_are_replaced(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    folder.add_conftest("""
from checker.subjects import ObligationItem

ObligationItem.runtest = lambda self: None
""")
    result = folder.run_process()
    assert result.returncode == RED
    assert "toy.holds: ended without a verdict" in result.stdout


def test_m_what_must_be_refuted_is_not_any_more(folder: Folder, killed: str) -> None:
    folder.add("@claim(Grade.REFUTED)\ndef fails():\n    return PROVED\n" + CLAIM + killed)
    expect_red(folder, "toy.fails", "toy.fails: what must be refuted is no longer refuted*")


@pytest.mark.parametrize(
    "verdict",
    ["PROVED", "Verdict(Grade.UNKNOWN, reason='limit')", "Verdict(Grade.VACUOUS, reason='none')"],
)
def test_m_a_known_finding_has_vanished(folder: Folder, killed: str, verdict: str) -> None:
    folder.add(
        "@claim(Grade.REFUTED, finding='go.dev/issue/74288', violates=frozenset({'one_owner'}))\n"
        f"def limit():\n    return {verdict}\n" + CLAIM + killed
    )
    expect_red(
        folder,
        "toy.limit",
        "toy.limit: known finding go.dev/issue/74288 is no longer refuted: got *",
        "known findings*",
        "*go.dev/issue/74288*FAILED*",
    )


def test_m_a_known_finding_violates_something_else(folder: Folder, killed: str) -> None:
    """The claim fails, but of another bug: the finding might have vanished behind it."""
    folder.add(
        "@claim(Grade.REFUTED, finding='74288', violates=frozenset({'limit_is_valid'}))\n"
        "def limit():\n    return REFUTED\n" + CLAIM + killed
    )
    expect_red(
        folder,
        "toy.limit",
        "toy.limit: known finding 74288 must violate limit_is_valid, not something else",
        "violated: one_owner",
    )


def test_m_a_known_finding_may_violate_anything(folder: Folder, killed: str) -> None:
    folder.add(
        "@claim(Grade.REFUTED, finding='74288')\ndef limit():\n    return REFUTED\n"
        + CLAIM
        + killed
    )
    expect_red(folder, "toy.limit", "*say which invariant the known finding violates*")


def test_n_evidence_cannot_be_written(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    (folder.root / "file").write_text("in the way")
    result = folder.run("--evidence", "file/evidence.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*cannot write the evidence to*choose another file*"])


def test_n_evidence_can_no_longer_be_written_at_the_end(folder: Folder, killed: str) -> None:
    folder.add(
        CLAIM
        + killed
        + """
@claim()
def zapped():
    from pathlib import Path
    file = Path("build/evidence.json")
    file.unlink()
    file.mkdir()
    return PROVED
"""
    )
    result = folder.run()
    assert result.ret == RED
    result.stdout.fnmatch_lines(["problem: cannot write the evidence to*"])


def test_n_counterexamples_cannot_be_written(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    (folder.root / "build").mkdir()
    (folder.root / "build" / "counterexamples").write_text("in the way")
    assert folder.run().ret in (RED, pytest.ExitCode.USAGE_ERROR)


def test_n_evidence_that_breaks_its_own_schema(folder: Folder, killed: str) -> None:
    folder.add(
        "@claim()\ndef holds():\n    return Verdict(Grade.PROVED, counts={'states': 0.5})\n"
        + killed
    )
    expect_red(folder, "toy.holds", "*toy.holds: its counts/states is malformed*")


def test_n_two_obligations_share_one_id(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    folder.add(CLAIM, folder="more")
    result = folder.run()
    assert result.ret not in (pytest.ExitCode.OK, RED)
    (result.stdout if result.outlines and not result.errlines else result.stderr).fnmatch_lines(
        ["*would share the evidence of toy.holds: rename one of them*"]
    )


def test_o_cleaning_up_fails_after_the_verdicts(folder: Folder, killed: str) -> None:
    folder.add(CLAIM + killed)
    (folder.root / "claims" / "conftest.py").write_text("""
from contextlib import contextmanager
from checker.settings import Settings

@contextmanager
def locked(config):
    yield
    raise RuntimeError("a lock is still held")

def pytest_obligation_settings(config):
    return Settings(means=locked)
""")
    result = folder.run()
    assert result.ret == RED
    result.stdout.fnmatch_lines(["problem: the means of the session cannot be closed: *lock*"])
