"""Units: their distances, one layer's self-similarity, and that of every layer beside its null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope.plot._curves import band, line
from layerscope.plot._style import (
    MUTED,
    SHADE,
    axes_or_new,
    axis_title,
    colour_of,
    floats,
    layer_axis,
    note_empty,
    title_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["feature_network", "self_similarity", "self_similarity_by_layer"]

_BINS = 64


def feature_network(result: Any, ax: Axes | None = None) -> Axes:
    """Draw how many pairs of units lie at which distance.

    Parameters
    ----------
    result : FeatureNetwork
        What :func:`layerscope.feature_network` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = axes_or_new(ax)
    axis_title(axes, "Pairs of units")
    square = floats(result.distances)
    if len(square) < 2:
        note_empty(axes, "one unit has no distance")
        return axes
    pairs = square[np.triu_indices(len(square), 1)]
    axes.hist(pairs, bins=_BINS, color=colour_of("self_similarity"))
    axes.set_xlabel("distance between units")
    return axes


def self_similarity(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the count of boxes of one layer over the scale, beside the self-similar line.

    Parameters
    ----------
    result : SelfSimilarity
        What :func:`layerscope.self_similarity` returns.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = axes_or_new(ax)
    axis_title(axes, title_of("self_similarity"))
    theta, counts = floats(result.theta), floats(result.counts)
    if len(theta) == 0:
        note_empty(axes, "self-similarity is not defined in this layer")
        return axes
    if result.settings.get("form") == "correlation":
        axes.loglog(theta, counts, color=colour_of("self_similarity"))
        axes.set_xlabel("distance θ")
        axes.set_ylabel("share of pairs within θ")
        return axes
    x = np.log1p(theta)
    axes.plot(x, np.log(counts) / np.log(result.n_units), color=colour_of("self_similarity"))
    axes.plot([x[0], x[-1]], [1, 0], color=MUTED, linewidth=0.8, linestyle="--")
    axes.set_xlabel("ln(1 + θ)")
    axes.set_ylabel("ln N / ln D")
    return axes


def self_similarity_by_layer(result: Any, ax: Axes | None = None) -> Axes:
    """Draw the value of every layer with the band of its null, mean ± 2 standard deviations.

    Parameters
    ----------
    result : PerLayer
        Of self-similarity results.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
    """
    axes = axes_or_new(ax)
    layer_axis(axes, result.layers)
    axis_title(axes, title_of("self_similarity"))
    value = floats(result.value)
    if not np.isfinite(value).any():
        note_empty(axes, "self-similarity is not defined in any layer")
        return axes
    mean = floats([one.null_mean for one in result.results])
    sd = floats([one.null_sd for one in result.results])
    band(axes, mean - 2 * sd, mean + 2 * sd, SHADE, alpha=0.3)
    line(axes, mean, SHADE, width=0.8, marker=False)
    line(axes, value, colour_of("self_similarity"))
    return axes
