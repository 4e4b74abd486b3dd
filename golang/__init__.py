"""Bridge to the real runtime: build an instrumented Go 1.21.13, run it, read what it recorded.

Nothing of Go's source is stored here.  An overlay of package runtime is generated from the
installed source (overlay, hooks), checked for unseen stores (scan), compiled with our workload
(build) and run; the recording is read back as typed events (events, trace).
"""
