"""The one high-level call: a stack, or a run of checkpoints, becomes a report."""

from layerscope.analyze._analyze import analyze, analyze_run

__all__ = ["analyze", "analyze_run"]
