"""Distances in steps: how many edges lie between two nodes of a graph?

d(i, j) is the number of edges of a shortest path. Breadth-first search runs from 512 sources at
once, one bit each (Then et al., The More the Merrier, PVLDB 8, 449, 2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError
from layerscope.measures._undirected import check_nodes, undirected

__all__ = ["PathStatistics", "hop_distances", "path_statistics"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PathStatistics(Result):
    """What all shortest paths of a graph say together.

    Attributes
    ----------
    diameter : int
        The largest finite distance.
    average_path : float
        Mean distance over pairs of different nodes that a path joins; NaN where there is none.
    eccentricity : ndarray of uint32, shape (n,)
        Distance from each node to the farthest one it can reach; 0 for an isolated node.
    n_components : int
        Number of components.
    """

    diameter: int
    average_path: float
    eccentricity: npt.NDArray[np.uint32]
    n_components: int


def hop_distances(
    graph: Any,
    *,
    sources: Any = None,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> npt.NDArray[Any]:
    """Return the distances, in steps, between all nodes of a graph, or from some of them.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected; weights and self-loops do not matter.
    sources : sequence of int, optional
        Nodes to start from; all of them by default.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the search may take beside its answer; fewer threads work where it is short.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    ndarray of uint8 or uint16, shape (len(sources), n_nodes)
        uint16 only where a distance exceeds 254. The largest number of the type, 255 or 65535,
        means that there is no path.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph, and sources that are not integers.
    InvalidInputError
        For a directed graph, a graph without nodes, sources that are not nodes, and a shortest
        path of more than 65534 steps.
    MemoryLimitError
        If one thread needs more than ``memory_limit``.

    Notes
    -----
    Takes at most O(n / 512 · diameter · edges) operations on cache lines, and one byte (or two)
    for each distance. :func:`path_statistics` needs no table.

    References
    ----------
    Then, Kaufmann, Chirigati, Hoang-Vu, Pham, Kemper, Neumann, Vo, PVLDB 8, 449 (2014).

    Examples
    --------
    >>> from layerscope import Graph, hop_distances
    >>> hop_distances(Graph.from_edges([(0, 1), (1, 2)], n_nodes=4))
    array([[  0,   1,   2, 255],
           [  1,   0,   1, 255],
           [  2,   1,   0, 255],
           [255, 255, 255,   0]], dtype=uint8)
    """
    checked = undirected(graph)
    starts = None if sources is None else check_nodes("sources", sources, checked.n_nodes)
    n_rows = checked.n_nodes if starts is None else len(starts)
    jobs, limit = check_jobs(n_jobs), check_memory(memory_limit)
    watch = progress_for(progress, "hop distances")
    for kind in (np.uint8, np.uint16):
        out: npt.NDArray[Any] = np.empty((n_rows, checked.n_nodes), kind)
        if _core.hop_distances(checked.indptr, checked.indices, starts, out, limit, jobs, watch):
            return out
    rule = "must have no shortest path of more than 65534 steps"
    raise InvalidInputError("graph", rule, "a longer one")


def path_statistics(
    graph: Any, *, n_jobs: int | None = None, progress: Progress = None
) -> PathStatistics:
    """Return the diameter, the mean distance and the eccentricities of a graph.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected; weights and self-loops do not matter.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    PathStatistics
        With ``diameter``, ``average_path``, ``eccentricity`` and ``n_components``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph and a graph without nodes.

    Notes
    -----
    Takes the time of :func:`hop_distances` without keeping the table.

    Examples
    --------
    >>> from layerscope import Graph, path_statistics
    >>> found = path_statistics(Graph.from_edges([(0, 1), (1, 2)], n_nodes=4))
    >>> found.diameter, found.n_components, found.eccentricity
    (2, 2, array([2, 1, 2, 0], dtype=uint32))
    """
    checked = undirected(graph)
    diameter, average, eccentricity, n_components, _ = _core.path_statistics(
        checked.indptr,
        checked.indices,
        None,
        check_jobs(n_jobs),
        progress_for(progress, "path statistics"),
    )
    warnings: tuple[str, ...] = ()
    if n_components > 1:
        warnings = (
            f"the graph has {n_components} components; distances between them are left out",
        )
    return PathStatistics(
        diameter=diameter,
        average_path=average,
        eccentricity=eccentricity,
        n_components=n_components,
        settings=record("path_statistics"),
        warnings=warnings,
    )
