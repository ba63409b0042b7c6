"""Slow, readable twins of what the extension computes: tests and docs use them."""
