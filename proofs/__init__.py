"""The theorems: one folder per subject, run by `pytest proofs/`.

A subject's folder holds its abstraction function, its obligations as pytest tests, and in
`replays.py` the harnesses that run its counterexamples again.
"""
