"""Maps of layers (rows) by checkpoints (columns)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._style import (
    INK,
    MUTED,
    SMALL,
    TEXT,
    Floats,
    axes_or_new,
    colour_of,
    floats,
    size_of,
)
from layerscope.plot._text import number, plain, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["layer_step_map", "ramp"]

#: Measures whose colours start at zero (or below); for others the lowest value is palest.
FROM_ZERO = frozenset({"modularity", "label_agreement", "same_label_share", "nnts", "nntp"})

_ROW = 11.0  # points of height that a named row needs


def layer_step_map(
    values: Any,
    layers: Sequence[str],
    steps: Sequence[Any],
    title: str,
    ax: Axes | None = None,
    *,
    measure: str | None = None,
) -> Axes:
    """Draw numbers by layer and checkpoint as a map, with the numbers where they fit.

    Parameters
    ----------
    values : array-like (len(layers), len(steps))
        NaN stays grey.
    layers, steps : sequences
        Names of rows, the first on top, and columns.
    title : str
        Written above; may be empty.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure, higher with more layers.
    measure : str, optional
        Chooses the colour; the title by default.
    """
    height = map_height(len(layers))
    axes = axes_or_new(ax, height=height)
    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_facecolor("#eef1f4")
    matrix = floats(values).reshape(len(layers), len(steps))
    known = matrix[np.isfinite(matrix)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    chosen = title if measure is None else measure
    if chosen in FROM_ZERO:
        low = min(0.0, low)
    if high <= low:
        high = low + 1.0
    shades = ramp(colour_of(chosen))
    image = axes.imshow(
        np.ma.masked_invalid(matrix), aspect="auto", cmap=shades, vmin=low, vmax=high,
        interpolation="none",
    )  # fmt: skip
    _rows_and_columns(axes, layers, steps)
    _numbers(axes, matrix, shades, (low, high))
    if known.size:
        beside = axes.inset_axes((1.025, 0.0, 0.03, 1.0))
        bar = axes.get_figure(root=True).colorbar(image, cax=beside)  # type: ignore[union-attr]
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=SMALL, labelcolor=MUTED, length=0)
        bar.locator = _few_ticks()
        bar.update_ticks()
    axes.set_xlabel("Checkpoint", fontsize=TEXT, color=MUTED)
    if title:
        axes.set_title(plain(title), fontsize=TEXT, color=INK, loc="left")
    return axes


def map_height(n_layers: int) -> float:
    """Return the height in points of a map whose rows can be read."""
    return float(np.clip(60 + 14.5 * n_layers, 130, 460))


def ramp(colour: str) -> Colormap:
    """Return shades from near white over ``colour`` to a darker form of it."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    middle = np.array(to_rgb(colour))
    stops = [0.06 * middle + 0.94, 0.55 * middle + 0.45, middle, 0.5 * middle]
    return LinearSegmentedColormap.from_list(f"layerscope {colour}", [tuple(s) for s in stops])


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)


def _rows_and_columns(axes: Axes, layers: Sequence[str], steps: Sequence[Any]) -> None:
    width, height = size_of(axes)
    stride = max(1, math.ceil(_ROW * len(layers) / height))
    names = short_names(layers)
    shown = range(0, len(layers), stride)
    axes.set_yticks(shown, [plain(names[row]) for row in shown])
    columns = short_names(steps, 9)
    longest = max(map(len, columns))
    stride = max(1, math.ceil((longest + 1.2) * 0.56 * SMALL * len(steps) / (0.75 * width)))
    shown = range(0, len(steps), stride)
    axes.set_xticks(shown, [plain(columns[column]) for column in shown])


def _numbers(axes: Axes, matrix: Floats, shades: Any, extent: tuple[float, float]) -> None:
    width, height = size_of(axes)
    room = (0.72 * width / matrix.shape[1], 0.8 * height / matrix.shape[0])
    known = matrix[np.isfinite(matrix)]
    if not known.size:
        return
    digits = 2 if np.abs(known).max() < 10 else (1 if np.abs(known).max() < 100 else 0)
    texts = {
        (row, column): number(float(matrix[row, column]), digits)
        for row, column in np.argwhere(np.isfinite(matrix)).tolist()
    }
    if digits == 2:  # .83 for 0.83
        texts = {cell: text.replace("0.", ".", 1) if text.lstrip("−").startswith("0.") else text
                 for cell, text in texts.items()}  # fmt: skip
    longest = max(map(len, texts.values()))
    size = min(SMALL, (room[0] - 2) / (0.6 * longest), 0.85 * room[1])
    if size < 6.5:
        return
    low, high = extent
    for (row, column), text in texts.items():
        light = _luminance(shades((matrix[row, column] - low) / (high - low)))
        # The contrast of WCAG 2: whichever of white and ink is further from the cell.
        colour = "white" if 1.05 / (light + 0.05) > (light + 0.05) / 0.07 else INK
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def _luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of an sRGB colour."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
