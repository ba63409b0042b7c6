"""One look for all pictures: sizes, colours, the axis of layers, names that fit.

Lengths are in points. A chart is drawn 345 points wide with letters of about 9 points, so that it
can still be read when a telephone shows it 350 pixels wide.
"""

from __future__ import annotations

import math
import os
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from layerscope.errors import MissingExtraError

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
}
OTHER_COLOUR = "#5b5f97"

#: What a measure is called on an axis.
TITLES = {
    "modularity": "Modularity Q",
    "label_agreement": "Share of neighbours with the same label",
    "same_label_share": "Share of neighbours with the same label",
    "intrinsic_dimension": "Intrinsic dimension (TwoNN)",
    "hubness": "Hubness (skewness of k-occurrence)",
}

_TILTED = 13.5  # points between two names that stand at 45 degrees
_LETTER = 0.56  # width of a mean letter, in units of its size


def colour_of(measure: str) -> str:
    """Return the colour of a measure."""
    return COLOURS.get(measure, OTHER_COLOUR)


def title_of(measure: str) -> str:
    """Return what a measure is called on an axis."""
    return TITLES.get(measure, readable(measure).replace("_", " "))


def readable(name: object) -> str:
    """Return a name on one line, without characters that XML or a font cannot take."""
    text = str(name).encode("utf-8", "replace").decode("utf-8")
    kept = [" " if character.isspace() else character for character in text]
    return "".join(
        "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(character) in {"Cc", "Cs", "Cn"} or character in "\ufffe\uffff"
        else character
        for character in kept
    )


def plain(text: str) -> str:
    r"""Return text that matplotlib shows as it is: a dollar sign starts no formula."""
    return text.replace("$", r"\$")


def short_names(names: Iterable[object], limit: int = 14) -> list[str]:
    """Return names of at most about ``limit`` letters that stay different.

    What all names begin with is dropped up to a dot, a slash or an underscore; then the middle
    gives way; names that became equal get their number.

    >>> short_names(["model.layers.0.attention", "model.layers.11.attention"], 12)
    ['0.attention', '11.attention']
    """
    whole = [readable(name) for name in names]
    shared = os.path.commonprefix(whole) if len(whole) > 1 else ""
    cut = max(shared.rfind(mark) for mark in "./_") + 1
    if max(map(len, whole), default=0) > limit and all(len(name) > cut for name in whole):
        whole = [name[cut:] for name in whole]
    short = [_squeeze(name, limit) for name in whole]
    if len(set(short)) < len(set(whole)):
        short = [
            name if short.count(name) == 1 else f"{_squeeze(name, limit - 4)} #{index + 1}"
            for index, name in enumerate(short)
        ]
    return short


def _squeeze(name: str, limit: int) -> str:
    if len(name) <= limit:
        return name
    head = max(1, (limit - 1) // 2)
    return f"{name[:head]}…{name[len(name) - (limit - 1 - head) :]}"


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


def axis_title(axes: Axes, title: str) -> None:
    """Write the title of the y axis above it, where it can be read without tilting one's head."""
    axes.set_ylabel(plain(title), fontsize=TEXT, color=INK, rotation=0, ha="left", va="bottom")
    axes.yaxis.set_label_coords(0.0, 1.04)


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
    stride = 1
    if (longest + 1.5) * _LETTER * SMALL <= room:
        axes.set_xticks(range(count), names)
    else:
        stride = max(1, math.ceil(_TILTED / room))
        # The last layer is always named, and the one before it not when the two would touch.
        shown = [index for index in range(0, count, stride) if count - 1 - index >= stride]
        shown = [*shown, count - 1]
        axes.set_xticks(
            shown,
            [names[index] for index in shown],
            rotation=45,
            ha="right",
            rotation_mode="anchor",
        )
    axes.set_xlabel(
        "Layers, first to last" + (f" (one in {stride} named)" if stride > 1 else ""),
        fontsize=TEXT,
        color=MUTED,
    )
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


def number(value: float, digits: int = 2) -> str:
    """Return a number with a true minus sign.

    >>> number(-0.125), number(12.5, 1), number(float("nan"))
    ('−0.12', '12.5', '–')
    """
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return (text.lstrip("-") if float(text) == 0 else text).replace("-", "−")


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return positions near the wanted ones, in their order, at least ``gap`` apart if they fit.

    >>> spread([0.5, 0.5, 0.9], 0.2, 0.0, 1.0)
    [0.4, 0.6, 0.9]
    """
    if not wanted:
        return []
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    # Blocks of touching labels: (sum of wanted lowest positions, members); merged while they touch.
    blocks: list[tuple[float, int]] = []

    def start(block: tuple[float, int]) -> float:
        mean, size = block[0] / block[1], block[1]
        return min(max(mean, low), high - gap * (size - 1))

    for index in order:
        blocks.append((wanted[index], 1))
        while len(blocks) > 1 and start(blocks[-2]) + gap * blocks[-2][1] > start(blocks[-1]):
            later, earlier = blocks.pop(), blocks.pop()
            shifted = later[0] - later[1] * gap * earlier[1]
            blocks.append((earlier[0] + shifted, earlier[1] + later[1]))
    placed = [0.0] * len(wanted)
    ranks = iter(order)
    for block in blocks:
        for position in range(block[1]):
            placed[next(ranks)] = round(start(block) + gap * position, 12)
    return placed
