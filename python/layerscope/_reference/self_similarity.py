"""Slow twins of self-similarity: every distance, sorted or counted one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["covering_counts", "rate", "unit_distances"]

Floats = npt.NDArray[np.float64]


def unit_distances(X: Floats) -> Floats:
    """Return the distances between the columns of X, divided by the root of the rows."""
    F = np.asarray(X, np.float64).T
    return np.array([[np.sqrt(((a - b) ** 2).sum() / F.shape[1]) for b in F] for a in F])


def rate(X: Floats, form: str = "paper", K: int = 256) -> float:
    """Return the self-similarity rate by its definition."""
    square = unit_distances(X)
    D = len(square)
    C = square[np.triu_indices(D, 1)]
    x = np.linspace(np.log1p(C.min()), np.log1p(C.max()), K)
    theta = np.expm1(x)
    theta[0], theta[-1] = C.min(), C.max()
    if form == "covering":
        N = covering_counts(square, theta)
    else:
        p = np.array([(t >= C).mean() for t in theta])
        if form == "paper":
            N = D - (D - 1) * np.log(1 + (D - 1) * p) / np.log(D)
        else:
            N = 1 + (D - 1) * np.log(D - (D - 1) * p) / np.log(D)
    line = (x[-1] - x) / (x[-1] - x[0])
    return float(2 * np.abs(np.log(N) / np.log(D) - line).mean())


def covering_counts(square: Floats, theta: Floats) -> Floats:
    """Return the number of clusters of complete linkage at every θ, merging the nearest two."""
    clusters = [[i] for i in range(len(square))]
    heights = []
    while len(clusters) > 1:
        pairs = [
            (square[np.ix_(a, b)].max(), i, j)
            for i, a in enumerate(clusters)
            for j, b in enumerate(clusters)
            if i < j
        ]
        height, i, j = min(pairs)
        heights.append(height)
        clusters[i] += clusters.pop(j)
    return np.array([len(square) - sum(h <= t for h in heights) for t in theta], np.float64)
