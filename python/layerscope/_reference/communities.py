"""Slow twins of communities: the qualities from their double sums, labels numbered by size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def modularity(weights: Weights, labels: Labels, resolution: float = 1.0) -> float:
    """Return Q of a symmetric matrix whose diagonal holds each self-loop once."""
    adjacency = weights + np.diag(np.diag(weights))  # a self-loop counts twice
    degree = adjacency.sum(axis=1)
    total = degree.sum()
    expected = resolution * np.outer(degree, degree) / total
    return float(((adjacency - expected) * _alike(labels)).sum() / total)


def cpm(weights: Weights, labels: Labels, resolution: float = 1.0) -> float:
    """Return the weight inside communities less γ for each pair of nodes inside one."""
    pairs = np.triu(_alike(labels), 1)
    loops = np.diag(weights).sum()
    return float((weights * pairs).sum() + loops - resolution * pairs.sum())


def by_size(labels: Labels) -> Labels:
    """Return labels numbered by falling size, those of one size by their first member."""
    groups = sorted(
        set(labels.tolist()), key=lambda g: (-(labels == g).sum(), (labels == g).argmax())
    )
    return np.array([groups.index(label) for label in labels.tolist()], np.int64)


def _alike(labels: Labels) -> npt.NDArray[np.bool_]:
    return np.asarray(labels[:, None] == labels[None, :])
