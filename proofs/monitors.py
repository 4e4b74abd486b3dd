"""All monitors of recordings, by subject; new subjects register theirs here."""

from harness.conformance import TraceReader
from proofs.protocols.span_list.trace import SpanLists
from proofs.protocols.span_state.trace import SpanStates
from proofs.protocols.sweepgen.trace import SweepGenerations
from proofs.protocols.zeroed_base.trace import ZeroedBases
from proofs.runtime.pages.recorded import RecordedPages

MONITORS: tuple[type[TraceReader], ...] = (
    SpanStates,
    SpanLists,
    SweepGenerations,
    ZeroedBases,
    RecordedPages,
)
