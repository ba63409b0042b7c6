"""Slow twins of NNTS and NNTP: sets, and a walk along the chain of layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
import numpy.typing as npt

__all__ = ["chance", "edges", "nntp_counts", "nnts_matrix"]

Lists = npt.NDArray[np.uint32]
Pair = tuple[int, int]


def nnts_matrix(layers: Sequence[Lists], k: int) -> npt.NDArray[np.float64]:
    """Return the mean Jaccard index of neighbourhoods for all pairs of layers at k."""
    neighbourhoods = [[set(row[:k].tolist()) for row in lists] for lists in layers]
    matrix = np.empty((len(layers), len(layers)))
    for a, first in enumerate(neighbourhoods):
        for b, second in enumerate(neighbourhoods):
            shares = [len(x & y) / len(x | y) for x, y in zip(first, second, strict=True)]
            matrix[a, b] = sum(shares) / len(shares)
    return matrix


def chance(n: int, k: int) -> float:
    """Return NNTS of two independent layers by the hypergeometric law, in whole numbers."""
    ways = comb(n - 1, k)
    return sum(comb(k, h) * comb(n - 1 - k, k - h) / ways * (h / (2 * k - h)) for h in range(k + 1))


def edges(lists: Lists) -> set[Pair]:
    """Return the pairs of a layer: either end is among the neighbours of the other."""
    return {(min(i, j), max(i, j)) for i, row in enumerate(lists.tolist()) for j in row}


def nntp_counts(layers: Sequence[Lists], gap: int = 0) -> npt.NDArray[np.int64]:
    """Return P[first, last] by walking every pair along the chain."""
    present = [edges(lists) for lists in layers]
    counts = np.zeros((len(layers), len(layers)), dtype=np.int64)
    for pair in set().union(*present):
        held = [layer for layer, pairs in enumerate(present) if pair in pairs]
        first = held[0]
        for last, following in zip(held, [*held[1:], None], strict=True):
            if following is None or following - last - 1 > gap:
                counts[first, last] += 1
                first = following if following is not None else first
    return counts
