"""Renormalisation: what does a graph look like when its boxes become its nodes?

The renormalised graph joins two boxes where an edge joins their nodes. Under renormalisation at
size l_B the largest degree falls as l_B^(−d_k) (Song, Havlin, Makse, Nature 433, 392, 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._result import Result
from layerscope._settings import MemoryLimit, Progress
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._coverings import check_cover, check_sizes, cover
from layerscope.measures._laws import FEWEST_BOXES, check_window, fit, inside
from layerscope.measures._quotient import degrees, quotient
from layerscope.measures._undirected import undirected
from layerscope.neighbours import Graph

__all__ = ["RenormalisationExponent", "renormalisation_exponent", "renormalize"]

_RADII = {"memb", "sketch", "random"}


def renormalize(graph: Any, boxes: Any) -> Graph:
    """Return the graph whose nodes are the boxes of another.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    boxes : sequence of int, shape (n_nodes,)
        Box of every node, numbered from 0 without a gap, as :func:`layerscope.boxes` gives them.

    Returns
    -------
    Graph
        One node per box, an edge of weight 1 where an edge of the graph joins two boxes.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph, and boxes that are not integers.
    InvalidInputError
        For a directed graph, one without nodes, and boxes of another length or with gaps.

    Notes
    -----
    Takes time in proportion to the edges.

    Examples
    --------
    >>> from layerscope import Graph, renormalize
    >>> renormalize(Graph.from_edges([(0, 1), (1, 2), (2, 3)]), [0, 0, 1, 1])
    Graph(n_nodes=2, n_edges=1, undirected)
    """
    checked = undirected(graph)
    return quotient(checked, _check_boxes(boxes, checked.n_nodes))


def _check_boxes(boxes: Any, n_nodes: int) -> npt.NDArray[np.int64]:
    rule = f"must be integers, one per node ({n_nodes})"
    try:
        array = np.asarray(boxes)
    except (TypeError, ValueError):
        raise InvalidTypeError("boxes", rule, type(boxes).__name__) from None
    if array.dtype.kind not in "iu":
        raise InvalidTypeError("boxes", rule, f"dtype {array.dtype}")
    if array.shape != (n_nodes,):
        raise InvalidInputError("boxes", rule, f"shape {array.shape}")
    used = np.unique(array)
    if not np.array_equal(used, np.arange(len(used))):
        rule = "must be numbered from 0 without a gap"
        raise InvalidInputError("boxes", rule, f"{used[:5].tolist()}")
    return array.astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RenormalisationExponent(Result):
    """How the largest degree falls under renormalisation.

    Attributes
    ----------
    value : float
        The exponent d_k: minus the slope of ln k'_max on ln l_B; NaN below two sizes.
    standard_error : float
        Of the slope.
    window : tuple of float
        Smallest and largest size that count, as l_B.
    n_sizes : int
        Sizes inside the window.
    supported : bool
        Whether these are at least six.
    reason : str or None
        Why no exponent is supported.
    sizes, largest_degree, counts : ndarray
        Sizes as l_B, the largest degree and the number of nodes of each renormalised graph.
    """

    value: float
    standard_error: float
    window: tuple[float, float]
    n_sizes: int
    supported: bool
    reason: str | None
    sizes: npt.NDArray[np.int64]
    largest_degree: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def plot(self, ax: Any = None) -> Any:
        """Draw the largest degree against the size, both in logarithms, with the law.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.power_law(
            self,
            self.sizes,
            self.largest_degree,
            ax,
            title="Largest degree after renormalisation",
            xlabel="size of a box l_B, in steps",
            sign=-1,
        )


def renormalisation_exponent(
    graph: Any,
    *,
    sizes: Any = None,
    window: Any = None,
    method: str = "greedy",
    n_repeats: int = 10,
    random_state: int = 0,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> RenormalisationExponent:
    """Fit the exponent by which the largest degree falls under renormalisation.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    sizes : sequence of int, optional
        Sizes to renormalise at, l_B or r_B as ``method`` has it; by default whole numbers from 2
        (l_B) or 1 (r_B) for as long as at least 5 boxes are left.
    window : (low, high), optional
        Sizes l_B that count; by default those from 2 on with at least 5 boxes.
    method, n_repeats, random_state, memory_limit, n_jobs, progress
        As for :func:`layerscope.box_counts`.

    Returns
    -------
    RenormalisationExponent
        With ``value``, ``standard_error``, ``sizes`` and ``largest_degree``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, and sizes below 1.

    Notes
    -----
    Takes the time of the boxes at each size. Not to be confused with the exponent γ of the
    degrees, :func:`layerscope.degree_exponent`: γ = 1 + d_B / d_k where both laws hold.

    References
    ----------
    Song, Havlin, Makse, Nature 433, 392 (2005).

    Examples
    --------
    >>> from layerscope import Graph, renormalisation_exponent
    >>> ring = Graph.from_edges([(i, (i + 1) % 60) for i in range(60)])
    >>> renormalisation_exponent(ring).largest_degree.max()
    np.int64(2)
    """
    limits = check_window(window)
    plan = check_cover(
        graph,
        method=method,
        n_repeats=n_repeats,
        random_state=random_state,
        memory_limit=memory_limit,
        n_jobs=n_jobs,
        progress=progress,
    )
    by_radius = plan.method in _RADII
    given = check_sizes(sizes, weighted=False)
    wanted = [] if given is None else [int(size) for size in given]
    used: list[int] = []
    largest: list[int] = []
    counts: list[int] = []
    size = 1 if by_radius else 2
    while (given is None and size <= plan.graph.n_nodes) or wanted:
        here = wanted.pop(0) if wanted else size
        found = cover(plan, here)
        shrunk = quotient(plan.graph, found)
        if given is None and (shrunk.n_nodes < FEWEST_BOXES or (counts and shrunk.n_edges == 0)):
            break
        used.append(2 * here + 1 if by_radius else here)
        largest.append(int(degrees(shrunk).max()))
        counts.append(shrunk.n_nodes)
        size += 1
    l_b, k, n = (np.array(column, np.int64) for column in (used, largest, counts))
    law = fit(l_b, k, inside(l_b, n, limits) & (k > 0), chosen=limits is not None)
    return RenormalisationExponent(
        value=0.0 - law.slope,
        standard_error=law.standard_error,
        window=law.window,
        n_sizes=law.n_sizes,
        supported=law.supported,
        reason=law.reason,
        sizes=l_b,
        largest_degree=k,
        counts=n,
        settings=plan.settings(
            "renormalisation_exponent", window=None if limits is None else list(limits)
        ),
        warnings=() if law.reason is None else (law.reason,),
    )
