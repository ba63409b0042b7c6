"""A whole report as one figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._boxes import box_counts_by_layer
from layerscope.plot._chain import lifetimes, turnover
from layerscope.plot._classes import per_class
from layerscope.plot._community_agreement import community_agreement
from layerscope.plot._curves import modularity_curve, per_layer, series
from layerscope.plot._flow import flow
from layerscope.plot._maps import layer_step_map, map_height
from layerscope.plot._pairs import cka, nntp, nnts
from layerscope.plot._steps import step_curves
from layerscope.plot._style import HEIGHT, WIDTH, Floats, figure, floats, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Measures of pairs of layers.
ACROSS = ("nnts", "nntp", "cka")

__all__ = ["ACROSS", "by_step", "is_numeric", "mapped", "numbers", "report", "shown_alone"]

#: Columns of a report's table that have a map over the checkpoints of a run.
MAPPED = ("modularity", "label_agreement", "intrinsic_dimension", "self_similarity", "hubness")


def report(report: Any) -> Figure:
    """Draw a report as one figure: a panel per measure, maps when it has checkpoints.

    Parameters
    ----------
    report : Report
        What :func:`layerscope.analyze` or :func:`layerscope.analyze_run` returns.
    """
    panels = _panels(report) if report.steps is None else _run_panels(report)
    columns = min(2, len(panels)) or 1
    rows = math.ceil(len(panels) / columns) or 1
    tall = HEIGHT if report.steps is None else max(HEIGHT, map_height(len(report.layers)))
    drawn = figure(columns * WIDTH * 1.1, rows * tall * 1.1)
    for place, panel in enumerate(panels):
        panel(drawn.add_subplot(rows, columns, place + 1))
    return drawn


def _panels(report: Any) -> list[Callable[[Axes], Axes]]:
    panels: list[Callable[[Axes], Axes]] = []
    curve = report.results.get("modularity")
    if curve is not None:
        panels += [partial(modularity_curve, curve), partial(per_class, curve)]
    for name, result in report.results.items():
        if name == "box_counts":
            panels.append(partial(box_counts_by_layer, result))
        elif name != "modularity" and shown_alone(result):
            panels.append(partial(per_layer, result))
        elif name != "modularity" and is_numeric(report, name):
            panels.append(partial(_column, report, name))
    if "hubness" in report.table:
        panels.append(partial(_column, report, "hubness"))
    return [
        *panels,
        *_communities(report.results),
        *_across(report.results, len(report.layers)),
    ]


def _communities(results: Mapping[str, Any]) -> list[Callable[[Axes], Axes]]:
    """Return the panels of communities."""
    followed = results.get("communities")
    if followed is None:
        return []
    panels: list[Callable[[Axes], Axes]] = [partial(flow, followed)]
    if followed.agreement is not None:
        panels.append(partial(community_agreement, followed))
    return panels


def _across(results: Mapping[str, Any], n_layers: int) -> Sequence[Callable[[Axes], Axes]]:
    """Return the panels of pairs of layers."""
    known: tuple[tuple[str, Callable[..., Axes]], ...] = (
        ("nnts", nnts), ("cka", cka), ("nntp", nntp), ("nntp", lifetimes), ("nntp", turnover)
    )  # fmt: skip
    if n_layers < 2:
        return []
    return [partial(draw, results[name]) for name, draw in known if name in results]


def _run_panels(report: Any) -> list[Callable[[Axes], Axes]]:
    panels: list[Callable[[Axes], Axes]] = []
    for measure in mapped(report):
        where = (by_step(report, measure), report.layers, report.steps)
        title = title_of(measure)
        panels += [
            partial(_curves, where, measure),
            partial(layer_step_map, *where, title, measure=measure),
        ]
    latest = {
        name: over[report.steps[-1]]
        for name, over in report.results.items()
        if name in (*ACROSS, "communities", "box_counts")
    }
    if "box_counts" in latest:
        panels.append(partial(box_counts_by_layer, latest["box_counts"]))
    return [*panels, *_communities(latest), *_across(latest, len(report.layers))]


def _curves(where: tuple[Any, Any, Any], measure: str, ax: Axes) -> Axes:
    return step_curves(*where, measure, ax=ax)


def _column(report: Any, column: str, ax: Axes) -> Axes:
    return series(report.layers, numbers(report.table[column]), column, ax=ax)


def mapped(report: Any) -> list[str]:
    """Return the columns of a run's table that have a map: those of its measures, and hubness."""
    wanted = dict.fromkeys((*MAPPED, *report.results))
    return [column for column in wanted if is_numeric(report, column)]


def is_numeric(report: Any, column: str) -> bool:
    """Tell whether a column is there and holds numbers alone, None apart."""
    if column not in report.table:
        return False
    entries = report.table[column]
    return any(entry is not None for entry in entries) and all(
        entry is None or isinstance(entry, int | float | np.number) for entry in entries
    )


def numbers(entries: Sequence[Any]) -> Floats:
    """Return the entries of a column as floats, None as NaN."""
    return floats([np.nan if entry is None else entry for entry in entries])


def shown_alone(result: Any) -> bool:
    """Tell whether a result is one value per layer that :func:`per_layer` can draw."""
    fields = ("measure", "layers", "value", "results")
    return all(hasattr(result, field) for field in fields)


def by_step(report: Any, column: str) -> Floats:
    """Return a column of a run's table as (layers, steps)."""
    table = report.table
    at = {
        (step, layer): value
        for step, layer, value in zip(table["step"], table["layer"], table[column], strict=True)
    }
    rows = [[at.get((step, layer)) for step in report.steps] for layer in report.layers]
    return np.stack([numbers(row) for row in rows])
