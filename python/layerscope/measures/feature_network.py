"""The feature network of a layer: its units and the distances between their responses.

Ding et al., arXiv 2507.17785 (2025). The nodes are the D units, each with its responses F_i to the
B samples; C_ij = ‖F_i − F_j‖ / √B. An edge joins two units when C_ij < ε. O(D² B) time.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import as_matrix
from layerscope._result import Result
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.neighbours import Graph

__all__ = ["FeatureNetwork", "feature_network"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FeatureNetwork(Result):
    """The units of a layer and the distances between them.

    Attributes
    ----------
    distances : ndarray of float64, shape (D, D)
        C_ij, the root mean squared difference of the responses of units i and j.
    n_samples : int
        B, over how many samples.
    """

    distances: npt.NDArray[np.float64]
    n_samples: int

    def graph(self, epsilon: float) -> Graph:
        """Join units nearer than ``epsilon``.

        Parameters
        ----------
        epsilon : float
            An edge joins i and j when C_ij < ε; the paper gives no value.

        Returns
        -------
        Graph
            Undirected, weights 1.

        Raises
        ------
        InvalidTypeError
            If ``epsilon`` is not a number.
        InvalidInputError
            If it is not above 0.
        """
        kind: Any = type(epsilon)
        rule = "must be a number above 0"
        # Real numbers are numpy's too; a truth value is one to Python, and no distance.
        if kind is bool or not issubclass(kind, Real):
            raise InvalidTypeError("epsilon", rule, repr(epsilon))
        if not epsilon > 0:
            raise InvalidInputError("epsilon", rule, repr(epsilon))
        near = np.triu(self.distances < epsilon, 1)
        return Graph.from_edges(np.argwhere(near), n_nodes=len(self.distances))

    def plot(self, ax: Any = None) -> Any:
        """Draw how the distances between units spread, from which an ε can be read.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.feature_network(self, ax)


def feature_network(
    X: Any,
    *,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> FeatureNetwork:
    """Return the distances between the units of a layer.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_units)
        Responses: a row per sample, a column per unit. Average maps over height and width and
        token sequences over tokens first (:func:`layerscope.pool`).
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that may be taken beside the answer.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    FeatureNetwork
        With ``distances`` and ``graph(epsilon)``.

    Raises
    ------
    InvalidInputError
        For an empty matrix or values that are not finite.
    MemoryLimitError
        If the distances do not fit the limit.

    Notes
    -----
    Takes O(D² B) time and 12 D² bytes, 8 of them the answer.

    References
    ----------
    Ding et al., arXiv 2507.17785 (2025).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import feature_network
    >>> network = feature_network([[0.0, 3.0, 0.0], [0.0, 4.0, 0.0]])
    >>> network.distances[0]
    array([0.        , 3.53553391, 0.        ])
    >>> network.graph(1.0).n_edges
    1
    """
    matrix = as_matrix(X)
    n_jobs = check_jobs(n_jobs)
    watch = progress_for(progress, "feature network")
    limit = check_memory(memory_limit)
    distances = _core.unit_distances(matrix, limit, n_jobs, watch)
    return FeatureNetwork(
        distances=distances,
        n_samples=matrix.shape[0],
        settings=record("feature_network"),
    )
