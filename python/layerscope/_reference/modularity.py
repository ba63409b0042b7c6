"""Modularity from its definitions, on dense matrices: slow, readable, for tests and docs."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Dense: TypeAlias = npt.NDArray[np.float64]

__all__ = [
    "arcs_matrix",
    "eccv2022",
    "in_order",
    "modularity_of_matrix",
    "null",
    "similarities",
    "symmetrized",
    "weights_of",
]


def modularity_of_matrix(W: Dense, labels: Any, resolution: float = 1.0) -> float:
    """Return Σ_ij [W_ij / m − γ out_i in_j / m²] over pairs with one label.

    For a symmetric matrix this is Newman's form, else Leicht and Newman's. NaN when W adds to 0.
    """
    codes = np.unique(np.asarray(labels), return_inverse=True)[1]
    total = W.sum()
    if total == 0:
        return float("nan")
    same = codes[:, np.newaxis] == codes
    expected = np.outer(W.sum(axis=1), W.sum(axis=0)) / total**2
    return float((W / total - resolution * expected)[same].sum())


def symmetrized(W: Dense) -> Dense:
    """Return A = (W + Wᵀ)/2."""
    return (W + W.T) / 2


def arcs_matrix(indices: npt.NDArray[Any], weights: Dense | None = None) -> Dense:
    """Return the dense matrix of a neighbour table, ones without weights."""
    n = len(indices)
    W = np.zeros((n, n))
    for i, row in enumerate(indices):
        for rank, j in enumerate(row):
            W[i, j] += 1.0 if weights is None else weights[i, rank]
    return W


def weights_of(X: Any, indices: npt.NDArray[Any]) -> Dense:
    """Return the cosine similarities along the arcs."""
    S = similarities(X)
    return np.take_along_axis(S, np.asarray(indices, dtype=np.int64), axis=1)


def similarities(X: Any, smallest_norm: float = 0.0) -> Dense:
    """Return xy / (|x| |y|), norms taken as at least ``smallest_norm``; 0 with a zero row."""
    values = np.asarray(X, dtype=np.float64)
    norms = np.maximum(np.sqrt((values * values).sum(axis=1)), smallest_norm)
    products = values @ values.T
    divisors = np.outer(norms, norms)
    return np.divide(products, divisors, out=np.zeros_like(products), where=divisors > 0)


def in_order(similarity: Dense) -> npt.NDArray[np.int64]:
    """Return the columns of each row, most similar first, ties by index."""
    return np.argsort(-similarity, axis=1, kind="stable")


def eccv2022(X: Any, labels: Any, k: int = 3) -> float:
    """Return the modularity of Lu et al. as their description has it, by a dense matrix.

    Similarity of a row to itself is set to 0 and competes; the k most similar columns keep their
    similarity, whatever its sign; A = (W + Wᵀ)/2; Newman's modularity.
    """
    S = similarities(X, 1e-8)
    np.fill_diagonal(S, 0.0)
    kept = in_order(S)[:, :k]
    W = np.zeros_like(S)
    np.put_along_axis(W, kept, np.take_along_axis(S, kept, axis=1), axis=1)
    return modularity_of_matrix(symmetrized(W), labels)


def null(W: Dense, labels: Any, permutations: Any, resolution: float = 1.0) -> Dense:
    """Return the modularity of the labels in every given order."""
    entries = np.asarray(labels)
    return np.array([modularity_of_matrix(W, entries[p], resolution) for p in permutations])
