"""Box counts: how many boxes of each size does it take to cover a graph?

A box of size l_B holds nodes whose pairwise distances, taken in the whole graph, lie strictly below
l_B; a box of radius r_B holds nodes within r_B of a centre. Six methods find coverings (Song,
Gallos, Havlin, Makse, J. Stat. Mech. P03006, 2007, and others); none is sure to be the smallest.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._settings import MemoryLimit, Progress
from layerscope.errors import InvalidInputError
from layerscope.measures._coverings import BoxCounts, check_cover, check_sizes, count, cover

__all__ = ["BoxCounts", "box_counts", "boxes"]


def box_counts(
    graph: Any,
    *,
    method: str = "greedy",
    sizes: Any = None,
    n_repeats: int = 1,
    components: str = "all",
    weighted: bool = False,
    random_state: int = 0,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> BoxCounts:
    """Count the boxes that cover a graph, at every size.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    method : {"greedy", "cbb", "memb", "obca", "sketch", "random"}, default "greedy"
        Greedy colouring, compact box burning and overlapping boxes take sizes l_B; maximum
        excluded mass burning, sketches (for graphs too large for all pairs) and random sequential
        covering take radii r_B.
    sizes : sequence, optional
        Sizes to cover at. By default every whole number from 1 to diameter + 1 (l_B), or from 1
        until one box per component is left (r_B); for weighted graphs 20 lengths in equal ratios,
        from the shortest edge to just above the diameter.
    n_repeats : int, default 1
        Random orders to try; the best counts are kept. ``"memb"`` has nothing random.
    components : {"all", "largest"}, default "all"
        Whether each component is covered and the counts are added, or the largest alone.
    weighted : bool, default False
        Whether weights are lengths; distances are then those of shortest paths, and sizes real.
    random_state : int, default 0
        Decides every random order.
    memory_limit : int or str, optional
        Bytes of scratch. The table of what is near, n² / 8 bytes, is made where it fits (by
        default below 2 GB); otherwise each row of it is searched when it is asked for.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    BoxCounts
        With ``sizes``, ``counts``, ``all_counts``, ``size_kind`` and ``diameter``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, sizes below 1, and negative lengths.
    MemoryLimitError
        If the sketches do not fit under ``memory_limit``.

    Notes
    -----
    Takes O(n² / 64) operations on words for each size and repeat, and n / 512 breadth-first
    searches of 512 nodes at once; ``"sketch"`` is near linear in the edges.

    References
    ----------
    Song, Gallos, Havlin, Makse, J. Stat. Mech. P03006 (2007). Sun, Zhao, Phys. Rev. E 89, 042809
    (2014). Akiba, Nakamura, Takaguchi, ICDM (2016). Kim, Goh, Kahng, Kim, Chaos 17, 026116 (2007).

    Examples
    --------
    >>> from layerscope import Graph, box_counts
    >>> path = Graph.from_edges([(i, i + 1) for i in range(7)])
    >>> found = box_counts(path, n_repeats=10)
    >>> found.sizes, found.counts
    (array([1, 2, 3, 4, 5, 6, 7, 8]), array([8, 4, 3, 2, 2, 2, 2, 1]))
    """
    plan = check_cover(
        graph,
        method=method,
        n_repeats=n_repeats,
        components=components,
        weighted=weighted,
        random_state=random_state,
        memory_limit=memory_limit,
        n_jobs=n_jobs,
        progress=progress,
    )
    return count(plan, check_sizes(sizes, weighted=plan.weighted), "box_counts")


def boxes(
    graph: Any,
    size: float,
    *,
    method: str = "greedy",
    n_repeats: int = 1,
    weighted: bool = False,
    random_state: int = 0,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> npt.NDArray[np.int64]:
    """Cover a graph with boxes of one size and say which box every node lies in.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    size : int, or float where ``weighted``
        l_B or r_B, as ``method`` has it.
    method, n_repeats, weighted, random_state, memory_limit, n_jobs, progress
        As for :func:`box_counts`; of several repeats the covering with fewest boxes is kept.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Number of the box; boxes are numbered by their smallest node.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, and a size below 1.

    Examples
    --------
    >>> from layerscope import Graph, boxes
    >>> boxes(Graph.from_edges([(0, 1), (1, 2), (2, 3)]), 1, method="memb")
    array([0, 0, 1, 1])
    """
    plan = check_cover(
        graph,
        method=method,
        n_repeats=n_repeats,
        weighted=weighted,
        random_state=random_state,
        memory_limit=memory_limit,
        n_jobs=n_jobs,
        progress=progress,
    )
    found = check_sizes(size, weighted=plan.weighted, argument="size")
    if found is None or len(found) != 1:
        raise InvalidInputError("size", "must be one size", size)
    return cover(plan, float(found[0]))
