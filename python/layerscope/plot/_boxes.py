"""Box counts against sizes, both in logarithms: of one graph, of every layer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._maps import ramp
from layerscope.plot._names import short_names
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
from layerscope.plot._text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["box_counts", "box_counts_by_layer"]

#: With more layers than this only evenly spaced ones are named.
NAMED = 6


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
    _look(axes, "radius of a box r_B, in steps" if kind == "r_B" else _SIZE)
    inside = np.ones(len(sizes), bool)
    if hasattr(result, "window"):
        inside = (sizes >= result.window[0]) & (sizes <= result.window[1])
    colour = colour_of("box_counts")
    axes.plot(sizes[inside], counts[inside], "o", color=colour, markersize=4)
    axes.plot(sizes[~inside], counts[~inside], "o", color=SHADE, markersize=4, fillstyle="none")
    if hasattr(result, "window"):
        _law(axes, result, sizes[inside], counts[inside])
    _name_ticks(axes, sizes, counts)
    return axes


def box_counts_by_layer(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the box counts of every layer, from pale (first) to dark (last).

    Parameters
    ----------
    result : PerLayer
        Of box dimensions; sizes that count towards them have a dot.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    from matplotlib.colors import to_hex

    axes = axes_or_new(ax)
    _look(axes, _SIZE)
    shades, last = ramp(colour_of("box_counts")), len(result.layers) - 1
    named = {round(place) for place in np.linspace(0, last, min(NAMED, last + 1))}
    names = short_names(result.layers)
    for place, one in enumerate(result.results):
        sizes, counts = np.asarray(one.sizes, np.float64), np.asarray(one.counts, np.float64)
        colour = to_hex(shades(0.25 + 0.7 * place / max(last, 1)))
        inside = (sizes >= one.window[0]) & (sizes <= one.window[1])
        label = plain(names[place]) if place in named else None
        axes.plot(sizes, counts, "-", color=colour, linewidth=1.3, label=label)
        axes.plot(sizes[inside], counts[inside], "o", color=colour, markersize=3.5)
    _name_ticks(
        axes,
        np.concatenate([np.asarray(one.sizes, np.float64) for one in result.results]),
        np.concatenate([np.asarray(one.counts, np.float64) for one in result.results]),
    )
    axes.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="upper right", handlelength=1.2)
    return axes


_SIZE = "size of a box l_B, in steps"


def _look(axes: Axes, xlabel: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axis_title(axes, "Boxes, fewest found")
    axes.set_xlabel(xlabel, fontsize=TEXT, color=MUTED)


def _name_ticks(axes: Axes, sizes: Any, counts: Any) -> None:
    axes.minorticks_off()
    for axis, values in ((axes.xaxis, sizes), (axes.yaxis, counts)):
        ticks = _ticks(float(values.min()), float(values.max()))
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])


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
