"""Exact nearest neighbours, slow and readable: the definition of the order, in numpy.

The order is (key, index). Keys: the sum of squared differences (euclidean), minus
s = xy / (√xx · √yy) (cosine; pearson after each row has lost its mean), minus xy (inner_product).
Every sum runs in eight lanes, so that it is the same number everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Nearest(NamedTuple):
    """What ``_core.neighbors`` returns, under names."""

    indices: npt.NDArray[np.uint32]
    values: Floats
    tied: npt.NDArray[np.uint64]
    n_duplicate_rows: int
    n_zero_rows: int


def lane_sum(terms: Floats) -> Floats:
    """Sum the last axis: feature j into lane j mod 8 in order, then the lanes pairwise.

    Complexity O(terms). The lanes meet as ((0+4)+(2+6)) + ((1+5)+(3+7)).

    >>> float(lane_sum(np.arange(20.0)))
    190.0
    """
    lanes = np.zeros((*terms.shape[:-1], 8))
    for start in range(0, terms.shape[-1], 8):
        part = terms[..., start : start + 8]
        lanes[..., : part.shape[-1]] += part
    a = (lanes[..., 0] + lanes[..., 4]) + (lanes[..., 2] + lanes[..., 6])
    b = (lanes[..., 1] + lanes[..., 5]) + (lanes[..., 3] + lanes[..., 7])
    total: Floats = a + b
    return total


def power_for(largest: float) -> int:
    """Return the exponent that brings ``largest`` into [1, 2), 0 if it lies within 2^±400.

    >>> power_for(3.0), power_for(2.0**500), power_for(0.0)
    (0, -500, 0)
    """
    if largest == 0 or 2.0**-400 <= largest <= 2.0**400:
        return 0
    return 1 - int(np.frexp(largest)[1])


def nearest(
    data: npt.NDArray[np.floating],
    k: int,
    metric: str,
    queries: npt.NDArray[np.floating] | None = None,
    groups: npt.NDArray[np.uint32] | None = None,
) -> Nearest:
    """Return the k nearest rows of every row by comparing all pairs.

    Parameters
    ----------
    data : ndarray of shape (n_samples, n_features)
        The rows among which neighbours are sought; any real dtype that float64 holds exactly.
    k : int
        Neighbours per row.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}
        The order.
    queries : ndarray of shape (n_queries, n_features), optional
        The rows asked about; without them each row of ``data``, not counting itself.
    groups : ndarray of shape (n_samples,), optional
        Rows with equal codes are never neighbours.

    Returns
    -------
    Nearest
        Indices and values (n, k), ties per rank, numbers of duplicate and of zero rows.

    Notes
    -----
    Complexity O(n² d + n² log n).

    Examples
    --------
    >>> nearest(np.array([[0.0], [3.0], [5.0]]), 1, "euclidean").indices.ravel().tolist()
    [1, 2, 1]
    """
    angle = metric in {"cosine", "pearson"}
    given: Floats = data.astype(np.float64)
    asked: Floats = given if queries is None else queries.astype(np.float64)
    power = 0 if angle else power_for(max(np.abs(given).max(), np.abs(asked).max()))
    rows = _prepared(given, metric, power)
    columns = rows if queries is None else _prepared(asked, metric, power)
    keys = np.stack([_keys(x, rows, metric) for x in columns])
    allowed = np.ones(keys.shape, dtype=bool)
    if queries is None:
        np.fill_diagonal(allowed, False)
    if groups is not None:
        allowed &= groups[:, None] != groups[None, :]
    indices = np.zeros((len(asked), k), np.uint32)
    best = np.zeros((len(asked), k))
    tied = np.zeros(k, np.uint64)
    for i, row in enumerate(keys):
        others = np.flatnonzero(allowed[i])
        order = others[np.argsort(row[others], kind="stable")]
        indices[i], best[i] = order[:k], row[order[:k]]
        equal = np.diff(row[order[: k + 1]]) == 0
        tied[: len(equal)] += equal.astype(np.uint64)
    with np.errstate(over="ignore", under="ignore"):
        if metric == "euclidean":
            values = np.ldexp(np.sqrt(best), -power)
        else:
            values = np.ldexp(0.0 - best, -2 * power)
    n_zero = int((~rows.any(axis=1)).sum()) if angle else 0
    n_distinct = len(np.unique(given + 0.0, axis=0))
    return Nearest(indices, values, tied, len(given) - n_distinct, n_zero)


def _prepared(rows: Floats, metric: str, power: int) -> Floats:
    """Scale by powers of two: the whole matrix, or each row singly for the angles."""
    rows = rows.copy()
    with np.errstate(under="ignore"):
        if metric in {"euclidean", "inner_product"}:
            scaled: Floats = np.ldexp(rows, power)
            return scaled
        for i, row in enumerate(rows):
            rows[i] = np.ldexp(row, power_for(float(np.abs(row).max())))
            if metric == "pearson":
                constant = bool((rows[i] == rows[i, 0]).all())
                rows[i] = 0.0 if constant else rows[i] - lane_sum(rows[i]) / row.size
    return rows


def _keys(x: Floats, rows: Floats, metric: str) -> Floats:
    """Return the key of one row with each of the others; smaller is nearer."""
    with np.errstate(under="ignore"):
        if metric == "euclidean":
            return lane_sum((x - rows) * (x - rows))
        products = lane_sum(x * rows)
        if metric == "inner_product":
            return -products
        roots = np.sqrt(lane_sum(x * x)) * np.sqrt(lane_sum(rows * rows))
        defined = x.any() & rows.any(axis=1)
        similarities: Floats = np.zeros(len(rows))
        np.divide(products, roots, out=similarities, where=defined)
        return -similarities
