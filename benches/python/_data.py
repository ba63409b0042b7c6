"""The data of every bench: fixed sizes, fixed seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

N_CENTRES = 50


def clustered(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    """Return float32 points around 50 centres, all N(0, I), and the centre of each."""
    generator = np.random.default_rng(n + d)
    centres = generator.standard_normal((N_CENTRES, d))
    labels = generator.integers(N_CENTRES, size=n)
    points = centres[labels] + generator.standard_normal((n, d))
    return points.astype(np.float32), labels


def sparse(n: int, d: int) -> np.ndarray:
    """Return the same after a shifted ReLU: most values are 0."""
    return np.maximum(clustered(n, d)[0] - np.float32(0.5), 0)


def random_table(n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return neighbours (n, k) without a search, three in four of the row's class, and labels."""
    generator = np.random.default_rng(n + k)
    labels = generator.integers(10, size=n)
    anyone = generator.integers(n, size=(n, k))
    alike = np.empty((n, k), dtype=np.int64)
    for label in range(10):
        members = np.flatnonzero(labels == label)
        alike[members] = generator.choice(members, size=(len(members), k))
    table = np.where(generator.random((n, k)) < 0.75, alike, anyone)
    return table.astype(np.uint32), labels


def neighbours_from_table(indices: np.ndarray) -> Any:
    """Wrap a made-up table as the library wraps a found one; distances are ranks."""
    from layerscope.neighbours import Neighbors

    n, k = indices.shape
    return Neighbors(
        indices=indices,
        n_reference=n,
        metric="euclidean",
        method="exact",
        n_duplicate_rows=0,
        n_zero_rows=0,
        settings={},
        _values=np.tile(np.arange(1.0, k + 1), (n, 1)),
        _tied=np.zeros(k, dtype=np.uint64),
    )
