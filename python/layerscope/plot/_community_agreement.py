"""How far the communities of each layer are the classes, over the layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layerscope.plot._classes import name_ends
from layerscope.plot._curves import limits, line
from layerscope.plot._style import axes_or_new, axis_title, floats, layer_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["community_agreement"]

_COLOURS = {"AMI": "#0069a8", "ARI": "#c65300", "purity": "#8b97a4"}


def community_agreement(followed: Any, ax: Axes | None = None) -> Axes:
    """Draw the agreement of communities and classes over the layers.

    Parameters
    ----------
    followed : FollowedCommunities
        What :func:`layerscope.follow_communities` returns for labelled samples.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.
    """
    axes = axes_or_new(ax)
    layer_axis(axes, followed.layers)
    axis_title(axes, "Agreement of communities and classes")
    found = followed.agreement
    curves = {
        "AMI": floats(found.ami), "ARI": floats(found.ari), "purity": floats(found.purity)
    }  # fmt: skip
    limits(axes, *curves.values())
    axes.set_ylim(min(0.0, axes.get_ylim()[0]), 1.02)
    for name, values in curves.items():
        line(axes, values, _COLOURS[name], width=1.8, marker=True)
    name_ends(axes, curves, _COLOURS)
    return axes
