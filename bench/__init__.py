"""Speed and size of the port, as ratios of two things measured by turns in one run.

Not part of the proofs: nothing here says that the port is right. That both sides of a comparison did
the same work is checked, though, since a ratio of different work says nothing.
"""
