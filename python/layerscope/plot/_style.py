"""One look for all pictures: sizes, colours, the axis of layers, names that fit.

Lengths are in points. A chart is drawn 345 points wide with letters of about 9 points, so that it
can still be read when a telephone shows it 350 pixels wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from layerscope.errors import MissingExtraError
from layerscope.plot._names import short_names
from layerscope.plot._text import evenly, plain, readable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

WIDTH, HEIGHT = 345.0, 225.0
TEXT, SMALL = 9.0, 8.2
INK, MUTED, GRID, SHADE = "#1c2733", "#566270", "#e3e8ed", "#8b97a4"

#: One colour per measure, the same in every chart; after Okabe and Ito, told apart by the
#: colour-blind.
COLOURS = {
    "modularity": "#0069a8",
    "label_agreement": "#00845f",
    "same_label_share": "#00845f",
    "intrinsic_dimension": "#c65300",
    "hubness": "#a14a86",
    "nnts": "#3b5b92",
    "nntp": "#7a5c00",
    "self_similarity": "#4d6b2f",
    "cka": "#6b3f8f",
    "box_counts": "#8a4b2a",
}
OTHER_COLOUR = "#5b5f97"

#: What a measure is called on an axis.
TITLES = {
    "modularity": "Modularity Q",
    "label_agreement": "Share of neighbours with the same label",
    "same_label_share": "Share of neighbours with the same label",
    "intrinsic_dimension": "Intrinsic dimension (TwoNN)",
    "hubness": "Hubness (skewness of k-occurrence)",
    "self_similarity": "Self-similarity of units",
    "nnts_previous": "NNTS to the layer before",
    "cka_previous": "CKA to the layer before",
}

TILTED = 15.0  # points between two names that stand at 45 degrees
_LETTER = 0.56  # width of a mean letter, in units of its size


def colour_of(measure: str) -> str:
    """Return the colour of a measure."""
    return COLOURS.get(measure, OTHER_COLOUR)


def title_of(measure: str) -> str:
    """Return what a measure is called on an axis."""
    return TITLES.get(measure, readable(measure).replace("_", " "))


def figure(width: float = WIDTH, height: float = HEIGHT) -> Figure:
    """Return an empty figure, outside pyplot.

    Parameters
    ----------
    width, height : float
        In points.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        rule = "must be installed: pip install matplotlib"
        raise MissingExtraError("matplotlib", rule, "no such module") from None
    return Figure(figsize=(width / 72, height / 72), facecolor="white", layout="constrained")


def axes_or_new(ax: Axes | None, width: float = WIDTH, height: float = HEIGHT) -> Axes:
    """Return ``ax``, or the axes of a new figure, in our look."""
    axes = figure(width, height).add_subplot() if ax is None else ax
    axes.set_facecolor("white")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color("#c3cbd3")
    axes.grid(True, axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(axis="both", labelsize=SMALL, labelcolor=MUTED, length=0, pad=4)
    axes.tick_params(axis="x", color="#c3cbd3", length=3, width=0.8, pad=2)
    return axes


def axis_title(axes: Axes, title: str, above: float = 0.0) -> None:
    """Write the title of the y axis above it, where it can be read without tilting one's head.

    ``above`` points are left free below it.
    """
    # A title, since the layout of a figure leaves no room above the axes for a label.
    axes.set_title(plain(title), fontsize=TEXT, color=INK, loc="left", pad=8 + above)


def bottom_title(axes: Axes, title: str) -> None:
    """Write the title of the x axis at its left, where a telephone shows it without sliding."""
    axes.set_xlabel(plain(title), fontsize=TEXT, color=MUTED, loc="left")


def size_of(axes: Axes) -> tuple[float, float]:
    """Return width and height of the axes in points."""
    box = axes.get_window_extent()
    scale = 72 / axes.get_figure(root=True).dpi  # type: ignore[union-attr]
    return box.width * scale, box.height * scale


def layer_axis(axes: Axes, layers: Sequence[str]) -> None:
    """Put the layers on the x axis: level when they fit, tilted when not, thinned out when many."""
    count = len(layers)
    room = size_of(axes)[0] / max(count, 1)
    names = [plain(name) for name in short_names(layers)]
    longest = max((len(name) for name in names), default=0)
    shown = list(range(count))
    if (longest + 1) * _LETTER * SMALL <= room:
        axes.set_xticks(range(count), names)
    else:
        shown = evenly(count, TILTED / room)
        axes.set_xticks(
            shown,
            [names[index] for index in shown],
            rotation=45,
            ha="right",
            rotation_mode="anchor",
        )
    thinned = f" ({len(shown)} of {count} named)" if len(shown) < count else ""
    bottom_title(axes, f"Layers, first to last{thinned}")
    margin = 0.5 if count < 3 else 0.02 * count + 0.2
    axes.set_xlim(-margin, count - 1 + margin)


def note_empty(axes: Axes, sentence: str = "no layer has a value") -> None:
    """Say in the middle of the axes that there is nothing to draw."""
    axes.set_yticks([])
    axes.text(
        0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center",
        fontsize=TEXT, color=MUTED,
    )  # fmt: skip


def floats(values: Any) -> Floats:
    """Return an array of float64 in which infinities are NaN."""
    array = np.asarray(values, dtype=np.float64)
    return np.where(np.isfinite(array), array, np.nan)
