"""Pictures of results: functions of a result and a matplotlib Axes that return the Axes.

Only the Figure interface is used, never pyplot: no window opens, no global state changes, and
matplotlib is imported at the first picture. The same functions draw ``result.plot()`` and the
charts of the HTML report.

>>> import numpy as np
>>> from layerscope import plot
>>> axes = plot.layer_step_map(np.eye(2), ["conv", "fc"], [0, 100], "modularity")
>>> [label.get_text() for label in axes.get_yticklabels()]
['conv', 'fc']
"""

from __future__ import annotations

from layerscope.plot._boxes import box_counts, box_counts_by_layer, power_law
from layerscope.plot._chain import lifetimes, turnover
from layerscope.plot._classes import per_class
from layerscope.plot._community_agreement import community_agreement
from layerscope.plot._curves import modularity_curve, per_layer, series, standard_errors
from layerscope.plot._flow import flow
from layerscope.plot._maps import layer_step_map
from layerscope.plot._names import short_names
from layerscope.plot._pairs import cka, nntp, nnts
from layerscope.plot._report import report
from layerscope.plot._selfsim import feature_network, self_similarity, self_similarity_by_layer
from layerscope.plot._single import k_occurrence, modularity
from layerscope.plot._steps import step_curves
from layerscope.plot._style import figure

__all__ = [
    "box_counts",
    "box_counts_by_layer",
    "cka",
    "community_agreement",
    "feature_network",
    "figure",
    "flow",
    "k_occurrence",
    "layer_step_map",
    "lifetimes",
    "modularity",
    "modularity_curve",
    "nntp",
    "nnts",
    "per_class",
    "per_layer",
    "power_law",
    "report",
    "self_similarity",
    "self_similarity_by_layer",
    "series",
    "short_names",
    "standard_errors",
    "step_curves",
    "turnover",
]
