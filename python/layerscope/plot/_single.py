"""Pictures of one layer: what each class adds to modularity, who is whose neighbour how often."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._classes import MANY
from layerscope.plot._names import short_names
from layerscope.plot._style import (
    INK,
    MUTED,
    SMALL,
    TEXT,
    axes_or_new,
    axis_title,
    colour_of,
    floats,
    note_empty,
)
from layerscope.plot._text import number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["k_occurrence", "modularity"]

#: Bars of a histogram; more values than this share them.
_BARS = 40


def modularity(result: Any, ax: Axes | None = None) -> Axes:
    """Draw what each class adds to the modularity of a layer, the largest term on top.

    With more than twelve classes the six largest and the six smallest are drawn.

    Parameters
    ----------
    result : Modularity
        Of :func:`layerscope.modularity`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    axes = axes_or_new(ax)
    title = f"Term of each class in Q = {number(float(result.value))}"
    if np.isfinite(result.bound):
        title += f" (bound {number(float(result.bound))})"
    axis_title(axes, title)
    terms = {label: float(term) for label, term in result.per_class.items() if np.isfinite(term)}
    if not terms:
        note_empty(axes, "modularity is not defined")
        return axes
    ranked = sorted(terms, key=lambda label: terms[label])
    if len(ranked) > MANY:
        ranked = [*ranked[: MANY // 2], *ranked[-MANY // 2 :]]
        axes.set_xlabel(
            f"The {MANY // 2} largest and the {MANY // 2} smallest of {len(terms)} classes",
            fontsize=TEXT,
            color=MUTED,
        )
    heights = np.array([terms[label] for label in ranked])
    axes.grid(False)
    axes.barh(np.arange(len(ranked)), heights, height=0.72, color=colour_of("modularity"))
    axes.set_yticks(np.arange(len(ranked)), [plain(name) for name in short_names(ranked, 16)])
    axes.axvline(0.0, color="#c3cbd3", linewidth=0.8)
    largest = float(np.abs(heights).max())
    digits = max(2, 1 - math.floor(math.log10(largest))) if largest else 2
    for place, height in enumerate(heights.tolist()):
        axes.annotate(
            number(height, digits), (max(height, 0.0), place), xytext=(3, 0),
            textcoords="offset points", va="center", fontsize=SMALL, color=INK,
        )  # fmt: skip
    axes.margins(x=0.14)
    return axes


def k_occurrence(result: Any, ax: Axes | None = None) -> Axes:
    """Draw how often rows are among the neighbours of others, as a histogram.

    Parameters
    ----------
    result : Neighbors
        Of :func:`layerscope.neighbors`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    axes = axes_or_new(ax)
    times = np.bincount(np.ravel(result.indices), minlength=result.n_reference)
    width = max(1, int(np.ceil((times.max() + 1) / _BARS)))
    edges = np.arange(0, times.max() + 1 + width, width)
    rows, _ = np.histogram(times, edges)
    axes.bar(edges[:-1], rows, width=0.92 * width, align="edge", color=colour_of("hubness"))
    mean = float(floats(times).mean()) + 0.5 * (width == 1)
    axes.axvline(mean, color=INK, linewidth=1.0, dashes=(4, 3))
    axes.annotate(
        f"mean {number(float(times.mean()), 1)}", (mean, 1.0), xytext=(4, -3),
        xycoords=("data", "axes fraction"), textcoords="offset points", va="top",
        fontsize=SMALL, color=INK,
    )  # fmt: skip
    axis_title(axes, f"Rows (skewness {number(float(result.hubness))})")
    axes.set_xlabel("Times that a row is a neighbour of others", fontsize=TEXT, color=MUTED)
    return axes
