"""Curves over the layers at several checkpoints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._classes import name_ends
from layerscope.plot._curves import limits, line, stretched
from layerscope.plot._maps import ramp
from layerscope.plot._style import (
    MUTED,
    SMALL,
    axes_or_new,
    axis_title,
    colour_of,
    floats,
    layer_axis,
    note_empty,
    title_of,
)
from layerscope.plot._text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["step_curves"]

#: With more checkpoints than this, only about this many evenly spaced ones are named.
NAMED = 6


def step_curves(
    values: Any,
    layers: Sequence[str],
    steps: Sequence[Any],
    measure: str,
    *,
    bound: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one curve per checkpoint, from pale (first) to dark (last).

    Parameters
    ----------
    values : array-like (len(layers), len(steps))
        NaN leaves a gap.
    layers, steps : sequences
        Names of rows and columns.
    measure : str
        It names the axis and chooses the colour.
    bound : array-like of length len(layers), optional
        Drawn dashed.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    """
    from matplotlib.colors import to_hex

    axes = axes_or_new(ax)
    matrix = floats(values).reshape(len(layers), len(steps))
    layer_axis(axes, layers)
    axis_title(axes, title_of(measure))
    if not np.isfinite(matrix).any():
        note_empty(axes)
        return axes
    shades = ramp(colour_of(measure))
    above = [] if bound is None else [floats(bound)]
    limits(axes, matrix.ravel(), *above)
    last = len(steps) - 1
    colours = [to_hex(shades(0.22 + 0.7 * place / max(last, 1))) for place in range(last + 1)]
    for place in range(last + 1):
        thick = 2.2 if place == last else 1.1
        line(axes, matrix[:, place], colours[place], width=thick, marker=place == last)
    for dashed in above:
        stretched(axes, dashed)
        if np.isfinite(dashed[0]):
            axes.annotate(
                f"bound {number(float(dashed[0]))}", (0, float(dashed[0])), xytext=(0, 3),
                textcoords="offset points", fontsize=SMALL, color=MUTED, va="bottom",
            )  # fmt: skip
    if measure in {"label_agreement", "same_label_share"}:
        axes.set_ylim(0, 1.04)
    picked = sorted({round(place) for place in np.linspace(0, last, min(NAMED, last + 1))})
    picked = [place for place in picked if np.isfinite(matrix[:, place]).any()]
    # Keys are (place, name): two checkpoints may print alike.
    names = {_Named(place, steps[place]): matrix[:, place] for place in picked}
    name_ends(axes, names, {name: colours[name.place] for name in names}, limit=12)
    return axes


class _Named:
    """A checkpoint as a key of its own that prints as its step."""

    def __init__(self, place: int, step: Any) -> None:
        self.place = place
        self._step = step

    def __str__(self) -> str:
        return str(self._step)
