"""Graphs as the fractal measures take them: undirected, at least one node."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.neighbours import Graph, as_graph

__all__ = ["check_nodes", "undirected"]


def undirected(graph: Any, argument: str = "graph") -> Graph:
    """Return ``graph`` as an undirected :class:`Graph` of at least one node.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph and for one without nodes.
    """
    checked = as_graph(graph, argument)
    if checked.directed:
        rule = (
            "must be undirected: symmetrise it, by Neighbors.graph(symmetrize='mean'), or by "
            "Graph.from_scipy(matrix + matrix.T)"
        )
        raise InvalidInputError(argument, rule, repr(checked))
    if checked.n_nodes == 0:
        raise InvalidInputError(argument, "must have at least one node", repr(checked))
    return checked


def check_nodes(argument: str, nodes: Any, n_nodes: int) -> npt.NDArray[np.uint32]:
    """Return ``nodes`` as numbers of nodes of a graph."""
    rule = "must be a sequence of integers, the numbers of nodes"
    try:
        array = np.asarray(nodes)
    except (TypeError, ValueError):
        raise InvalidTypeError(argument, rule, type(nodes).__name__) from None
    if array.ndim != 1:
        raise InvalidInputError(argument, "must have one axis", f"shape {array.shape}")
    if array.size == 0:
        return np.zeros(0, np.uint32)
    if array.dtype.kind not in "iu":
        raise InvalidTypeError(argument, rule, f"dtype {array.dtype}")
    wrong = (array < 0) | (array >= n_nodes)
    if wrong.any():
        place = int(np.flatnonzero(wrong)[0])
        rule = f"must be nodes below {n_nodes}"
        raise InvalidInputError(argument, rule, f"{array[place]} at position {place}")
    return np.ascontiguousarray(array, np.uint32)
