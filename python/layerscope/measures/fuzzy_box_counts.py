"""Fuzzy box counts: how near are the nodes of a graph, in the form of box counts?

1 / N(l) = Σ_{i≠j, d_ij ≤ l} exp(−d_ij² / l²) / (n (n − 1)) (Zhang, Hu, Lan, Mahadevan, Deng, 2014).
Not a covering: no box is ever made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import Progress, check_jobs, progress_for, record
from layerscope.measures._coverings import check_sizes
from layerscope.measures._undirected import undirected

__all__ = ["FuzzyBoxCounts", "fuzzy_box_counts"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FuzzyBoxCounts(Result):
    """Fuzzy counts at many sizes.

    Attributes
    ----------
    sizes : ndarray of int64, shape (S,)
        Sizes l, rising.
    counts : ndarray of float64, shape (S,)
        N(l); infinite where no two nodes are within l.
    size_kind : str
        ``"l_B"``.
    diameter : int
        The largest finite distance.
    """

    sizes: npt.NDArray[np.int64]
    counts: npt.NDArray[np.float64]
    size_kind: str
    diameter: int

    def plot(self, ax: Any = None) -> Any:
        """Draw the counts against the sizes, both in logarithms.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.box_counts(self, ax)


def fuzzy_box_counts(
    graph: Any, *, sizes: Any = None, n_jobs: int | None = None, progress: Progress = None
) -> FuzzyBoxCounts:
    """Return the fuzzy box counts of a graph.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    sizes : sequence of int, optional
        Sizes l; by default every whole number from 1 to the diameter.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    FuzzyBoxCounts
        With ``sizes`` and ``counts``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, and sizes below 1.

    Notes
    -----
    Needs the number of pairs at each distance alone: the time of
    :func:`layerscope.path_statistics`. Pairs in different components count among the n (n − 1).

    References
    ----------
    Zhang, Hu, Lan, Mahadevan, Deng, Applied Soft Computing 25, 514 (2014): fuzzy fractal dimension.

    Examples
    --------
    >>> from layerscope import Graph, fuzzy_box_counts
    >>> fuzzy_box_counts(Graph.from_edges([(0, 1), (1, 2)])).counts.round(3)
    array([4.077, 1.558])
    """
    checked = undirected(graph)
    wanted = check_sizes(sizes, weighted=False)
    diameter, _, _, _, pairs = _core.path_statistics(
        checked.indptr,
        checked.indices,
        None,
        check_jobs(n_jobs),
        progress_for(progress, "fuzzy box counts"),
    )
    if wanted is None:
        wanted = np.arange(1.0, max(diameter, 1) + 1)
    n = checked.n_nodes
    distances = np.arange(len(pairs), dtype=np.float64)
    counts = np.full(len(wanted), np.inf)
    for place, size in enumerate(wanted):
        within = (distances >= 1) & (distances <= size)
        near = float((pairs[within] * np.exp(-((distances[within] / size) ** 2))).sum())
        if near > 0:
            counts[place] = n * (n - 1) / near
    return FuzzyBoxCounts(
        sizes=wanted.astype(np.int64),
        counts=counts,
        size_kind="l_B",
        diameter=diameter,
        settings=record("fuzzy_box_counts", sizes=None if sizes is None else wanted.tolist()),
    )
