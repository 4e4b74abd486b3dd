"""Span states: published complete, found complete, freed only while the collector is off."""
