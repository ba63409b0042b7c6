"""The flow of communities through the layers: blocks, and ribbons of samples between them."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from layerscope.plot._flow_layout import OTHERS, Flow, lay_out
from layerscope.plot._names import short_names
from layerscope.plot._style import (
    HEIGHT,
    INK,
    MUTED,
    SMALL,
    WIDTH,
    axes_or_new,
    axis_title,
    layer_axis,
    size_of,
)
from layerscope.plot._text import plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["flow", "flow_height", "n_folded"]

#: Lengths in points: a block's width, the room between blocks, the lowest block that is shown by
#: itself, the thinnest ribbon.
BLOCK, GAP, LOWEST, THINNEST = 5.0, 2.0, 1.3, 0.5
#: With more ribbons than this the thinnest are left out: the page would grow heavy.
MOST_RIBBONS = 3000
GREY = "#b4bcc5"
#: After Paul Tol's muted and bright schemes: neighbours differ in hue and in lightness.
_FEW = (
    "#0069a8", "#CC6677", "#44AA99", "#D5A021", "#882255", "#88CCEE",
    "#117733", "#D5762A", "#332288", "#7CB342", "#AA4499", "#6B4E3D",
)  # fmt: skip

Floats = npt.NDArray[np.float64]


def flow(followed: Any, ax: Axes | None = None) -> Axes:
    """Draw how communities flow through the layers.

    A block is a community, as high as it has samples, and keeps its colour from layer to layer; a
    ribbon is the samples that two communities share. What is too small to be seen is one grey
    block at the bottom. The number of communities stands above each layer; on the right stands
    the largest class of each community where classes are known, its number otherwise.

    Parameters
    ----------
    followed : FollowedCommunities
        What :func:`layerscope.follow_communities` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default, higher with more communities.
    """
    height = flow_height(followed)
    axes = axes_or_new(ax, WIDTH if len(followed.layers) < 10 else 1.6 * WIDTH, height)
    axes.grid(False)
    axes.set_yticks([])
    axes.spines["bottom"].set_visible(False)
    layer_axis(axes, followed.layers)
    axis_title(axes, "Communities, as high as they have samples")
    room = 0.86 * size_of(axes)[1]
    laid = lay_out(followed.labels, LOWEST / room)
    scale, tops = _heights(laid, room)
    axes.set_ylim(room, -1.6 * SMALL)
    colours = _colours(laid)
    width = BLOCK / (0.9 * size_of(axes)[0]) * float(np.ptp(axes.get_xlim()))
    width = min(width, 0.3)
    _ribbons(axes, laid, (scale, tops, width), colours)
    _blocks(axes, laid, (scale, tops, width), colours)
    _counts(axes, followed.n_communities)
    _names(axes, followed, laid, (scale, tops[-1], width))
    return axes


def flow_height(followed: Any) -> float:
    """Return the height in points at which the communities can be told apart."""
    most = int(np.max(followed.n_communities, initial=0))
    return float(np.clip(HEIGHT + 4.2 * (most - 12), HEIGHT, 470.0))


def n_folded(followed: Any) -> int:
    """Return how many communities :func:`flow` shows as one block at its usual height."""
    return lay_out(followed.labels, LOWEST / (0.8 * flow_height(followed))).n_folded


def _heights(laid: Flow, room: float) -> tuple[float, list[Floats]]:
    """Return points per sample, and the top of every block; each layer stands in the middle."""
    most = max(len(found) for found in laid.numbers)
    gap = min(GAP, 0.25 * room / max(most - 1, 1))
    scale = (room - gap * (most - 1)) / int(laid.sizes[0].sum())
    tops = []
    for sizes in laid.sizes:
        heights = scale * sizes + gap
        whole = float(heights.sum()) - gap
        tops.append((room - whole) / 2 + np.cumsum(heights) - heights)
    return scale, tops


def _colours(laid: Flow) -> dict[int, str]:
    """Return a colour per number, the same in every layer."""
    mass: dict[int, int] = {}
    for found, sizes in zip(laid.numbers, laid.sizes, strict=True):
        for number, size in zip(found.tolist(), sizes.tolist(), strict=True):
            mass[number] = mass.get(number, 0) + size
    mass.pop(OTHERS, None)
    if len(mass) <= len(_FEW):
        ranked = sorted(mass, key=lambda number: (-mass[number], number))
        return dict(zip(ranked, _FEW, strict=False)) | {OTHERS: GREY}
    # Hues go round once from top to bottom of where each is seen last: where ribbons of one colour
    # run through another's region, samples have changed sides.
    place = _last_seen(laid)
    ranked = sorted(mass, key=lambda number: (place[number], number))
    shades = {number: _hue(place[number], rank) for rank, number in enumerate(ranked)}
    return shades | {OTHERS: GREY}


def _last_seen(laid: Flow) -> dict[int, float]:
    """Return number -> how far down, from 0 to 1, it stands in the last layer that has it."""
    places: dict[int, float] = {}
    for found, sizes in zip(laid.numbers, laid.sizes, strict=True):
        middles = (np.cumsum(sizes) - sizes / 2) / sizes.sum()
        places.update(zip(found.tolist(), middles.tolist(), strict=True))
    return places


def _hue(place: float, rank: int) -> str:
    """Return a colour of the wheel, light and dark in turn so that neighbours differ."""
    light, strong = ((0.40, 0.55), (0.60, 0.50))[rank % 2]
    parts = colorsys.hls_to_rgb((0.58 + 0.9 * place) % 1.0, light, strong)
    red, green, blue = (round(255 * part) for part in parts)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _blocks(
    axes: Axes, laid: Flow, where: tuple[float, list[Floats], float], colours: dict[int, str]
) -> None:
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle

    scale, tops, width = where
    drawn, fills = [], []
    for place, (found, sizes) in enumerate(zip(laid.numbers, laid.sizes, strict=True)):
        for number, size, top in zip(found.tolist(), sizes, tops[place], strict=True):
            drawn.append(Rectangle((place - width / 2, top), width, scale * size))
            fills.append(colours[number])
    axes.add_collection(PatchCollection(drawn, facecolors=fills, linewidths=0, zorder=3))


def _ribbons(
    axes: Axes, laid: Flow, where: tuple[float, list[Floats], float], colours: dict[int, str]
) -> None:
    """Draw the ribbons of each number as one shape, those of small ones on top."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    shapes: dict[int, list[Path]] = {}
    for number, corners in _corners(laid, where):
        shapes.setdefault(number, []).append(Path(corners, _CODES))
    for number, paths in shapes.items():
        grey = number == OTHERS
        axes.add_patch(
            PathPatch(
                Path.make_compound_path(*paths),
                facecolor=colours[number],
                linewidth=0,
                alpha=0.28 if grey else 0.5,
                zorder=1 if grey else 2,
            )
        )


# MOVETO, three times CURVE4, LINETO, three times CURVE4, CLOSEPOLY of matplotlib's paths.
_CODES = [1, 4, 4, 4, 2, 4, 4, 4, 79]


def _corners(
    laid: Flow, where: tuple[float, list[Floats], float]
) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    """Yield the number that a ribbon comes from, and its outline."""
    scale, tops, width = where
    # Ribbons leave a block in the order of where they go, and arrive in that of their origin.
    leave = [top[:, None] + scale * (np.cumsum(table, axis=1) - table)
             for top, table in zip(tops, laid.shared, strict=False)]  # fmt: skip
    arrive = [top[None, :] + scale * (np.cumsum(table, axis=0) - table)
              for top, table in zip(tops[1:], laid.shared, strict=True)]  # fmt: skip
    for place, row, column in _drawn(laid, THINNEST / scale):
        left, right = place + width / 2, place + 1 - width / 2
        middle = (left + right) / 2
        high = scale * float(laid.shared[place][row, column])
        out, back = float(leave[place][row, column]), float(arrive[place][row, column])
        yield int(laid.numbers[place][row]), [
            (left, out), (middle, out), (middle, back), (right, back),
            (right, back + high), (middle, back + high), (middle, out + high),
            (left, out + high), (left, out),
        ]  # fmt: skip


def _drawn(laid: Flow, least: float) -> list[tuple[int, int, int]]:
    """Return (layer, block, block of the next layer) of the ribbons that are not too thin."""
    found = [
        (-int(table[row, column]), place, row, column)
        for place, table in enumerate(laid.shared)
        for row, column in np.argwhere(table >= max(least, 1.0)).tolist()
    ]
    return sorted((place, row, column) for _, place, row, column in sorted(found)[:MOST_RIBBONS])


def _counts(axes: Axes, n_communities: Sequence[int]) -> None:
    """Write the number of communities above each layer, as far as there is room."""
    texts = [str(int(count)) for count in n_communities]
    room = 0.9 * size_of(axes)[0] / len(texts)
    stride = 1 + int((max(map(len, texts)) + 1) * 0.56 * SMALL // room)
    for place in range(len(texts) - 1, -1, -stride):
        axes.text(
            place, -0.4 * SMALL, texts[place], ha="center", va="bottom", fontsize=SMALL, color=MUTED
        )


def _names(axes: Axes, followed: Any, laid: Flow, where: tuple[float, Floats, float]) -> None:
    """Name the blocks of the last layer, the larger ones first, as far as there is room."""
    scale, tops, width = where
    names = _ends(followed)
    heights: Floats = (scale * laid.sizes[-1]).astype(np.float64)
    end = len(laid.numbers) - 1 + 0.8 * width
    middles = tops + heights / 2
    for place in _with_room(middles, heights):
        number, middle = int(laid.numbers[-1][place]), float(middles[place])
        text = "others" if number == OTHERS else names.get(number, "")
        axes.text(
            end, middle, f" {plain(text)}", ha="left", va="center", fontsize=SMALL,
            color=MUTED if number == OTHERS else INK,
        )  # fmt: skip


def _with_room(middles: Floats, heights: Floats) -> list[int]:
    """Return which blocks get a line of text beside them, so that no two lines touch.

    >>> _with_room(np.array([5.0, 15.0, 18.0, 40.0]), np.array([10.0, 2.0, 4.0, 20.0]))
    [0, 2, 3]
    """
    taken: list[int] = []
    for place in np.argsort(-heights, kind="stable").tolist():
        if all(abs(middles[place] - middles[other]) >= 1.05 * SMALL for other in taken):
            taken.append(place)
    return sorted(taken)


def _ends(followed: Any) -> dict[int, str]:
    """Return number -> name for the communities of the last layer."""
    numbers = followed.labels[-1]
    if followed.agreement is None:
        return {int(number): str(int(number)) for number in np.unique(numbers)}
    own = followed.results[-1].labels
    majority = followed.agreement.results[-1].majority
    number_of = {int(one): int(number) for one, number in zip(own, numbers, strict=True)}
    classes = list(dict.fromkeys(majority))
    short = dict(zip(classes, short_names(classes, 12), strict=True))
    return {number: short[majority[one]] for one, number in number_of.items()}
