"""Box counts against sizes, both in logarithms: of one graph, of every layer's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
    note_empty,
)
from layerscope.plot._text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["box_counts", "box_counts_by_layer", "power_law"]

#: With more layers than this only evenly spaced ones are named.
NAMED = 6


def box_counts(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the number of boxes against their size; where a law was fitted, the law too.

    Parameters
    ----------
    result : BoxCounts, FuzzyBoxCounts or FractalDimension
        What :func:`layerscope.box_counts`, :func:`layerscope.metric_box_counts`,
        :func:`layerscope.fuzzy_box_counts` or :func:`layerscope.fractal_dimension` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    axes = axes_or_new(ax)
    counts = np.asarray(result.counts, np.float64)
    # Fuzzy counts are infinite where no two nodes lie near each other.
    finite = np.isfinite(counts)
    sizes, counts = np.asarray(result.sizes, np.float64)[finite], counts[finite]
    covers = hasattr(result, "all_counts") or hasattr(result, "window")
    _look(axes, _size_title(result), "Boxes, fewest found" if covers else "Fuzzy count of boxes")
    if len(sizes) == 0:
        note_empty(axes, "no size has boxes")
        return axes
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
    """Draw the box counts of every layer; more than seven go from yellow (first) to violet (last).

    Parameters
    ----------
    result : PerLayer
        Of box dimensions; marks of sizes that count towards them are filled, others hollow.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    from matplotlib.lines import Line2D

    axes = axes_or_new(ax)
    _look(axes, _size_title(result.results[0]))
    colours, last = _colours(len(result.layers)), len(result.layers) - 1
    named = {round(place) for place in np.linspace(0, last, min(NAMED, last + 1))}
    names, handles = short_names(result.layers), []
    for place, one in enumerate(result.results):
        sizes, counts = np.asarray(one.sizes, np.float64), np.asarray(one.counts, np.float64)
        colour = colours[place]
        inside = (sizes >= one.window[0]) & (sizes <= one.window[1])
        mark = _MARKS[place % len(_MARKS)]
        axes.plot(sizes, counts, "-", color=colour, linewidth=1.3)
        look: dict[str, Any] = {"color": colour, "markersize": 4.6, "linestyle": "none"}
        few = _spread(np.flatnonzero(inside))
        axes.plot(sizes[few], counts[few], marker=mark, **look)
        few = _spread(np.flatnonzero(~inside))
        axes.plot(sizes[few], counts[few], marker=mark, markerfacecolor="white", **look)
        if place in named:
            handle = Line2D([], [], color=colour, linewidth=1.3, marker=mark, markersize=4.6)
            handle.set_label(plain(names[place]))
            handles.append(handle)
    _name_ticks(
        axes,
        np.concatenate([np.asarray(one.sizes, np.float64) for one in result.results]),
        np.concatenate([np.asarray(one.counts, np.float64) for one in result.results]),
    )
    axes.legend(
        handles=handles, frameon=False, fontsize=SMALL, labelcolor=INK, loc="upper right",
        handlelength=1.2,
    )  # fmt: skip
    return axes


def power_law(
    result: Any, x: Any, y: Any, ax: Axes | None, *, title: str, xlabel: str, sign: int
) -> Axes:
    """Draw a law beside the box dimension: its points, its window, its line.

    Parameters
    ----------
    result : BallGrowthDimension or RenormalisationExponent
        With ``value``, ``standard_error``, ``window`` and ``supported``.
    x, y : array-like
        The points; those that are not positive are left out.
    ax : matplotlib.axes.Axes or None
        Where to draw; a new figure by default.
    title, xlabel : str
        Of the axes.
    sign : int
        1 if the value is the slope, −1 if it is minus the slope.

    Returns
    -------
    matplotlib.axes.Axes
        Its figure is ``.figure``.
    """
    axes = axes_or_new(ax)
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    drawn = (x > 0) & (y > 0)
    x, y = x[drawn], y[drawn]
    _look(axes, xlabel, title)
    if len(x) == 0:
        note_empty(axes, "there is nothing to draw")
        return axes
    inside = (x >= result.window[0]) & (x <= result.window[1])
    colour = colour_of("box_counts")
    axes.plot(x[inside], y[inside], "o", color=colour, markersize=4)
    axes.plot(x[~inside], y[~inside], "o", color=SHADE, markersize=4, fillstyle="none")
    _law(axes, result, x[inside], y[inside], sign)
    _name_ticks(axes, x, y)
    return axes


_MARKS = "os^Dvp*"
#: One hue per curve, after Okabe and Ito: neighbouring shades of one scale look alike.
_HUES = ("#d99a00", "#0069a8", "#c23b22", "#00845f", "#1c2733", "#b5479b", "#4aa3df")
#: Marks of one kind on a curve; more would hide it.
_MOST_MARKS = 14


def _colours(count: int) -> list[str]:
    """Return a colour per layer: a hue each, or a scale where there are too many for that."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    if count <= len(_HUES):
        return list(_HUES[:count])
    return [to_hex(colormaps["viridis_r"](0.1 + 0.9 * at / (count - 1))) for at in range(count)]


def _spread(places: Any) -> Any:
    """Return at most about fourteen of the places, evenly spaced in their logarithm, ends kept.

    >>> _spread(np.arange(5)).tolist(), len(_spread(np.arange(900))) <= 14
    ([0, 1, 2, 3, 4], True)
    """
    if len(places) <= _MOST_MARKS:
        return places
    ranks = np.round(np.geomspace(1, len(places), _MOST_MARKS)).astype(int) - 1
    return places[np.unique(ranks)]


def _size_title(result: Any) -> str:
    """Say what the sizes are: of steps or lengths, across or from a centre."""
    default = "steps" if np.asarray(result.sizes).dtype.kind == "i" else "length"
    unit = getattr(result, "size_unit", default)
    kind = getattr(result, "size_kind", "l_B")
    name = "radius of a box r_B" if kind == "r_B" else "size of a box l_B"
    return f"{name}, in steps" if unit == "steps" else f"{name}, a length"


def _look(axes: Axes, xlabel: str, title: str = "Boxes, fewest found") -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axis_title(axes, title)
    axes.set_xlabel(xlabel, fontsize=TEXT, color=MUTED)


def _name_ticks(axes: Axes, sizes: Any, counts: Any) -> None:
    axes.minorticks_off()
    for axis, values, families in ((axes.xaxis, sizes, _FINE), (axes.yaxis, counts, _COARSE)):
        ticks = _ticks(float(values.min()), float(values.max()), families)
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])


def _law(axes: Axes, result: Any, sizes: Any, counts: Any, sign: int = -1) -> None:
    """Draw the fitted line and say its slope, or that it is not supported."""
    slope = sign * result.value
    if np.isfinite(slope):
        level = np.log(counts).mean() - slope * np.log(sizes).mean()
        ends = np.array([sizes.min(), sizes.max()])
        style = "-" if result.supported else ":"
        axes.plot(ends, np.exp(level + slope * np.log(ends)), style, color=INK, linewidth=1)
    text = f"slope {slope:.2f} ± {result.standard_error:.2f}".replace("-", "−")
    if not result.supported:
        text = f"no dimension is supported:\n{result.n_sizes} sizes inside the window"
    axes.text(
        0.98, 0.95, text, transform=axes.transAxes, ha="right", va="top", fontsize=SMALL, color=INK
    )


#: What powers of ten are multiplied by to give ticks, as many as there is room for.
_COARSE = ((1, 2, 5), (1, 3), (1,))
_FINE = ((1, 2, 3, 4, 5, 6, 8), (1, 2, 3, 5, 7), *_COARSE)


def _ticks(low: float, high: float, families: tuple[tuple[int, ...], ...]) -> list[float]:
    """Return round numbers within the range, at most nine."""
    exponents = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks: list[float] = []
    for steps in families:
        ticks = [float(step * 10.0**exponent) for exponent in exponents for step in steps]
        ticks = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
        if len(ticks) <= 9:
            return ticks or [low]
    return ticks
