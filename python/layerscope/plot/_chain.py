"""Pictures of neighbour pairs along a chain of layers: how long they last, who comes and goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._curves import line
from layerscope.plot._style import (
    INK,
    SMALL,
    axes_or_new,
    axis_title,
    bottom_title,
    colour_of,
    floats,
    layer_axis,
    note_empty,
    size_of,
)
from layerscope.plot._text import short_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["lifetimes", "turnover"]

#: What becomes of pairs, and the colour of its curve.
COURSE = {"new": "#0069a8", "gone next": "#c65300", "here alone": "#6b7580"}

#: With more layers than this the curves have no dots.
MARKED = 30

#: Counts whose largest is this many times the smallest have a logarithmic axis.
_MANY_TIMES = 50.0


#: Points between the axes and their title that a row of names takes.
_LEGEND = 15.0


def lifetimes(result: Any, ax: Axes | None = None) -> Axes:
    """Draw how many runs of neighbour pairs last for how many layers, as bars.

    Parameters
    ----------
    result : NNTP
        Of :func:`layerscope.nntp`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes = axes_or_new(ax)
    counts = floats(result.lifetimes)[1:]
    lengths = np.arange(1, len(counts) + 1)
    known = counts[counts > 0]
    axis_title(axes, "Runs of neighbour pairs")
    bottom_title(axes, "Length of a run in layers")
    axes.set_xlim(0.4, len(counts) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(12, integer=True, min_n_ticks=1))
    if not known.size:
        note_empty(axes, "no pair of neighbours")
        return axes
    floor = 0.0
    if known.max() > _MANY_TIMES * known.min():
        axes.set_yscale("log")
        # A single run has a bar too.
        floor = 0.5 * float(known.min())
        axes.minorticks_off()
        axis_title(axes, "Runs of neighbour pairs (logarithmic)")
    axes.bar(
        lengths, np.maximum(counts - floor, 0.0), bottom=floor, width=0.78, color=colour_of("nntp")
    )
    highest = float(known.max())
    axes.set_ylim(floor, highest * (highest / floor) ** 0.12 if floor else 1.15 * highest)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short_count(value)))
    if size_of(axes)[0] / len(counts) > 20:
        for length, count in zip(lengths, counts, strict=True):
            axes.annotate(
                short_count(float(count)), (float(length), max(float(count), floor)),
                xytext=(0, 2), textcoords="offset points", ha="center", va="bottom",
                fontsize=SMALL, color=INK,
            )  # fmt: skip
    return axes


def turnover(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the shares of a layer's pairs that are new, that vanish next, and that do both.

    Parameters
    ----------
    result : NNTP
        Of :func:`layerscope.nntp`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    axes = axes_or_new(ax)
    layer_axis(axes, result.layers)
    axis_title(axes, "Share of the layer's neighbour pairs", above=_LEGEND)
    axes.set_ylim(0.0, 1.0)
    edges = np.maximum(floats(result.n_edges), 1.0)
    shares = {
        "new": np.concatenate([[np.nan], floats(result.births) / edges[1:]]),
        "gone next": np.concatenate([floats(result.deaths) / edges[:-1], [np.nan]]),
        "here alone": floats(result.transient_share),
    }
    shares = {name: values for name, values in shares.items() if np.isfinite(values).any()}
    if not shares:
        note_empty(axes, "no pair of neighbours")
        return axes
    for name, values in shares.items():
        dashes: dict[str, Any] = {"dashes": (3, 2)} if name == "here alone" else {}
        marker = len(edges) <= MARKED
        line(axes, values, COURSE[name], width=1.6, marker=marker, label=name, **dashes)
    _legend(axes)
    return axes


def _legend(axes: Axes) -> None:
    """Name the curves in one row above them, which a telephone shows without sliding."""
    axes.legend(
        loc="lower left", bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2, borderpad=0.0, ncols=3,
        columnspacing=1.4, handlelength=1.6, handletextpad=0.5, frameon=False, fontsize=SMALL,
        labelcolor=INK,
    )  # fmt: skip
