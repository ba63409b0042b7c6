"""TwoNN from its definition."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["two_nn"]


def two_nn(X: Any) -> float:
    """Return the slope through the origin of −ln(1 − F) on ln μ, lower nine tenths of the rows."""
    values = np.asarray(X, dtype=np.float64)
    differences = values[:, np.newaxis, :] - values
    distances = np.sqrt((differences**2).sum(axis=2))
    np.fill_diagonal(distances, np.inf)
    first, second = np.sort(distances, axis=1)[:, :2].T
    used = first > 0
    ratios = np.sort(second[used] / first[used])
    n = len(ratios)
    kept = n * 9 // 10
    x = np.log(ratios[:kept])
    y = -np.log(1 - np.arange(1, kept + 1) / n)
    return float((x * y).sum() / (x * x).sum())
