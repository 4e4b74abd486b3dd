"""Switches that GODEBUG sets and the page heap reads."""

from impl.rt import Const, Struct


class DebugVars(Struct):
    """runtime/runtime1.go debug: 1 is on, 0 is off; the defaults are Go's.

    Not ported here: the switches that only print, or that code outside the page heap reads.
    """

    clobberfree: Const[int] = 0
    efence: Const[int] = 0
    gcstoptheworld: Const[int] = 0
