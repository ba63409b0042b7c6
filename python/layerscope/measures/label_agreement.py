"""Label agreement: how many of a sample's neighbours bear its label?

    value = mean over rows i of #{j in N(i): y_j = y_i} / |N(i)|

No weights: a neighbour is a neighbour. A row is never its own neighbour. O(n k) after the search.
Chance level is the chance that two rows drawn at random have one label, about Σ p_c².
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import (
    METRIC,
    N_NEIGHBORS,
    MemoryLimit,
    Progress,
    check_jobs,
    progress_for,
    record,
)
from layerscope.measures._labelled import as_arcs_source, class_values, codes_for
from layerscope.neighbours import Graph, as_neighbors

__all__ = ["LabelAgreement", "label_agreement"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LabelAgreement(Result):
    """How far neighbours agree on the label.

    Attributes
    ----------
    value : float
        Mean share of neighbours with the row's label.
    per_class : dict
        Label -> the same over the rows of that class.
    n_isolated : int
        Rows without neighbours, left out; only a graph has them.
    """

    value: float
    per_class: dict[Hashable, float]
    n_isolated: int


def label_agreement(
    data: Any,
    labels: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> LabelAgreement:
    """Measure how many neighbours have the row's own label.

    Parameters
    ----------
    data : array-like of shape (n_samples, n_features), Neighbors, or Graph
        A layer, or what was computed from it. Scipy sparse matrices and networkx graphs count as
        graphs; a directed graph is read along its arcs, weights are not looked at.
    labels : sequence of length n_samples
        The class of each row.
    n_neighbors : int, default 15
        Neighbours per row. A table that was given keeps its own k unless this asks for fewer.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}, default "euclidean"
        Of the neighbours.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that the search may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    LabelAgreement
        With ``value``, ``per_class`` and ``n_isolated``.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For wrong labels, settings or data; the message names the argument.

    Notes
    -----
    Takes O(n k) after the search. The idea is that of the nearest-neighbour rule (Cover and Hart,
    IEEE Transactions on Information Theory 13, 21, 1967), each row judged by the others.

    Examples
    --------
    >>> from layerscope import label_agreement
    >>> points = [[0.0], [1.0], [2.0], [9.0], [10.0], [11.0]]
    >>> float(label_agreement(points, list("aaabbb"), n_neighbors=2))
    1.0
    >>> float(label_agreement(points, list("ababab"), n_neighbors=2))
    0.3333333333333333
    """
    n_jobs = check_jobs(n_jobs)
    watch = progress_for(progress, "label agreement")
    source = as_arcs_source(data, n_neighbors=n_neighbors, metric=metric)
    codes, classes = codes_for(labels, source)
    if isinstance(source, Graph):
        settings: dict[str, Any] = {"graph": "directed" if source.directed else "undirected"}
        value, per_class, n_isolated = _core.agreement_from_graph(
            source.indptr,
            source.indices,
            source.weights,
            source.directed,
            codes,
            len(classes),
            n_jobs,
            watch,
        )
    else:
        table = as_neighbors(
            source,
            n_neighbors=n_neighbors,
            metric=metric,
            memory_limit=memory_limit,
            n_jobs=n_jobs,
            progress=progress,
        )
        settings = {"n_neighbors": table.n_neighbors, "metric": table.metric}
        value, per_class, n_isolated = _core.agreement_from_neighbors(
            np.ascontiguousarray(table.indices), codes, len(classes), n_jobs, watch
        )
    return LabelAgreement(
        value=value,
        per_class=class_values(classes, per_class),
        n_isolated=n_isolated,
        settings=record("label_agreement", **settings),
        warnings=_warnings(codes.size, n_isolated),
    )


def _warnings(n_rows: int, n_isolated: int) -> tuple[str, ...]:
    if n_isolated == n_rows:
        return ("no node has a neighbour, so agreement is not defined",)
    if n_isolated:
        return (f"{n_isolated} of {n_rows} nodes have no neighbour and are left out",)
    return ()
