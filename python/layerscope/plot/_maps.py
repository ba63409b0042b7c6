"""Maps of numbers: layers (rows) by checkpoints or by layers (columns)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._names import short_names
from layerscope.plot._style import (
    INK,
    MUTED,
    SMALL,
    TEXT,
    Floats,
    axes_or_new,
    bottom_title,
    colour_of,
    floats,
    size_of,
)
from layerscope.plot._text import evenly, number, plain, short_count

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

__all__ = ["cell_texts", "draw_map", "ink_on", "layer_step_map", "map_height", "ramp"]

#: Measures whose colours start at zero (or below); for others the lowest value is palest.
FROM_ZERO = frozenset({"modularity", "label_agreement", "same_label_share"})

#: The colour of a cell without a value.
NO_VALUE = "#eef1f4"

#: Where the bar of colours stands, in widths of the map from its left side.
BAR_STARTS, BAR_ENDS = 1.025, 1.055

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
    axes = axes_or_new(ax, height=map_height(len(layers)))
    matrix = floats(values).reshape(len(layers), len(steps))
    known = matrix[np.isfinite(matrix)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    chosen = title if measure is None else measure
    if chosen in FROM_ZERO:
        low = min(0.0, low)
    if high <= low:
        high = low + 1.0
    draw_map(axes, matrix, ramp(colour_of(chosen)), (low, high))
    _rows_and_columns(axes, layers, steps)
    bottom_title(axes, "Checkpoint")
    if title:
        axes.set_title(plain(title), fontsize=TEXT, color=INK, loc="left")
    return axes


def draw_map(
    axes: Axes, matrix: Floats, shades: Colormap, extent: tuple[float, float], *, log: bool = False
) -> None:
    """Draw coloured cells, their numbers where they fit, and a bar that tells the colours.

    Parameters
    ----------
    axes : matplotlib Axes
        Where to draw.
    matrix : ndarray of float64
        NaN stays grey.
    shades : Colormap
        From low to high.
    extent : tuple of float
        The values of the first and the last colour.
    log : bool
        Colour by the logarithm; then only positive numbers have a colour.
    """
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.ticker import FuncFormatter

    axes.grid(False)
    axes.spines["bottom"].set_visible(False)
    axes.set_facecolor(NO_VALUE)
    shown = np.where(matrix > 0, matrix, np.nan) if log else matrix
    norm = (LogNorm if log else Normalize)(*extent, clip=True)
    image = axes.imshow(
        np.ma.masked_invalid(shown), aspect="auto", cmap=shades, norm=norm, interpolation="none"
    )
    _numbers(axes, shown, shades, norm)
    if np.isfinite(shown).any():
        beside = axes.inset_axes((BAR_STARTS, 0.0, BAR_ENDS - BAR_STARTS, 1.0))
        bar = axes.get_figure(root=True).colorbar(image, cax=beside)  # type: ignore[union-attr]
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=SMALL, labelcolor=MUTED, length=0)
        bar.locator = _few_ticks(extent, log=log)
        if log:
            bar.formatter = FuncFormatter(lambda value, _: short_count(value))
        bar.update_ticks()
        bar.ax.minorticks_off()


def map_height(n_layers: int) -> float:
    """Return the height in points of a map whose rows can be read."""
    return float(np.clip(60 + 14.5 * n_layers, 130, 460))


def ramp(colour: str) -> Colormap:
    """Return shades from near white over ``colour`` to a darker form of it."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    middle = np.array(to_rgb(colour))
    stops = [0.06 * middle + 0.94, 0.55 * middle + 0.45, middle, 0.5 * middle]
    return LinearSegmentedColormap.from_list(f"layerscope {colour}", [tuple(s) for s in stops])


def _few_ticks(extent: tuple[float, float], *, log: bool) -> Any:
    from matplotlib.ticker import LogLocator, MaxNLocator

    if not log:
        return MaxNLocator(4)
    low, high = extent
    return LogLocator(subs=(1.0,) if high > 2000 * low else (1.0, 2.0, 5.0))


def _rows_and_columns(axes: Axes, layers: Sequence[str], steps: Sequence[Any]) -> None:
    width, height = size_of(axes)
    shown = evenly(len(layers), _ROW * len(layers) / height)
    names = short_names(layers)
    axes.set_yticks(shown, [plain(names[row]) for row in shown])
    columns = short_names(steps, 9)
    longest = max(map(len, columns))
    shown = evenly(len(steps), (longest + 1.2) * 0.56 * SMALL * len(steps) / (0.75 * width))
    axes.set_xticks(shown, [plain(columns[column]) for column in shown])


def _numbers(axes: Axes, matrix: Floats, shades: Any, norm: Any) -> None:
    width, height = size_of(axes)
    room = (0.72 * width / matrix.shape[1], 0.8 * height / matrix.shape[0])
    texts = cell_texts(matrix)
    if not texts:
        return
    longest = max(map(len, texts.values()))
    size = min(SMALL, (room[0] - 2) / (0.6 * longest), 0.85 * room[1])
    if size < 6.5:
        return
    for (row, column), text in texts.items():
        colour = ink_on(shades(norm(matrix[row, column])))
        axes.text(column, row, text, ha="center", va="center", fontsize=size, color=colour)


def cell_texts(matrix: Floats) -> dict[tuple[int, int], str]:
    """Return the numbers of a map as short text by (row, column), all in one form.

    >>> cell_texts(np.array([[0.25, np.nan], [-0.5, 1.0]]))
    {(0, 0): '.25', (1, 0): '−.50', (1, 1): '1.00'}
    >>> list(cell_texts(np.array([[812.0, 24310.0]])).values())
    ['812', '24k']
    """
    known = matrix[np.isfinite(matrix)]
    if not known.size:
        return {}
    largest = float(np.abs(known).max())
    digits = 2 if largest < 10 else (1 if largest < 100 else 0)
    whole = digits < 2 and bool((known == np.round(known)).all())
    texts = {}
    for row, column in np.argwhere(np.isfinite(matrix)).tolist():
        value = float(matrix[row, column])
        text = short_count(value) if whole else number(value, digits)
        if digits == 2:  # .83 for 0.83
            text = text.replace("0.", ".", 1) if text.lstrip("−").startswith("0.") else text
        texts[row, column] = text
    return texts


def ink_on(shade: tuple[float, ...]) -> str:
    """Return the colour of letters on a cell: white or ink, whichever is further by WCAG 2."""
    light = _luminance(shade)
    return "white" if 1.05 / (light + 0.05) > (light + 0.05) / 0.07 else INK


def _luminance(colour: tuple[float, ...]) -> float:
    """Return the relative luminance of an sRGB colour."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
