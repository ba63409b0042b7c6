"""Degree exponent: do the degrees of a graph follow a power law from some degree on?

γ maximises the discrete likelihood above k_min, and the k_min is taken whose law lies nearest to
the degrees by Kolmogorov and Smirnov (Clauset, Shalizi, Newman, SIAM Review 51, 661, 2009).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import Progress, check_jobs, progress_for, record
from layerscope.measures._quotient import degrees
from layerscope.measures._undirected import undirected

__all__ = ["DegreeExponent", "degree_exponent"]

_FEW = 50


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DegreeExponent(Result):
    """A power law of degrees.

    Attributes
    ----------
    value : float
        The exponent γ; NaN where all degrees are equal.
    standard_error : float
        From the curvature of the likelihood; k_min is taken as known.
    k_min : int
        The smallest degree that counts.
    n_tail : int
        Nodes that count.
    distance : float
        Largest distance between the cumulative laws, observed and fitted.
    """

    value: float
    standard_error: float
    k_min: int
    n_tail: int
    distance: float


def degree_exponent(
    graph: Any, *, n_jobs: int | None = None, progress: Progress = None
) -> DegreeExponent:
    """Estimate the exponent of the degrees of a graph.

    Parameters
    ----------
    graph : Graph, scipy sparse matrix or networkx graph
        Undirected, at least one node; weights do not matter.
    n_jobs : int, optional
        Accepted like everywhere; the work is done by one thread.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    DegreeExponent
        With ``value``, ``standard_error``, ``k_min``, ``n_tail`` and ``distance``.

    Raises
    ------
    InvalidTypeError
        For anything that is not a graph.
    InvalidInputError
        For a directed graph and one without nodes.

    Notes
    -----
    Takes O(different degrees²). That a law was fitted does not say that the degrees follow it:
    compare ``distance`` with that of other laws. Degrees that are all powers of two, as in the
    (2,2)-flower, read 3.28 where their cumulative law has exponent 3 − 1.

    References
    ----------
    Clauset, Shalizi, Newman, SIAM Review 51, 661 (2009).

    Examples
    --------
    >>> from layerscope import Graph, degree_exponent
    >>> star = Graph.from_edges([(0, i) for i in range(1, 9)])
    >>> degree_exponent(star).k_min
    1
    """
    checked = undirected(graph)
    found = degrees(checked).astype(np.uint64)
    value, error, k_min, n_tail, distance = _core.degree_exponent(
        found, check_jobs(n_jobs), progress_for(progress, "degree exponent")
    )
    warnings = []
    if math.isnan(value):
        warnings.append("all degrees above 0 are equal, so no exponent is defined")
    elif n_tail < _FEW:
        warnings.append(f"only {n_tail} nodes lie in the tail; the exponent is rough")
    return DegreeExponent(
        value=value,
        standard_error=error,
        k_min=k_min,
        n_tail=n_tail,
        distance=distance,
        settings=record("degree_exponent"),
        warnings=tuple(warnings),
    )
