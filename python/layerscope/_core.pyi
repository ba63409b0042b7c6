"""The compiled half of layerscope; private."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = [
    "agreement_from_graph",
    "agreement_from_neighbors",
    "approximate_neighbors",
    "box_counts",
    "boxes",
    "build_info",
    "communities",
    "community_levels",
    "degree_exponent",
    "estimate_memory",
    "fit_laws",
    "follow_communities",
    "graph_from_edges",
    "graph_from_neighbors",
    "hop_distances",
    "linkage_heights",
    "modularity_from_graph",
    "modularity_from_neighbors",
    "modularity_without_groups",
    "neighbors",
    "nntp",
    "nntp_cancelled",
    "nnts",
    "nnts_chance",
    "nnts_sets",
    "nnts_sets_memory",
    "partition_agreement",
    "path_lengths",
    "path_statistics",
    "permutation",
    "rewire",
    "self_similarity",
    "self_similarity_gradient",
    "two_nn",
    "unit_distances",
]

def build_info() -> dict[str, str | int | list[str]]:
    """Return version, profile, processor architecture and features, and threads."""

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

def approximate_neighbors(
    data: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16],
    k: int,
    metric: str,
    seed: int,
    queries: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16] | None = None,
    groups: npt.NDArray[np.uint32] | None = None,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[
    tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64], npt.NDArray[np.uint64], int, int],
    tuple[float, float, float] | None,
    str | None,
]:
    """Return what ``neighbors`` returns, the recall with its interval, and why it was exact.

    One of the last two is None: an exact search has no recall, an approximate one no excuse.
    """

def estimate_memory(
    n_samples: int,
    n_features: int,
    k: int,
    metric: str,
    approximate: bool = False,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
) -> int:
    """Return the bytes that a search takes at its peak, scratch and output."""

def modularity_from_neighbors(
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64] | None,
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    resolution: float,
    directed: bool,
    clip_negative: bool,
    n_permutations: int,
    seed: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, float, float, npt.NDArray[np.float64], float, int, float, float, float]:
    """Return value, bound, ratio, terms per class, same-label share, negative edges, null.

    Neighbours and weights are (n, k); without weights every arc weighs 1. The null is three
    numbers: mean, sd and z.
    """

def modularity_from_graph(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    graph_directed: bool,
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    resolution: float,
    directed: bool,
    clip_negative: bool,
    n_permutations: int,
    seed: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, float, float, npt.NDArray[np.float64], float, int, float, float, float]:
    """Return the same of a graph in compressed sparse rows."""

def modularity_without_groups(
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64] | None,
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    groups: npt.NDArray[np.uint32],
    n_groups: int,
    k: int,
    resolution: float,
    directed: bool,
    clip_negative: bool,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[float | None]:
    """Return, per group, the value without its rows; None where the table is not deep enough."""

def permutation(n: int, seed: int, item: int) -> npt.NDArray[np.uint32]:
    """Return the permutation that a null draws from the stream (seed, item)."""

def agreement_from_neighbors(
    indices: npt.NDArray[np.uint32],
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, npt.NDArray[np.float64], int]:
    """Return the mean share of same-label neighbours, the same per class, isolated rows."""

def agreement_from_graph(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    graph_directed: bool,
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, npt.NDArray[np.float64], int]:
    """Return the same of a graph in compressed sparse rows; self-loops are passed over."""

def two_nn(
    distances: npt.NDArray[np.float64],
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, float, int, int]:
    """Return intrinsic dimension, standard error, excluded and used rows from (n, k >= 2)."""

def self_similarity(
    data: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16],
    form: str,
    rms: bool,
    n_thetas: int,
    n_null: int,
    seed: int,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[
    float,
    tuple[float, float],
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    tuple[float, float],
    tuple[float, float],
    npt.NDArray[np.float64],
    tuple[int, int],
]:
    """Return value, ends of θ, θ, counts, dimension and error, window, null, dead and duplicate.

    Columns of ``data`` are the units.
    """

def self_similarity_gradient(
    data: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16],
    form: str,
    rms: bool,
    n_thetas: int,
    kappa: float,
    factor: float,
    with_gradient: bool,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, npt.NDArray[np.float64]]:
    """Return the value and its gradient of the shape of ``data``, empty when not asked for."""

def unit_distances(
    data: npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16],
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the (D, D) root mean squared differences between the columns of ``data``."""

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

def nnts(
    lists: list[npt.NDArray[np.uint32]],
    ks: list[int],
    n_bootstrap: int,
    seed: int,
    keep_shared: bool,
    every_k: bool,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[
    npt.NDArray[np.float64],
    npt.NDArray[np.float64],
    tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None,
    npt.NDArray[np.uint16] | None,
]:
    """Return mean Jaccard and overlap (k by layer by layer, flat), their interval, and h.

    Interval and h are of every k, or of the largest: flat by k and pair, and a row by k and pair.
    """

def nnts_chance(n: int, k: int) -> float:
    """Return NNTS of two independent layers."""

def nnts_sets(
    layers: list[npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16 | np.uint32]],
    names: list[str],
    ks: list[int],
    metric: str,
    n_bootstrap: int,
    seed: int,
    keep_shared: bool,
    every_k: bool,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[
    tuple[
        npt.NDArray[np.float64],
        npt.NDArray[np.float64],
        tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None,
        npt.NDArray[np.uint16] | None,
    ],
    list[tuple[int, int, int, int]],
]:
    """Return what ``nnts`` returns, by rows of bits, and four counts per layer.

    A layer is a matrix of values, or of neighbour lists (uint32). The counts are rows tied at the
    largest k, repeated rows, zero rows and infinite distances; zeros for lists.
    """

def nnts_sets_memory(
    layers: list[npt.NDArray[np.float32 | np.float64 | np.float16 | np.uint16 | np.uint32]],
    ks: list[int],
    metric: str,
    keep_shared: bool,
    every_k: bool,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
) -> int:
    """Return the bytes that ``nnts_sets`` takes at most beside its input and its result."""

def nntp(
    lists: list[npt.NDArray[np.uint32]],
    gap: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Return runs by first and last layer, the same at gap 0, and the pairs end to end."""

def nntp_cancelled(
    first: npt.NDArray[np.uint32],
    second: npt.NDArray[np.uint32],
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> npt.NDArray[np.uint32]:
    """Return the pairs of the first layer that the second does not have."""

def partition_agreement(
    found: npt.NDArray[np.uint32],
    n_found: int,
    codes: npt.NDArray[np.uint32],
    n_classes: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[
    float,
    float,
    float,
    float,
    npt.NDArray[np.float64],
    npt.NDArray[np.uint32],
    npt.NDArray[np.uint64],
]:
    """Return ami, ari, nmi, purity; fragmentation; each community's largest class and its size."""

def follow_communities(
    layers: list[npt.NDArray[np.uint32]],
    n_communities: list[int],
    minimum_overlap: float,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return per step heir and destination of each community, parent of each next one; -1: none."""

def communities(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    algorithm: str,
    resolution: float,
    quality: str,
    initial: npt.NDArray[np.uint32] | None,
    iterations: int | None,
    runs: int,
    seed: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.int64], float, float, bool, int]:
    """Return labels, modularity, quality, whether it is stable, and iterations made."""

def community_levels(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    labels: npt.NDArray[np.uint32],
    resolution: float,
    quality: str,
    seed: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> list[npt.NDArray[np.int64]]:
    """Return nested partitions, finest first, the last that of the labels."""

def hop_distances(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    sources: npt.NDArray[np.uint32] | None,
    out: npt.NDArray[np.uint8 | np.uint16],
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> bool:
    """Write the distances from each source into ``out``; False where one does not fit."""

def path_statistics(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    sources: npt.NDArray[np.uint32] | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[int, float, npt.NDArray[np.uint32], int, npt.NDArray[np.uint64]]:
    """Return diameter, mean path, eccentricity per source, components, pairs per distance."""

def path_lengths(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    sources: npt.NDArray[np.uint32] | None,
    out: npt.NDArray[np.float64],
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> None:
    """Write the lengths of shortest paths from each source into ``out``."""

def linkage_heights(
    distances: npt.NDArray[np.float64],
    count: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the heights of complete linkage, rising, from a table laid out row by row."""

def box_counts(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    method: str,
    sizes: npt.NDArray[np.float64] | None,
    n_repeats: int,
    largest: bool,
    weighted: bool,
    seed: int,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint32], float | None, int, int]:
    """Return sizes, boxes (repeats, sizes), diameter, nodes and components covered."""

def boxes(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    weights: npt.NDArray[np.float64],
    size: float,
    method: str,
    n_repeats: int,
    weighted: bool,
    seed: int,
    memory_limit: int | None = None,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> npt.NDArray[np.uint32]:
    """Return the box of every node, boxes numbered by their smallest node."""

def fit_laws(
    sizes: npt.NDArray[np.float64],
    counts: npt.NDArray[np.float64],
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, float, float, float]:
    """Return slope of ln N on ln l, its error, and both laws' root mean squared residuals."""

def degree_exponent(
    degrees: npt.NDArray[np.uint64],
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[float, float, int, int, float]:
    """Return exponent, standard error, smallest degree, tail size and distance of the laws."""

def rewire(
    indptr: npt.NDArray[np.int64],
    indices: npt.NDArray[np.uint32],
    n_swaps: int,
    seed: int,
    n_jobs: int | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    """Return the ends of the swapped edges, and where each edge's weight stood."""
