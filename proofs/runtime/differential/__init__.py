"""Differential proofs: the port and Go's own code do the same operations, with the same outcome."""
