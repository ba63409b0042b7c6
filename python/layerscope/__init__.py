"""layerscope: the hidden layers of deep networks, measured as complex networks."""

from layerscope import errors
from layerscope._arrays import bfloat16
from layerscope._version import __version__
from layerscope.activations import Activations, load, pool
from layerscope.cite import cite
from layerscope.neighbours import Graph, Neighbors, estimate_memory, neighbors
from layerscope.report import Report

__all__ = [
    "Activations",
    "Graph",
    "Neighbors",
    "Report",
    "__version__",
    "bfloat16",
    "cite",
    "errors",
    "estimate_memory",
    "load",
    "neighbors",
    "pool",
]
