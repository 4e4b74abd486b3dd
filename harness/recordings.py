"""Declaring what is claimed of recorded runs of the real runtime."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from checker.obligation import Technique
from checker.verdict import Grade, Verdict
from golang.mutants import MUTANTS, GoMutant
from harness import recording
from harness.alterations import Fields, alterations_are_rejected
from harness.conformance import TraceReader, replay_trace
from harness.means import Means
from harness.replay import Replayer
from harness.subject import Group, Theorem

ALTERED = "a recording with a single event altered is rejected"


def recorded_runs(
    monitor: type[TraceReader],
    *,
    statement: str,
    cites: str,
    at_least: int,
    fields: Fields,
    name: str = "runtime_conforms",
    altered: Callable[[Means], Verdict] | None = None,
    more: Sequence[Theorem[Any]] = (),
    replays: Mapping[str, Replayer] | None = None,
) -> Group:
    """The real runtime conforms: its recordings are possible runs, those of its mutants are not.

    A recording must have `at_least` so many events of the subject. `fields` are those that the
    monitor depends on: a recording altered in one of them must be rejected. `altered` replaces how
    that is checked.
    """

    def delayed(_case: str, _variant: None, means: Means) -> Verdict:
        return recording.delayed_run_conforms(means.recorder, monitor)

    def rejecting(_case: str, _variant: None, means: Means) -> Verdict:
        if altered is not None:
            return altered(means)
        return alterations_are_rejected(means.recorder, monitor, fields)

    def recorded(_case: str, variant: GoMutant | None, means: Means) -> Verdict:
        if variant is not None:
            return recording.mutant_is_rejected(means.recorder, monitor, variant)
        return recording.clean_run_conforms(means.recorder, monitor, at_least=at_least)

    theorems: list[Theorem[Any]] = [
        Theorem(
            name,
            Technique.TRACE,
            statement,
            cites,
            Grade.SAMPLED,
            recorded,
            mutants=[(each, "") for each in MUTANTS if each.subject == monitor.subject],
        ),
        Theorem(f"{name}_with_delays", Technique.TRACE, statement, cites, Grade.SAMPLED, delayed),
        Theorem(
            "altered_recordings_are_rejected",
            Technique.TRACE,
            ALTERED,
            cites,
            Grade.SAMPLED,
            rejecting,
        ),
        *more,
    ]
    return Group(theorems, replays or {monitor.harness: replay_trace(monitor)}, monitor)
