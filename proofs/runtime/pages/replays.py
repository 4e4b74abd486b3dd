"""How counterexamples about pages are run again."""

from collections.abc import Sequence
from typing import Any

from harness.conformance import replay_trace
from harness.replay import CannotReplay, ReplayResult, register
from proofs.runtime.pages.mutants import PORT_MUTANTS
from proofs.runtime.pages.recorded import RecordedPages


def replay_recording(choices: Sequence[Any], variant: str) -> ReplayResult:
    """Replays the recording on the port, or on its mutant `variant`."""
    if variant and variant not in PORT_MUTANTS:
        raise CannotReplay(f"no mutant {variant!r}", "run the proofs again")
    reader = RecordedPages.on(PORT_MUTANTS[variant]) if variant else RecordedPages
    return replay_trace(reader)(choices, variant)


register("pages/trace", replay_recording)
