"""Box counts against sizes, both in logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._style import (
    INK,
    MUTED,
    SHADE,
    SMALL,
    TEXT,
    axes_or_new,
    axis_title,
    colour_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["box_counts"]


def box_counts(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the number of boxes against their size; where a law was fitted, the law too.

    Parameters
    ----------
    result : BoxCounts or FractalDimension
        What :func:`layerscope.box_counts` or :func:`layerscope.fractal_dimension` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    axes = axes_or_new(ax)
    sizes = np.asarray(result.sizes, np.float64)
    counts = np.asarray(result.counts, np.float64)
    kind = getattr(result, "size_kind", "l_B")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axis_title(axes, "Boxes, fewest found")
    name = "radius of a box r_B, in steps" if kind == "r_B" else "size of a box l_B, in steps"
    axes.set_xlabel(name, fontsize=TEXT, color=MUTED)
    inside = np.ones(len(sizes), bool)
    if hasattr(result, "window"):
        inside = (sizes >= result.window[0]) & (sizes <= result.window[1])
    colour = colour_of("box_counts")
    axes.plot(sizes[inside], counts[inside], "o", color=colour, markersize=4)
    axes.plot(sizes[~inside], counts[~inside], "o", color=SHADE, markersize=4, fillstyle="none")
    if hasattr(result, "window"):
        _law(axes, result, sizes[inside], counts[inside])
    axes.minorticks_off()
    for axis, values in ((axes.xaxis, sizes), (axes.yaxis, counts)):
        ticks = _ticks(float(values.min()), float(values.max()))
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    return axes


def _law(axes: Axes, result: Any, sizes: Any, counts: Any) -> None:
    """Draw the fitted line and say its slope, or that it is not supported."""
    if np.isfinite(result.value):
        level = np.log(counts).mean() + result.value * np.log(sizes).mean()
        ends = np.array([sizes.min(), sizes.max()])
        style = "-" if result.supported else ":"
        axes.plot(ends, np.exp(level - result.value * np.log(ends)), style, color=INK, linewidth=1)
    text = f"slope −{result.value:.2f} ± {result.standard_error:.2f}"
    if not result.supported:
        text = f"no dimension is supported:\n{result.n_sizes} sizes inside the window"
    axes.text(
        0.98, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=SMALL, color=INK
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return round numbers 1, 2, 5 times powers of ten within the range, at most eight."""
    exponents = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [float(step * 10.0**exponent) for exponent in exponents for step in steps]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= 8:
            return ticks or [low]
    return ticks
