"""Checkmarks: the second set of marks with which the collector can check the first."""
