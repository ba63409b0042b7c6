"""Maps of layer by layer: NNTS, CKA, and the runs of neighbour pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.errors import InvalidInputError
from layerscope.plot._maps import draw_map, ramp
from layerscope.plot._names import short_names
from layerscope.plot._style import (
    MUTED,
    SMALL,
    TEXT,
    TILTED,
    WIDTH,
    Floats,
    axes_or_new,
    axis_title,
    bottom_title,
    colour_of,
    floats,
    size_of,
)
from layerscope.plot._text import evenly, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["NNTS_FORMS", "SQUARE", "cka", "nntp", "nntp_counts", "nnts", "nnts_matrix"]

#: Height in points of a map of pairs whose cells are about square, with its names and bar.
SQUARE = 305.0

#: Forms in which NNTS can be shown.
NNTS_FORMS = ("nnts", "adjusted", "overlap")

_FORM_TITLES = {"nnts": "NNTS", "adjusted": "NNTS, chance taken off", "overlap": "Overlap"}

#: Similarities lie between these; the same colours for every k and form can be compared.
SIMILARITY = (0.0, 1.0)

#: Counts whose largest is this many times the smallest are coloured by their logarithm.
_MANY_TIMES = 20.0


def nnts(
    result: Any,
    ax: Axes | None = None,
    *,
    k: int | None = None,
    form: str = "nnts",
    title: str | None = None,
) -> Axes:
    """Draw NNTS of all pairs of layers as a map, coloured from 0 to 1 at every k.

    Parameters
    ----------
    result : NNTS
        Of :func:`layerscope.nnts`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    k : int, optional
        One of ``result.ks``; the largest by default.
    form : {"nnts", "adjusted", "overlap"}
        The value itself, the value with chance taken off, or the mean share of common neighbours.
    title : str, optional
        Written above; by default it names form and k.

    Raises
    ------
    InvalidInputError
        For a k that was not measured, or another form.
    """
    if form not in NNTS_FORMS:
        rule = f"must be one of {', '.join(map(repr, NNTS_FORMS))}"
        raise InvalidInputError("form", rule, repr(form))
    chosen = result.ks[-1] if k is None else k
    if chosen not in result.ks:
        rule = f"must be one of the {len(result.ks)} k measured, the largest {result.ks[-1]}"
        raise InvalidInputError("k", rule, repr(k))
    matrix = nnts_matrix(result, result.ks.index(chosen), form)
    if title is None:
        title = f"{_FORM_TITLES[form]} at k = {chosen}"
    return _similarity(matrix, result.layers, "nnts", title, ax)


def nnts_matrix(result: Any, place: int, form: str) -> Floats:
    """Return one form of NNTS at the k of that place."""
    if form == "overlap":
        return floats(result.overlap_by_k[place])
    matrix, chance = floats(result.by_k[place]), float(result.chance_by_k[place])
    if form == "nnts":
        return matrix
    return np.ones_like(matrix) if chance >= 1.0 else (matrix - chance) / (1.0 - chance)


def cka(
    result: Any, ax: Axes | None = None, *, debiased: bool = False, title: str | None = None
) -> Axes:
    """Draw CKA of all pairs of layers as a map, coloured from 0 to 1.

    Parameters
    ----------
    result : CKAMatrix
        As a report holds it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    debiased : bool, default False
        Draw the debiased form.
    title : str, optional
        Written above; by default it names the form.
    """
    matrix = result.debiased if debiased else result.matrix
    if title is None:
        title = "Linear CKA, debiased" if debiased else "Linear CKA"
    return _similarity(matrix, result.layers, "cka", title, ax)


def nntp(result: Any, ax: Axes | None = None, *, title: str | None = None) -> Axes:
    """Draw the runs of neighbour pairs by first (row) and last (column) layer as a map.

    Where counts differ much the colours follow their logarithm; without a run there is no colour.

    Parameters
    ----------
    result : NNTP
        Of :func:`layerscope.nntp`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    title : str, optional
        Written above; by default it says what is counted.
    """
    axes = axes_or_new(ax, height=SQUARE)
    counts = nntp_counts(result)
    known = counts[counts > 0]
    low, high = (float(known.min()), float(known.max())) if known.size else (1.0, 1.0)
    log = high > _MANY_TIMES * low
    extent = (low, high) if log else (0.0, max(high, 1.0))
    draw_map(axes, counts, ramp(colour_of("nntp")), extent, log=log)
    _name_both(axes, result.layers, "Last layer of a run", "First layer")
    _write_title(axes, "Runs of neighbour pairs" if title is None else title)
    return axes


def nntp_counts(result: Any) -> Floats:
    """Return the runs by first and last layer, NaN where a run would end before it begins."""
    counts = floats(result.counts)
    counts[np.tril_indices(len(counts), -1)] = np.nan
    return counts


def _similarity(
    matrix: Any, layers: Sequence[str], measure: str, title: str, ax: Axes | None
) -> Axes:
    axes = axes_or_new(ax, WIDTH, SQUARE)
    draw_map(axes, floats(matrix), ramp(colour_of(measure)), SIMILARITY)
    _name_both(axes, layers, "Layer", "")
    _write_title(axes, title)
    return axes


def _write_title(axes: Axes, title: str) -> None:
    if title:
        axis_title(axes, title)


def _name_both(axes: Axes, layers: Sequence[str], across: str, down: str) -> None:
    """Name rows and columns alike, as many as fit."""
    width, height = size_of(axes)
    names = [plain(name) for name in short_names(layers)]
    # One stride for both, so that a row and its column are named or nameless together.
    needed = max(TILTED / (0.75 * width), 1.35 * SMALL / (0.8 * height))
    shown = evenly(len(layers), needed * len(layers))
    named = [names[place] for place in shown]
    axes.set_xticks(shown, named, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(shown, named)
    bottom_title(axes, across)
    if down:
        axes.set_ylabel(down, fontsize=TEXT, color=MUTED)
