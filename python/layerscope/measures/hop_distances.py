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
from layerscope.measures._tables import empty_table
from layerscope.measures._undirected import check_nodes, undirected
from layerscope.neighbours import Graph

__all__ = ["PathStatistics", "hop_distances", "path_statistics"]

#: The longest distance that one byte holds beside the number for "no path".
_NARROW = 254


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
        If one thread needs more than ``memory_limit``, or the answer more than there is.

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
    kinds: tuple[Any, ...] = (np.uint8, np.uint16)
    if n_rows and _is_long(checked, None if starts is None else starts[:1], jobs):
        kinds = (np.uint16,)
    for kind in kinds:
        out = empty_table(n_rows, checked.n_nodes, kind, None)
        if _core.hop_distances(checked.indptr, checked.indices, starts, out, limit, jobs, watch):
            return out
    rule = "must have no shortest path of more than 65534 steps"
    raise InvalidInputError("graph", rule, "a longer one")


def _is_long(graph: Graph, start: npt.NDArray[np.uint32] | None, n_jobs: int | None) -> bool:
    """Tell whether some distance is known to need two bytes, from one or two searches.

    From any node the farthest one is mostly an end of a longest path. It may be missed: then the
    narrow table is found too narrow later.
    """
    if start is None:
        row = np.empty((1, graph.n_nodes), np.uint16)
        first = np.zeros(1, np.uint32)
        if not _core.hop_distances(graph.indptr, graph.indices, first, row, None, n_jobs):
            return True
        row[row == np.iinfo(np.uint16).max] = 0
        start = np.array([row.argmax()], np.uint32)
    return _core.path_statistics(graph.indptr, graph.indices, start, n_jobs)[0] > _NARROW


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
