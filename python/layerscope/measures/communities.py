"""Communities: which nodes of a graph hang together, when nobody says which classes there are?

A partition of the nodes is sought whose quality is as large as possible:

    modularity  Q = Σ_c [ e_c / m − γ (K_c / 2m)² ]
    CPM         H = Σ_c [ e_c − γ n_c (n_c − 1) / 2 ]

with e_c the weight inside community c, K_c its degree, n_c its nodes, m the weight of all edges, γ
the resolution (:func:`louvain`, :func:`leiden`). Both start from single nodes, move nodes to the
community where they raise the quality most, make a node of each community and repeat, then move
again at every level on the way back. Leiden refines communities into well-connected parts before
they become nodes, and its communities are connected.

Needs an undirected graph with weights of at least 0. Isolated nodes stay alone; several components
are legal; a graph without edges has its nodes as communities and modularity NaN, with a warning.
Near linear in the edges. The seed decides everything, the number of threads nothing.
"""

from __future__ import annotations

from typing import Any

from layerscope._settings import MemoryLimit, Progress
from layerscope.measures._communities import Communities, find_communities

__all__ = ["Communities", "leiden", "louvain"]


def louvain(
    graph: Any,
    *,
    resolution: float = 1.0,
    quality: str = "modularity",
    initial: Any = None,
    n_iterations: int | None = None,
    n_runs: int = 1,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Communities:
    """Find communities by the Louvain method, with moves at every level on the way back.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, with weights of at least 0 that add up to 0 or to something between 1e-290 and
        1e290.
    resolution : float, default 1.0
        γ, from 0 to 1e15: larger values give more and smaller communities.
    quality : {"modularity", "cpm"}, default "modularity"
        What to make large. CPM has no resolution limit, and its γ is a density.
    initial : sequence of length n_nodes, optional
        A partition to start from; the result is at least as good.
    n_iterations : int, optional
        Largest number of passes through all levels, ended earlier by one that moves no node. None
        goes on until a pass raises modularity by less than 0.01: mostly two, the number that igraph
        and leidenalg make. Ten find more, for three times the time.
    n_runs : int, default 1
        Independent searches, of 1 to 1000. What several agree on is searched further, and the best
        answer of all counts: more modularity, and less of a chance, for ``n_runs`` + 1 times the
        time.
    random_state : int, default 0
        Decides the order in which nodes are visited, and so the result.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the work may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    Communities

    Raises
    ------
    InvalidInputError
        For a directed graph, a negative weight, a partition of another length, or several runs
        beside a partition to start from.
    InvalidTypeError
        For anything that is not a graph.
    MemoryLimitError
        If 40 bytes an edge and 60 a node (80 for several runs) are more than ``memory_limit``.

    Notes
    -----
    Near linear in the number of edges. Source: Blondel, Guillaume, Lambiotte, Lefebvre 2008,
    Journal of Statistical Mechanics P10008.

    Examples
    --------
    >>> from layerscope import Graph, louvain
    >>> graph = Graph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)])
    >>> louvain(graph).labels
    array([0, 0, 0, 1, 1, 1])
    """
    return find_communities(
        "louvain",
        graph,
        resolution=resolution,
        quality=quality,
        initial=initial,
        n_iterations=n_iterations,
        n_runs=n_runs,
        random_state=random_state,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )


def leiden(
    graph: Any,
    *,
    resolution: float = 1.0,
    quality: str = "modularity",
    initial: Any = None,
    n_iterations: int | None = None,
    n_runs: int = 1,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Communities:
    """Find communities by the Leiden method; each of them is connected.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, with weights of at least 0 that add up to 0 or to something between 1e-290 and
        1e290.
    resolution : float, default 1.0
        γ, from 0 to 1e15: larger values give more and smaller communities.
    quality : {"modularity", "cpm"}, default "modularity"
        What to make large. CPM has no resolution limit, and its γ is a density.
    initial : sequence of length n_nodes, optional
        A partition to start from; the result is at least as good.
    n_iterations : int, optional
        Largest number of passes through all levels, ended earlier by one that moves no node. None
        goes on until a pass raises modularity by less than 0.01: mostly two, the number that igraph
        and leidenalg make. Ten find more, for three times the time.
    n_runs : int, default 1
        Independent searches, of 1 to 1000. What several agree on is searched further, and the best
        answer of all counts: more modularity, and less of a chance, for ``n_runs`` + 1 times the
        time.
    random_state : int, default 0
        Decides the order in which nodes are visited, and so the result.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the work may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    Communities

    Raises
    ------
    InvalidInputError
        For a directed graph, a negative weight, a partition of another length, or several runs
        beside a partition to start from.
    InvalidTypeError
        For anything that is not a graph.
    MemoryLimitError
        If 40 bytes an edge and 60 a node (80 for several runs) are more than ``memory_limit``.

    Notes
    -----
    Near linear in the number of edges. Source: Traag, Waltman, van Eck 2019, Scientific Reports
    9, 5233.

    Examples
    --------
    >>> from layerscope import Graph, leiden
    >>> graph = Graph.from_edges([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)])
    >>> found = leiden(graph)
    >>> found.labels, found.converged
    (array([0, 0, 0, 1, 1, 1]), True)
    >>> round(found.modularity, 4)
    0.3571
    """
    return find_communities(
        "leiden",
        graph,
        resolution=resolution,
        quality=quality,
        initial=initial,
        n_iterations=n_iterations,
        n_runs=n_runs,
        random_state=random_state,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
