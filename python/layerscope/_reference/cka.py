"""Slow twin of linear CKA: Gram matrices and sums, as the papers write them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["cka", "debiased_cka", "unbiased_hsic"]

Floats = npt.NDArray[np.float64]


def cka(X: Floats, Y: Floats) -> float:
    """Return tr(KHLH) over the root of tr(KHKH) tr(LHLH), K and L not centred before."""
    n = len(X)
    H = np.eye(n) - np.ones((n, n)) / n
    K, L = H @ (X @ X.T) @ H, H @ (Y @ Y.T) @ H
    return float(np.trace(K @ L) / np.sqrt(np.trace(K @ K) * np.trace(L @ L)))


def unbiased_hsic(K: Floats, L: Floats) -> float:
    """Return equation 5 of Song et al. 2012."""
    n = len(K)
    K, L = K - np.diag(np.diag(K)), L - np.diag(np.diag(L))
    one = np.ones(n)
    mean = (one @ K @ one) * (one @ L @ one) / ((n - 1) * (n - 2))
    return float((np.trace(K @ L) + mean - 2 / (n - 2) * (one @ K @ L @ one)) / (n * (n - 3)))


def debiased_cka(X: Floats, Y: Floats) -> float:
    """Return the unbiased HSIC of X and Y over the root of those of each with itself."""
    K, L = X @ X.T, Y @ Y.T
    return unbiased_hsic(K, L) / float(np.sqrt(unbiased_hsic(K, K) * unbiased_hsic(L, L)))
