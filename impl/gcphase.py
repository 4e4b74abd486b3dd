"""The collector's phases."""

GC_OFF = 0
"""runtime/mgc.go _GCoff: the collector isn't running; it sweeps in the background."""

GC_MARK = 1
"""runtime/mgc.go _GCmark: it marks; what is allocated is marked too."""

GC_MARK_TERMINATION = 2
"""runtime/mgc.go _GCmarktermination: the world is stopped and marking comes to its end."""
