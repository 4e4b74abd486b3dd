"""All monitors of recordings, by subject; new subjects register theirs here."""

from proofs.conformance import TraceReader
from proofs.pages.recorded import RecordedPages
from proofs.span_list.trace import SpanLists
from proofs.span_state.trace import SpanStates
from proofs.sweepgen.trace import SweepGenerations
from proofs.zeroed_base.trace import ZeroedBases

MONITORS: tuple[type[TraceReader], ...] = (
    SpanStates,
    SpanLists,
    SweepGenerations,
    ZeroedBases,
    RecordedPages,
)
