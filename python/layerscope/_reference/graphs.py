"""Naive twins of graph building and of hubness, on dense matrices where NaN means no edge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["dense", "hubness", "merge_edges", "symmetrize"]

Dense = npt.NDArray[np.float64]


def dense(graph: Any) -> Dense:
    """Return the stored arcs of a graph as a matrix, NaN where there is none."""
    matrix = np.full((graph.n_nodes, graph.n_nodes), np.nan)
    for row in range(graph.n_nodes):
        for place in range(graph.indptr[row], graph.indptr[row + 1]):
            matrix[row, graph.indices[place]] = graph.weights[place]
    return matrix


def merge_edges(
    n_nodes: int,
    edges: Sequence[tuple[int, int]],
    weights: Sequence[float] | None,
    directed: bool,
) -> Dense:
    """Lay edges into a matrix one after the other: weights add up, unweighted count once."""
    matrix = np.full((n_nodes, n_nodes), np.nan)
    for i, (source, target) in enumerate(edges):
        both_ways = not directed and source != target
        for end in [(source, target), (target, source)][: 1 + both_ways]:
            if weights is None:
                matrix[end] = 1.0
            else:
                matrix[end] = weights[i] + (0.0 if np.isnan(matrix[end]) else matrix[end])
    return matrix


def symmetrize(
    indices: npt.NDArray[np.uint32],
    weights: Dense | None,
    rule: str | None,
    *,
    are_distances: bool = False,
) -> Dense:
    """Join the arcs of every pair of rows by ``rule``; an absent distance is no zero length."""
    n_rows, k = indices.shape
    arcs = np.full((n_rows, n_rows), np.nan)
    for row in range(n_rows):
        for slot in range(k):
            arcs[row, indices[row, slot]] = 1.0 if weights is None else weights[row, slot]
    if rule is None:
        return arcs
    joined = np.full((n_rows, n_rows), np.nan)
    for i in range(n_rows):
        for j in range(n_rows):
            present = [arc for arc in (arcs[i, j], arcs[j, i]) if not np.isnan(arc)]
            if rule == "union" and present:
                joined[i, j] = max(present)
            elif rule == "mean" and present:
                joined[i, j] = sum(present) / (len(present) if are_distances else 2)
            elif rule == "mutual" and len(present) == 2:
                joined[i, j] = sum(present) / 2
    return joined


def hubness(indices: npt.NDArray[np.uint32], n_reference: int) -> float:
    """Count how often each row is a neighbour; return the skewness of the counts."""
    counts = [0] * n_reference
    for neighbor in indices.ravel():
        counts[neighbor] += 1
    mean = sum(counts) / n_reference
    second = sum((count - mean) ** 2 for count in counts) / n_reference
    third = sum((count - mean) ** 3 for count in counts) / n_reference
    return third / second**1.5 if second > 0 else float("nan")
