"""Graphs of boxes: every box becomes a node."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.neighbours import Graph

__all__ = ["degrees", "quotient"]


def quotient(graph: Graph, boxes: npt.NDArray[np.int64]) -> Graph:
    """Return the graph that joins two boxes where an edge joins their nodes."""
    sources = np.repeat(boxes, np.diff(graph.indptr))
    targets = boxes[graph.indices]
    apart = sources < targets
    edges = np.column_stack([sources[apart], targets[apart]])
    return Graph.from_edges(edges, n_nodes=int(boxes.max()) + 1)


def degrees(graph: Graph) -> npt.NDArray[Any]:
    """Return the degree of every node; a self-loop counts twice."""
    found = np.diff(graph.indptr)
    sources = np.repeat(np.arange(graph.n_nodes), found)
    found[graph.indices[sources == graph.indices]] += 1
    return found
