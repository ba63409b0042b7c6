"""Slow twins of mutual kNN, CKNNA and information imbalance: sets, loops and sorted distances."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["cknna", "information_imbalance", "mutual_knn", "neighbour_order"]

Floats = npt.NDArray[np.float64]


def neighbour_order(X: Floats) -> list[list[int]]:
    """Return, per row, all other rows by distance and then by index."""
    n = len(X)
    distances = [[float(np.square(X[i] - X[j]).sum()) for j in range(n)] for i in range(n)]
    return [
        sorted((j for j in range(n) if j != i), key=lambda j: (distances[i][j], j))
        for i in range(n)
    ]


def mutual_knn(X: Floats, Y: Floats, k: int) -> float:
    """Return the mean share of the k neighbours that both have."""
    pairs = zip(neighbour_order(X), neighbour_order(Y), strict=True)
    return sum(len(set(a[:k]) & set(b[:k])) for a, b in pairs) / (k * len(X))


def cknna(X: Floats, Y: Floats, k: int) -> float:
    """Return CKA over mutual neighbours."""
    kernels = []
    masks = []
    for Z in (X, Y):
        centred = Z - Z.mean(axis=0)
        kernels.append(centred @ centred.T)
        mask = np.zeros((len(Z), len(Z)))
        for i, order in enumerate(neighbour_order(Z)):
            mask[i, order[:k]] = 1.0
        masks.append(mask)

    def align(a: int, b: int) -> float:
        return float((masks[a] * masks[b] * kernels[a] * kernels[b]).sum())

    return align(0, 1) / float(np.sqrt(align(0, 0) * align(1, 1)))


def information_imbalance(X: Floats, Y: Floats) -> float:
    """Return the mean rank in Y, from 1, of the nearest neighbour in X, times 2 / n."""
    pairs = zip(neighbour_order(X), neighbour_order(Y), strict=True)
    ranks = [in_y.index(in_x[0]) + 1 for in_x, in_y in pairs]
    return 2 * sum(ranks) / len(X) ** 2
