"""All monitors of recordings, by subject; new subjects register theirs here."""

from harness.conformance import TraceReader
from proofs.protocols.span_list.trace import SpanListsMonitor
from proofs.protocols.span_state.trace import SpanStatesMonitor
from proofs.protocols.sweepgen.trace import SweepGenerationsMonitor
from proofs.protocols.zeroed_base.trace import ZeroedBasesMonitor
from proofs.runtime.pages.recorded import RecordedPages

MONITORS: tuple[type[TraceReader], ...] = (
    SpanStatesMonitor,
    SpanListsMonitor,
    SweepGenerationsMonitor,
    ZeroedBasesMonitor,
    RecordedPages,
)
