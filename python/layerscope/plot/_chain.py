"""Pictures of a chain of layers: maps of layer by layer, pairs that are born and that die."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._maps import layer_step_map
from layerscope.plot._style import (
    MUTED,
    SMALL,
    TEXT,
    TILTED,
    axes_or_new,
    axis_title,
    floats,
    layer_axis,
    size_of,
)
from layerscope.plot._text import plain, short_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["nntp", "nnts", "turnover"]

BORN, DIED, TRANSIENT = "#0069a8", "#c65300", "#8b97a4"


def nnts(result: Any, ax: Axes | None = None) -> Axes:
    """Draw NNTS of all pairs of layers as a map.

    Parameters
    ----------
    result : NNTS
        Of :func:`layerscope.nnts`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    return _pairs(result.matrix, result.layers, "Layer", "nnts", ax)


def nntp(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the runs of neighbour pairs by first (row) and last (column) layer as a map.

    Parameters
    ----------
    result : NNTP
        Of :func:`layerscope.nntp`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a new figure.
    """
    counts = floats(result.counts)
    counts[np.tril_indices(len(counts), -1)] = np.nan
    return _pairs(counts, result.layers, "Last layer of a run", "nntp", ax)


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
    edges = np.maximum(floats(result.n_edges), 1.0)
    places = np.arange(len(edges))
    lines = (
        ("new in this layer", places[1:], floats(result.births) / edges[1:], BORN, "-"),
        ("gone in the next", places[:-1], floats(result.deaths) / edges[:-1], DIED, "-"),
        ("in this layer alone", places, floats(result.transient_share), TRANSIENT, "--"),
    )
    for label, where, shares, colour, style in lines:
        axes.plot(where, shares, style, color=colour, linewidth=1.8, marker="o", ms=3, label=label)
    axes.set_ylim(0.0, 1.0)
    layer_axis(axes, result.layers)
    axis_title(axes, "Share of the layer's neighbour pairs")
    axes.legend(fontsize=SMALL, labelcolor=MUTED, frameon=False, loc="best")
    return axes


def _pairs(matrix: Any, layers: Sequence[str], across: str, measure: str, ax: Axes | None) -> Axes:
    axes = layer_step_map(matrix, layers, layers, "", ax, measure=measure)
    axes.set_xlabel(across, fontsize=TEXT, color=MUTED)
    # Tilted names need less room than the level ones of checkpoints.
    stride = max(1, math.ceil(TILTED * len(layers) / (0.75 * size_of(axes)[0])))
    shown = range(0, len(layers), stride)
    names = short_names(layers)
    axes.set_xticks(
        shown,
        [plain(names[column]) for column in shown],
        rotation=45,
        ha="right",
        rotation_mode="anchor",
    )
    return axes
