"""Modularity: do samples of one class have each other as neighbours, more than chance has it?

With arc weights w(i→j), T = Σ w, and per class c the weight of arcs inside c (E_c), of arcs that
leave (O_c) and enter (I_c) its members, arcs inside included,

    Q = Σ_c [ E_c / T − γ ((O_c + I_c) / 2T)² ]

which is Newman's weighted modularity of A = (W + Wᵀ)/2 with the classes as communities, without
building A. The directed form (Leicht and Newman) has γ O_c I_c / T² for the square. O(n k) after
the search; each permutation of the null costs as much again.
"""

from __future__ import annotations

from typing import Any

from layerscope._settings import METRIC, N_NEIGHBORS, WEIGHT, MemoryLimit, Progress
from layerscope.measures._labelled import as_arcs_source, codes_for
from layerscope.measures._modularity import Modularity, score, score_graph
from layerscope.measures._modularity_arcs import arcs_of
from layerscope.measures._modularity_plan import check_plan
from layerscope.neighbours import Graph

__all__ = ["Modularity", "modularity"]


def modularity(
    data: Any,
    labels: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    weight: str = WEIGHT,
    resolution: float = 1.0,
    directed: bool = False,
    n_permutations: int = 100,
    preset: str | None = None,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Modularity:
    """Measure the modularity of labels on a layer's neighbour graph.

    Parameters
    ----------
    data : array-like of shape (n_samples, n_features), Neighbors, or Graph
        A layer, or what was computed from it. Scipy sparse matrices and networkx graphs count as
        graphs; so union and mutual graphs can be scored. The weights of a graph must be
        affinities, large for near nodes: a graph made with ``weight="distance"`` cannot be told
        from another and gives a number without meaning. The directions of a directed graph are
        forgotten unless ``directed`` is set.
    labels : sequence of length n_samples
        The class of each row.
    n_neighbors : int, default 15
        Neighbours per row, k. Neighbours found already keep their own k unless this asks for
        fewer.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}, default "euclidean"
        Of the neighbours.
    weight : {"auto", "similarity", "binary"}, default "auto"
        Of the arcs. ``"auto"`` is similarity for cosine and pearson, binary otherwise, and the
        graph's own weights for a graph.
    resolution : float, default 1.0
        γ; larger values ask for smaller communities.
    directed : bool, default False
        Leicht and Newman's form, which is never smaller.
    n_permutations : int, default 100
        Permutations of the labels on the same graph, behind ``null_mean``, ``null_sd`` and ``z``;
        0 leaves them NaN.
    preset : {"eccv2022"}, optional
        The settings and quirks of Lu et al.: k = 3, cosine, similarity; the row itself competes
        with similarity 0, negative similarities are kept, norms are at least 1e-8, and k of n or
        more takes every row. All rows are used. A parameter given beside it departs from it. Of
        this a graph, which has its neighbours, takes only that negative weights are kept.
    random_state : int, default 0
        Seed; permutation p is drawn from the stream (seed, p).
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the search may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    Modularity
        With ``value``, ``bound``, ``ratio``, ``per_class``, ``same_label_share``, the null and
        counts.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For wrong labels, settings or data; the message names the argument.

    Notes
    -----
    Takes O(n k) after the search, and O(n k) per permutation. Negative similarities count as 0
    unless a preset keeps them. ``bound`` takes p_c = (O_c + I_c) / 2T with ``directed=True`` too;
    the value of a directed graph may exceed it where γ is above 2. The value depends on the
    number of rows, on k and on the balance of the classes: only values at equal n and k compare.

    References
    ----------
    Newman, Physical Review E 69, 026113 (2004); Leicht and Newman, Physical Review Letters 100,
    118703 (2008); Lu et al., ECCV 2022, arXiv 2111.12485.

    Examples
    --------
    >>> from layerscope import modularity
    >>> points = [(1, 0), (4, 1), (1, 1), (1, 3), (0, 1), (-1, 3)]
    >>> found = modularity(points, [0, 0, 0, 1, 1, 1], n_neighbors=2, metric="cosine")
    >>> round(found.value, 9), round(found.bound, 9)
    (0.333298693, 0.499766232)
    >>> found.same_label_share
    0.8333333333333334
    """
    plan = check_plan(
        n_neighbors=n_neighbors,
        metric=metric,
        weight=weight,
        resolution=resolution,
        directed=directed,
        n_permutations=n_permutations,
        preset=preset,
        random_state=random_state,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
    source = as_arcs_source(data, n_neighbors=n_neighbors, metric=metric)
    coded = codes_for(labels, source)
    if isinstance(source, Graph):
        return score_graph(source, coded, plan)
    return score(arcs_of(source, plan), coded, plan)
