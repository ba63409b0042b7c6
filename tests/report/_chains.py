"""Chains of real results that cost little: a point cloud that drifts from layer to layer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from layerscope import Report, analyze
from tests.report import _fakes as fakes


def chain(
    names: Sequence[str], n_samples: int = 60, seed: int = 0
) -> dict[str, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_samples, 6))
    stack = {}
    for name in names:
        values = values + 0.4 * rng.normal(size=values.shape)
        stack[name] = values.astype(np.float32)
    return stack


@cache
def report(count: int, n_neighbors: int = 15) -> Report:
    """All measures of pairs of layers over a chain."""
    return of_names(fakes.names(count), n_neighbors)


def of_names(names: Sequence[str], n_neighbors: int = 5) -> Report:
    measures = ("nnts", "nntp", "cka")
    return analyze(chain(names), n_neighbors=n_neighbors, measures=measures)
