"""Lengths of shortest paths: how far apart are two nodes where edges have lengths?

The least sum of lengths over all paths between two nodes, by Dijkstra's search from each source.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._settings import MemoryLimit, Progress, check_jobs, check_memory, progress_for
from layerscope.measures._tables import empty_table
from layerscope.measures._undirected import check_nodes, undirected

__all__ = ["path_lengths"]


def path_lengths(
    graph: Any,
    *,
    sources: Any = None,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> npt.NDArray[np.float64]:
    """Return the lengths of the shortest paths between all nodes of a graph, or from some.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected; its weights are lengths, none negative. ``Neighbors.graph(weight="distance")``
        makes such a graph of a layer.
    sources : sequence of int, optional
        Nodes to start from; all of them by default.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the table may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    ndarray of float64, shape (len(sources), n_nodes)
        Infinity where there is no path.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph, and sources that are not integers.
    InvalidInputError
        For a directed graph, a graph without nodes, sources that are not nodes, negative lengths,
        and lengths whose sum is not a finite number.
    MemoryLimitError
        If the table does not fit.

    Notes
    -----
    Takes O(edges · ln edges) time from each source and 8 bytes for each length. Lengths are summed
    from the source on, so that the two directions of a pair may differ in the last bits.

    References
    ----------
    Dijkstra, Numerische Mathematik 1, 269 (1959).

    Examples
    --------
    >>> from layerscope import Graph, path_lengths
    >>> path_lengths(Graph.from_edges([(0, 1), (1, 2), (0, 2)], weights=[0.5, 1.0, 4.0]))
    array([[0. , 0.5, 1.5],
           [0.5, 0. , 1. ],
           [1.5, 1. , 0. ]])
    """
    checked = undirected(graph)
    starts = None if sources is None else check_nodes("sources", sources, checked.n_nodes)
    n_rows = checked.n_nodes if starts is None else len(starts)
    jobs, limit = check_jobs(n_jobs), check_memory(memory_limit)
    watch = progress_for(progress, "path lengths")
    out = empty_table(n_rows, checked.n_nodes, np.float64, limit)
    _core.path_lengths(checked.indptr, checked.indices, checked.weights, starts, out, jobs, watch)
    return out
