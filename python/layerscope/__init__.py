"""layerscope: the hidden layers of deep networks, measured as complex networks."""

from layerscope import errors
from layerscope._arrays import bfloat16
from layerscope._version import __version__
from layerscope.activations import Activations, load, pool
from layerscope.analyze import analyze, analyze_run
from layerscope.cite import cite
from layerscope.measures import (
    alignment,
    cka,
    feature_network,
    follow_communities,
    intrinsic_dimension,
    label_agreement,
    leiden,
    louvain,
    modularity,
    modularity_curve,
    nntp,
    nnts,
    self_similarity,
)
from layerscope.neighbours import Graph, Neighbors, estimate_memory, neighbors
from layerscope.report import Report

__all__ = [
    "Activations",
    "Graph",
    "Neighbors",
    "Report",
    "__version__",
    "alignment",
    "analyze",
    "analyze_run",
    "bfloat16",
    "cite",
    "cka",
    "errors",
    "estimate_memory",
    "feature_network",
    "follow_communities",
    "intrinsic_dimension",
    "label_agreement",
    "leiden",
    "load",
    "louvain",
    "modularity",
    "modularity_curve",
    "neighbors",
    "nntp",
    "nnts",
    "pool",
    "self_similarity",
]
