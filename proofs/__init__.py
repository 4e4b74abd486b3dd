"""The theorems, run by `pytest proofs/`: one folder per subject, in folders that say their kind.

protocols: a model, and everything that is shown to follow it. port: claims about the port itself.
runtime: the port beside Go's own code. findings: claims that Go 1.21.13 breaks.
"""
