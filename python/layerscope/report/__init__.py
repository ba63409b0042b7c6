"""Measures → report: the table, the page, and what follows from them."""

from layerscope.report._report import Report

__all__ = ["Report"]
