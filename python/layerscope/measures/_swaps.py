"""Graphs rewired with their degrees kept: the null of the fractal measures."""

from __future__ import annotations

from typing import Any

import numpy as np

from layerscope import _core
from layerscope._settings import progress_for
from layerscope.neighbours import Graph

__all__ = ["ATTEMPTS_PER_EDGE", "null_seed", "swapped"]

ATTEMPTS_PER_EDGE = 10


def swapped(
    graph: Graph, n_swaps: int | None, seed: int, n_jobs: int | None, progress: Any
) -> Graph:
    """Return the graph after so many attempts to swap the ends of two edges."""
    attempts = ATTEMPTS_PER_EDGE * graph.n_edges if n_swaps is None else n_swaps
    sources, targets, places = _core.rewire(
        graph.indptr, graph.indices, attempts, seed, n_jobs, progress_for(progress, "rewiring")
    )
    return Graph.from_edges(
        np.column_stack([sources, targets]),
        n_nodes=graph.n_nodes,
        weights=graph.weights[places.astype(np.int64)],
    )


def null_seed(random_state: int, number: int) -> int:
    """Return a seed for each of many graphs, unlike those of another ``random_state``."""
    words = np.random.SeedSequence([random_state, number]).generate_state(1, np.uint64)
    return int(words[0] >> np.uint64(1))
