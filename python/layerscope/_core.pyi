"""The compiled half of layerscope; private."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

def build_info() -> dict[str, str | int]:
    """Return version, profile, processor architecture and threads."""

def neighbors(
    data: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16],
    k: int,
    metric: str,
    queries: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16] | None = None,
    groups: npt.NDArray[np.uint32] | None = None,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64], npt.NDArray[np.uint64], int, int]:
    """Return indices, values, ties per rank, duplicate rows and zero rows; uint16 is bfloat16.

    Values are Euclidean distances, similarities (cosine, pearson) or products (inner_product),
    nearest first, equal keys by index. ``tied[j]`` counts the rows whose (j+1)-th and (j+2)-th
    keys are exactly equal. Duplicate rows equal an earlier row of ``data``; zero rows are those
    of ``data`` without a direction, zero for the other metrics.
    """

def estimate_memory(
    n_samples: int,
    n_features: int,
    k: int,
    element_bytes: int,
    metric: str,
    n_jobs: int | None = None,
) -> int:
    """Return the bytes that a search takes, scratch and output, without a memory limit."""

def graph_from_edges(
    n_nodes: int,
    sources: npt.NDArray[np.uint32],
    targets: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64] | None,
    directed: bool,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Return row pointers, columns and weights; repeated edges add up, unweighted count once."""

def graph_from_neighbors(
    n_nodes: int,
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64] | None,
    symmetrize: str | None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Return row pointers, columns and weights of the graph of a neighbour table."""
