"""Slow, readable numpy twins of what the extension computes: for tests and for reading."""
