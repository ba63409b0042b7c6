"""The classes' shares of modularity over the layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._curves import band, limits, line
from layerscope.plot._names import short_names
from layerscope.plot._style import (
    INK,
    SHADE,
    SMALL,
    Floats,
    axes_or_new,
    axis_title,
    floats,
    layer_axis,
    note_empty,
    size_of,
)
from layerscope.plot._text import plain, spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["MANY", "name_ends", "per_class"]

#: With more classes than this, quantiles and the extremes are drawn instead of every line.
MANY = 12
EXTREMES = 5
#: After Paul Tol's muted scheme; neighbours in this order differ in hue and in lightness.
_LINES = (
    "#332288", "#44AA99", "#CC6677", "#117733", "#88CCEE", "#882255",
    "#B8A030", "#0069a8", "#AA4499", "#6b7580", "#D5762A", "#222222",
)  # fmt: skip
_LOWEST, _HIGHEST = "#c65300", "#0069a8"


def per_class(curve: Any, ax: Axes | None = None) -> Axes:
    """Draw what each class adds to modularity.

    Up to twelve classes have a line each. With more of them, the middle half and the middle
    four fifths of the classes are shaded, and the five lowest and five highest at the last layer
    have lines.

    Parameters
    ----------
    curve : ModularityCurve
        Its ``per_class`` maps a label to one term per layer; the terms add up to the modularity.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    """
    axes = axes_or_new(ax)
    layer_axis(axes, curve.layers)
    axis_title(axes, "Term of each class in Q")
    terms = {label: floats(values) for label, values in curve.per_class.items()}
    terms = {label: values for label, values in terms.items() if np.isfinite(values).any()}
    if not terms:
        note_empty(axes, "no class has a value")
        return axes
    limits(axes, *terms.values())
    together = np.stack(list(terms.values()))
    low, high = float(np.nanmin(together)), float(np.nanmax(together))
    if low > 0.3 * high:  # all far from zero: show how they differ
        axes.set_ylim(low - 0.12 * (high - low or high), high + 0.12 * (high - low or high))
    if len(terms) <= MANY:
        colours = dict(zip(terms, _LINES, strict=False))
        for label, values in terms.items():
            line(axes, values, colours[label], width=1.5, marker=len(values) == 1)
        name_ends(axes, terms, colours)
    else:
        _extremes(axes, terms)
    return axes


def _extremes(axes: Axes, terms: Mapping[Any, Floats]) -> None:
    together = np.stack(list(terms.values()))
    known = np.isfinite(together).any(axis=0)
    quantiles = np.full((5, together.shape[1]), np.nan)
    quantiles[:, known] = np.nanquantile(together[:, known], (0.1, 0.25, 0.5, 0.75, 0.9), axis=0)
    band(axes, quantiles[0], quantiles[4], SHADE, alpha=0.25)
    band(axes, quantiles[1], quantiles[3], SHADE, alpha=0.35)
    line(axes, quantiles[2], INK, width=1.6, marker=False)
    ranked = sorted(terms, key=lambda label: _last(terms[label])[1])
    lowest, highest = ranked[:EXTREMES], ranked[-EXTREMES:]
    colours = dict.fromkeys(lowest, _LOWEST) | dict.fromkeys(highest, _HIGHEST)
    shown = {label: terms[label] for label in [*lowest, *highest]}
    for label, values in shown.items():
        line(axes, values, colours[label], width=0.9, marker=len(values) == 1)
    name_ends(axes, shown, colours)


def _last(values: Floats) -> tuple[int, float]:
    layer = int(np.flatnonzero(np.isfinite(values))[-1])
    return layer, float(values[layer])


def name_ends(
    axes: Axes, curves: Mapping[Any, Floats], colours: Mapping[Any, str], limit: int = 10
) -> None:
    """Name curves at their right end, one above the other, with a stroke in their colour."""
    low, high = axes.get_ylim()
    gap = 1.18 * SMALL / (0.8 * size_of(axes)[1]) * (high - low)
    ends = [_last(values) for values in curves.values()]
    heights = spread([end[1] for end in ends], gap, low + gap / 2, high - gap / 2)
    names: Sequence[str] = short_names(curves, limit)
    for label, name, end, height in zip(curves, names, ends, heights, strict=True):
        # A dot where the numbers end: what follows is only a stroke to the name.
        axes.plot(*end, "o", color=colours[label], markersize=3.4, markeredgewidth=0)
        axes.annotate(
            plain(name), end, xytext=(1.045, height), textcoords=axes.get_yaxis_transform(),
            fontsize=SMALL, color=INK, va="center", ha="left", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colours[label], "linewidth": 0.8,
                        "shrinkA": 1.0, "shrinkB": 1.0, "relpos": (0.0, 0.5)},
        )  # fmt: skip
