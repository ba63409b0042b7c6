"""Activations → neighbours: the one computation that every measure inherits from."""

from layerscope.neighbours._graph import Graph, as_graph
from layerscope.neighbours._neighbors import Neighbors, row_remarks
from layerscope.neighbours._search import (
    as_neighbors,
    estimate_memory,
    neighbors,
    shared_search,
    stack_neighbors,
)

__all__ = [
    "Graph",
    "Neighbors",
    "as_graph",
    "as_neighbors",
    "estimate_memory",
    "neighbors",
    "row_remarks",
    "shared_search",
    "stack_neighbors",
]
