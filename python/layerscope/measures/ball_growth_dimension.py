"""Ball-growth dimension: how does the number of nodes within r steps grow with r?

The slope of ln M(r) on ln r, where M(r) is the mean number of nodes within r steps of a node, the
node included. A cluster-growing dimension, not a box dimension: where degrees vary much the two
differ, since hubs are in most balls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import (
    Progress,
    check_int,
    check_jobs,
    check_seed,
    progress_for,
    record,
)
from layerscope.measures._laws import check_window, fit
from layerscope.measures._undirected import undirected

__all__ = ["BallGrowthDimension", "ball_growth_dimension"]

_ALL_NODES = 20_000
_SOME_NODES = 1_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BallGrowthDimension(Result):
    """A ball-growth dimension and what supports it.

    Attributes
    ----------
    value : float
        The slope; NaN where fewer than two radii lie inside the window.
    standard_error : float
        Of the slope.
    window : tuple of float
        Smallest and largest radius that count, inclusive.
    rmse_power, rmse_exponential, ratio : float
        Root of the mean squared residual in ln M under a power law and under an exponential one;
        their ratio.
    n_sizes : int
        Radii inside the window.
    supported : bool
        Whether these are at least six.
    reason : str or None
        Why no dimension is supported.
    radii : ndarray of int64
        Radii from 0 to the largest distance.
    mean_ball : ndarray of float64
        M(r) at each.
    n_centres : int
        Nodes that the mean goes over.
    """

    value: float
    standard_error: float
    window: tuple[float, float]
    rmse_power: float
    rmse_exponential: float
    ratio: float
    n_sizes: int
    supported: bool
    reason: str | None
    radii: npt.NDArray[np.int64]
    mean_ball: npt.NDArray[np.float64]
    n_centres: int

    def plot(self, ax: Any = None) -> Any:
        """Draw the mean ball against the radius, both in logarithms, with the law.

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
            self.radii,
            self.mean_ball,
            ax,
            title="Nodes within r steps, mean",
            xlabel="radius r, in steps",
            sign=1,
        )


def ball_growth_dimension(
    graph: Any,
    *,
    n_centres: int | None = None,
    window: Any = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> BallGrowthDimension:
    """Fit the dimension by which balls grow.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node.
    n_centres : int, optional
        Nodes to grow balls around, drawn at random; by default all of them up to 20,000 nodes,
        and 1,000 beyond.
    window : (low, high), optional
        Radii that count; by default those from 1 on while the mean ball holds at most half of the
        mean component.
    random_state : int, default 0
        Decides which nodes are drawn.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    BallGrowthDimension
        With ``value``, ``standard_error``, ``window``, ``radii`` and ``mean_ball``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph, one without nodes, and more centres than nodes.

    Notes
    -----
    Takes the time of :func:`layerscope.path_statistics` from the centres.

    References
    ----------
    Song, Havlin, Makse, Nature 433, 392 (2005): cluster growing beside box covering.

    Examples
    --------
    >>> from layerscope import Graph, ball_growth_dimension
    >>> ring = Graph.from_edges([(i, (i + 1) % 400) for i in range(400)])
    >>> round(float(ball_growth_dimension(ring)), 1)
    1.0
    """
    checked = undirected(graph)
    limits = check_window(window)
    seed, n = check_seed(random_state), checked.n_nodes
    if n_centres is None:
        wanted = n if n <= _ALL_NODES else _SOME_NODES
    else:
        wanted = check_int("n_centres", n_centres, low=1, high=n, high_means="the nodes")
    centres = None if wanted == n else np.sort(_core.permutation(n, seed, 0)[:wanted])
    _, _, _, _, pairs = _core.path_statistics(
        checked.indptr,
        checked.indices,
        centres,
        check_jobs(n_jobs),
        progress_for(progress, "ball growth"),
    )
    mean_ball = np.cumsum(pairs.astype(np.float64)) / wanted
    radii = np.arange(len(pairs))
    if limits is None:
        kept = (radii >= 1) & (mean_ball <= mean_ball[-1] / 2)
    else:
        kept = (radii >= max(1.0, limits[0])) & (radii <= limits[1])
    law = fit(radii, mean_ball, kept, chosen=limits is not None)
    return BallGrowthDimension(
        value=law.slope,
        standard_error=law.standard_error,
        window=law.window,
        rmse_power=law.rmse_power,
        rmse_exponential=law.rmse_exponential,
        ratio=law.ratio,
        n_sizes=law.n_sizes,
        supported=law.supported,
        reason=law.reason,
        radii=radii.astype(np.int64),
        mean_ball=mean_ball,
        n_centres=wanted,
        settings=record(
            "ball_growth_dimension",
            n_centres=wanted,
            random_state=seed,
            window=None if limits is None else list(limits),
        ),
        warnings=law.warnings,
    )
