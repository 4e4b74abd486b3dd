"""What must hold: the abstract machines of the page heap, one module each.

Reviewing these files, the abstraction functions in `proofs/` and the trace recorder in `golang/` is
what a human must do to believe a result; everything else is checked by machine.
"""
