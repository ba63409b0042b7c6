"""The demo: a small network whose activations come with the package."""

from __future__ import annotations

from typing import Any

from layerscope.analyze import analyze_run
from layerscope.demo_data import load_demo
from layerscope.report import Report

__all__ = ["demo_report", "explain"]


def demo_report(*, n_jobs: int | None = None, progress: Any = None) -> Report:
    """Analyse the shipped run, from the untrained network to the trained one."""
    return analyze_run(load_demo(), n_jobs=n_jobs, progress=progress)


def explain(report: Report) -> str:
    """Say in one sentence what the picture shows, from the numbers themselves."""
    assert report.steps is not None
    curves = report.results["modularity"]
    first, last = report.layers[0], report.layers[-1]
    before, after = curves[report.steps[0]], curves[report.steps[-1]]
    early, late = before.difference(first, last), after.difference(first, last)
    parts = [
        f"{when} modularity {_course(change)} with depth "
        f"({float(curve[first].value):.2f} at {first}, {float(curve[last].value):.2f} at {last})"
        for when, curve, change in (
            ("Before training", before, early),
            ("after it", after, late),
        )
    ]
    text = f"{parts[0]}, {parts[1]}"
    if early.high < 0 < late.low:
        text += ": layers that mixed the classes have learnt to separate them"
    return f"{text}."


def _course(change: Any) -> str:
    if change.low > 0:
        return "rises"
    return "falls" if change.high < 0 else "neither rises nor falls"
