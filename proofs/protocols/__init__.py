"""Protocols: each has a model, which the port refines and recordings of the real runtime follow."""
