"""The command line: `python -m bench`."""

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from bench import access, growth, oracle, readings, report, size
from bench.classless import CannotRewrite
from bench.measure import DifferentWork, Measurement
from checker.binding import Binding
from golang.errors import CannotCheck, GoMissing

HOLDS, VIOLATED, NO_ANSWER, INTERRUPTED = 0, 1, 2, 130

SUBJECTS = ("oracle", "access", "growth", "readings", "size")
PROGRAMS = Path("build/go")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(SUBJECTS),
    help="Measure this subject only; may be given several times.",
)
@click.option(
    "--rounds",
    type=click.IntRange(min=1),
    default=7,
    show_default=True,
    help="How often each side has its turn.",
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=1.0,
    show_default=True,
    help="Multiplies the number of operations of a turn.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("build/bench.json"),
    show_default=True,
    help="Where to write the numbers.",
)
def bench(only: tuple[str, ...], rounds: int, scale: float, output: Path) -> int:
    r"""Measure the speed and size of the port, and the speed of a search, as ratios in one run.

    \b
    oracle  operations per second of the port, and of Go's own code in another
            process: in lock-step (each request waits for the answer before) and
            with all requests sent at once
    access  the port in its plain binding, and the same code rewritten without
            access classes, with and without locks: at least half the speed is kept
    growth  grey objects put into one queue of 32,000, and into sixteen of 2,000: at
            least half the speed is kept
    readings
            states per second of the search of each model, by text emitted from
            its bodies and by the bodies: five times the speed where there are
            thousands
    size    memory for a heap of 512 GiB and for one of 64 MiB with as many spans

    The sides take turns, and a ratio is the median of those of the rounds, with the
    least and the greatest. Both sides must come to the same answers, and in `access`
    to the same heap. Only the processor's time counts there; with the oracle it is
    the time on the clock, since one process waits for another.

    \b
    Examples:
        python -m bench
        python -m bench --only access --rounds 15
        python -m bench --only oracle --scale 10

    Exit codes: 0 all claims hold, 1 one does not, 2 no answer, 130 interrupted.
    """
    chosen = only or SUBJECTS
    console = Console()
    port = Binding("impl")
    measurements: list[Measurement] = []
    not_run: dict[str, str] = {}
    if "oracle" in chosen:
        try:
            measurements += oracle.measure(port, PROGRAMS.absolute(), scale, rounds)
        except GoMissing as missing:
            not_run["oracle"] = str(missing)
    if "access" in chosen:
        measurements += access.measure(port, scale, rounds)
    if "growth" in chosen:
        measurements += growth.measure(port, scale, rounds)
    if "readings" in chosen:
        measurements += readings.measure(rounds)
    if "size" in chosen:
        measurements += size.measure(port)
    for table in report.tables(measurements):
        console.print(table)
    for subject, reason in not_run.items():
        console.print(f"not run: {subject}: {reason}")
    report.write(output, measurements, not_run)
    console.print(f"written to {output}")
    if not measurements:
        return NO_ANSWER
    holds = all(ratio.holds for each in measurements for ratio in each.ratios)
    return HOLDS if holds else VIOLATED


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    try:
        code = bench.main(args=arguments, prog_name="python -m bench", standalone_mode=False)
        return code if isinstance(code, int) else NO_ANSWER
    except click.ClickException as error:
        error.show()
    except click.Abort:
        return INTERRUPTED
    except (CannotCheck, CannotRewrite, DifferentWork) as error:
        click.echo(f"bench: {error}", err=True)
    return NO_ANSWER
