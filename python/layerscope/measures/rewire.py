"""Rewiring: what would a number be if only the degrees of a graph were as they are?

Two edges (a, b) and (c, d), drawn at random, become (a, d) and (c, b), unless that makes a
self-loop or an edge that is there already (Maslov, Sneppen, Science 296, 910, 2002).
"""

from __future__ import annotations

from typing import Any

from layerscope._settings import Progress, check_int, check_jobs, check_seed
from layerscope.measures._swaps import swapped
from layerscope.measures._undirected import undirected
from layerscope.neighbours import Graph

__all__ = ["rewire"]


def rewire(
    graph: Any,
    *,
    n_swaps: int | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> Graph:
    """Return a random graph with the degrees of this one.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    n_swaps : int, optional
        Swaps to attempt; 10 for each edge by default. An attempt that would make a self-loop or a
        double edge changes nothing.
    random_state : int, default 0
        Decides which edges are drawn.
    n_jobs : int, optional
        Accepted like everywhere; the work is done by one thread.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    Graph
        The same nodes and degrees; edges take their weights along, self-loops stay.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, and ``n_swaps`` below 0.

    Notes
    -----
    Takes O(n_swaps · log edges). The result need not be connected.

    References
    ----------
    Maslov, Sneppen, Science 296, 910 (2002).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import Graph, rewire
    >>> ring = Graph.from_edges([(i, (i + 1) % 20) for i in range(20)])
    >>> np.diff(rewire(ring).indptr).tolist() == [2] * 20
    True
    """
    checked = undirected(graph)
    if n_swaps is not None:
        n_swaps = check_int("n_swaps", n_swaps, low=0)
    return swapped(checked, n_swaps, check_seed(random_state), check_jobs(n_jobs), progress)
