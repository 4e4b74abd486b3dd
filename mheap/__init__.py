"""The command `mheap`: look at what the proofs have left, run it again, and look up what is where."""
