"""Measures: one file per measure."""
