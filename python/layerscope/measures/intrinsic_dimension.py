"""Intrinsic dimension: how many directions does a layer's point cloud really use?

TwoNN (Facco, d'Errico, Rodriguez and Laio, Scientific Reports 7, 12140, 2017): the ratio μ = r2/r1
of the distances to the second and first neighbour follows a Pareto law with exponent d wherever
the density is constant on the scale of the second neighbour. With F(μ_(i)) = i / N over the sorted
ratios, d is the slope of the line through the origin of −ln(1 − F) on ln μ, over the lower nine
tenths of the rows. O(n log n) after the search.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_choice,
    check_jobs,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError
from layerscope.measures._labelled import matrix_of
from layerscope.neighbours import Neighbors, as_neighbors, neighbors

__all__ = ["IntrinsicDimension", "intrinsic_dimension"]

_FEWEST_ROWS = 3


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IntrinsicDimension(Result):
    """The dimension of a point cloud.

    Attributes
    ----------
    value : float
        The dimension d; NaN where it cannot be told.
    standard_error : float
        d / √n_used, that of the Pareto law's exponent.
    n_excluded : int
        Rows left out because their nearest neighbour is a duplicate (r1 = 0).
    n_used : int
        Rows that count.
    """

    value: float
    standard_error: float
    n_excluded: int
    n_used: int


def intrinsic_dimension(
    data: Any,
    *,
    method: str = "twonn",
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> IntrinsicDimension:
    """Estimate the intrinsic dimension of a layer from two nearest neighbours.

    Parameters
    ----------
    data : array-like of shape (n_samples, n_features), or Neighbors
        A layer, at least three rows, or its Euclidean neighbours with k of at least 2.
    method : {"twonn"}, default "twonn"
        The estimator.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the search may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    IntrinsicDimension
        With ``value``, ``standard_error``, ``n_excluded`` and ``n_used``.

    Raises
    ------
    InvalidInputError
        For fewer than three rows, or neighbours that are not Euclidean or only one per row.

    Notes
    -----
    Takes O(n log n) after the search. The estimate is local: noise on the scale of the second
    neighbour counts as dimension, and it is biased low where the true dimension is above about
    twenty.

    References
    ----------
    Facco, d'Errico, Rodriguez, Laio, Scientific Reports 7, 12140 (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import intrinsic_dimension
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.random((1000, 2)) @ rng.normal(size=(2, 50))
    >>> round(float(intrinsic_dimension(plane)))
    2
    """
    method = check_choice("method", method, ("twonn",))
    n_jobs = check_jobs(n_jobs)
    if isinstance(data, Neighbors):
        table = as_neighbors(data)
        if table.metric != "euclidean":
            rule = (
                "must hold Euclidean neighbours: ratios of other dissimilarities do not follow "
                "the law of the estimator"
            )
            raise InvalidInputError("data", rule, f"metric {table.metric!r}")
        if table.n_neighbors < 2:
            rule = "must hold at least two neighbours per row"
            raise InvalidInputError("data", rule, table.n_neighbors)
    else:
        matrix = matrix_of(data)
        if matrix.shape[0] < _FEWEST_ROWS:
            rule = f"must have at least {_FEWEST_ROWS} rows"
            raise InvalidInputError("X", rule, f"shape {matrix.shape}")
        table = neighbors(
            matrix, n_neighbors=2, memory_limit=memory_limit, n_jobs=n_jobs, progress=progress
        )
    watch = progress_for(progress, "intrinsic dimension")
    two = np.ascontiguousarray(table.distances[:, :2])
    value, standard_error, n_excluded, n_used = _core.two_nn(two, n_jobs, watch)
    return IntrinsicDimension(
        value=value,
        standard_error=standard_error,
        n_excluded=n_excluded,
        n_used=n_used,
        settings=record("intrinsic_dimension", method=method),
        warnings=_warnings(value, n_excluded, n_used),
    )


def _warnings(value: float, n_excluded: int, n_used: int) -> tuple[str, ...]:
    found = []
    if n_excluded:
        found.append(f"{n_excluded} rows have a duplicate and are left out of the dimension")
    if n_used < _FEWEST_ROWS:
        found.append(
            f"only {n_used} rows are left, fewer than {_FEWEST_ROWS}, so the dimension is not "
            "defined"
        )
    elif math.isnan(value):
        found.append(
            "every row that counts has its first two neighbours at one distance, as on a lattice, "
            "so the dimension is not defined"
        )
    return tuple(found)
