"""layerscope: the hidden layers of deep networks, measured as complex networks."""

from layerscope import errors
from layerscope._arrays import bfloat16
from layerscope._version import __version__
from layerscope.activations import Activations, load, pool
from layerscope.measures import (
    intrinsic_dimension,
    label_agreement,
    modularity,
    modularity_curve,
)
from layerscope.neighbours import Graph, Neighbors, estimate_memory, neighbors

__all__ = [
    "Activations",
    "Graph",
    "Neighbors",
    "__version__",
    "bfloat16",
    "errors",
    "estimate_memory",
    "intrinsic_dimension",
    "label_agreement",
    "load",
    "modularity",
    "modularity_curve",
    "neighbors",
    "pool",
]
