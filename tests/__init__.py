"""Tests of our own code; `tests/meta` are those of the harness: it must be able to go red."""
