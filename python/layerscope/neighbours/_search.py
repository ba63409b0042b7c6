"""Activations → neighbours: the one computation that every measure inherits from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import as_matrix, encode_labels
from layerscope._settings import (
    METRIC,
    METRICS,
    N_NEIGHBORS,
    MemoryLimit,
    Progress,
    check_choice,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    given,
    progress_for,
    record,
)
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError, in_layer
from layerscope.neighbours._neighbors import Neighbors, remarks

__all__ = ["as_neighbors", "estimate_memory", "neighbors", "stack_neighbors"]

METHODS = ("exact", "approximate", "auto")
# Rows from which method="auto" is approximate.
AUTO_APPROXIMATE = 200_000
DTYPES = ("float64", "float32", "float16", "bfloat16")


def neighbors(
    X: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    method: str = "exact",
    queries: Any = None,
    groups: Any = None,
    random_state: int = 0,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> Neighbors:
    """Find the nearest rows of every row.

    Exact unless asked otherwise: the order is that of the squared distances (or similarities) in
    float64 of the given values, then of the index; the same bits on any machine and for any number
    of threads. A row is never its own neighbour; an equal row may be. Takes O(n² d) time.

    Parameters
    ----------
    X : array-like, shape (n_samples, n_features)
        Floats of 16, 32 or 64 bits or bfloat16, read in place where they lie row by row.
    n_neighbors : int
        Neighbours per row, below the number of rows.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}
        What is near: a small Euclidean distance, a large cosine, a large correlation, or a large
        product.
    method : {"exact", "approximate", "auto"}
        ``"approximate"`` finds nearly all neighbours by partitions and NN-descent; distances are
        exact for the pairs found, and ``recall`` says how many are missing, from rows that were
        searched exactly. It is exact all the same, and says so, below 10,000 rows, for queries,
        for inner products, beyond 100 neighbours and for groups of more than 1,000 rows.
        ``"auto"`` is approximate from 200,000 rows on.
    queries : array-like, shape (n_queries, n_features), optional
        Rows to ask about instead of those of ``X``. They are strangers to ``X``: none is left
        out, and ``n_neighbors`` may be as large as ``X``.
    groups : sequence of length n_samples, optional
        Rows of the same group are never each other's neighbours: tokens of one sequence, crops
        of one image. Any hashable values; not together with ``queries``.
    random_state : int
        Seed of the approximate search; the exact one draws nothing.
    memory_limit : int or str, optional
        Bytes of scratch that the search may hold at once, or ``"2GB"``; the allocator may keep
        freed memory beyond it. See :func:`estimate_memory`.
    n_jobs : int, optional
        Threads; all cores when None. Never changes the result.
    progress : True or callable, optional
        True for a line on stderr, or called with (done, total, what).

    Returns
    -------
    Neighbors

    Raises
    ------
    InvalidInputError
        For NaN or infinite values, ``n_neighbors`` not below the number of rows, groups that
        leave a row too few others, columns that do not fit, and unknown words.
    InvalidTypeError
        For arguments of a wrong kind.
    MemoryLimitError
        If the work does not fit under ``memory_limit``.

    Examples
    --------
    >>> from layerscope import neighbors
    >>> found = neighbors([[0.0], [1.0], [3.0], [7.0]], n_neighbors=2)
    >>> found.indices
    array([[1, 2],
           [0, 2],
           [1, 0],
           [2, 1]], dtype=uint32)
    >>> found.distances
    array([[1., 3.],
           [1., 2.],
           [2., 3.],
           [4., 6.]])
    """
    k = check_int("n_neighbors", n_neighbors, low=1, high=2**32 - 1)
    metric = check_choice("metric", metric, METRICS)
    check_choice("method", method, METHODS)
    seed = check_seed(random_state)
    data = as_matrix(X)
    asked = None if queries is None else as_matrix(queries, "queries")
    if asked is not None and groups is not None:
        raise InvalidInputError("groups", "must be None when queries are given", "both")
    codes, n_groups = (None, None) if groups is None else _groups(groups, len(data))
    how = (
        asked,
        codes,
        check_memory(memory_limit),
        check_jobs(n_jobs),
        progress_for(progress, "neighbours"),
    )
    recall, why_exact = None, None
    if method == "approximate" or (method == "auto" and len(data) >= AUTO_APPROXIMATE):
        answer, recall, why_exact = _core.approximate_neighbors(data, k, metric, seed, *how)
    else:
        answer = _core.neighbors(data, k, metric, *how)
    indices, values, tied, n_duplicate_rows, n_zero_rows = answer
    engine = "exact" if recall is None else "approximate"
    value, low, high = (None, None, None) if recall is None else recall
    settings = record(
        "neighbors",
        n_neighbors=k,
        metric=metric,
        method=engine,
        random_state=None if recall is None else seed,
        n_samples=len(data),
        n_features=data.shape[1],
        n_queries=None if asked is None else len(asked),
        n_groups=n_groups,
    )
    found = Neighbors(
        indices=indices,
        n_reference=len(data),
        metric=metric,
        method=engine,
        recall=value,
        recall_low=low,
        recall_high=high,
        n_duplicate_rows=n_duplicate_rows,
        n_zero_rows=n_zero_rows,
        settings=settings,
        _values=values,
        _tied=tied,
        _has_queries=asked is not None,
    )
    said = remarks(found)
    if why_exact is not None and method == "approximate":
        said += (f"the search was exact although an approximate one was asked for: {why_exact}",)
    return replace(found, warnings=said) if said else found


def as_neighbors(
    data: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> Neighbors:
    """Return the neighbours that ``data`` has: found already, or sought now.

    Neighbours found already keep their own number and metric where these were left out; a
    smaller number takes a prefix.

    Raises
    ------
    InvalidInputError
        For more neighbours than were found, another metric than they were found with, and
        neighbours of queries; else as :func:`neighbors`.
    """
    if not isinstance(data, Neighbors):
        return neighbors(
            data,
            n_neighbors=n_neighbors,
            metric=metric,
            memory_limit=memory_limit,
            n_jobs=n_jobs,
            progress=progress,
        )
    if data._has_queries:
        rule = "must be None: the rows of queries are not the rows of X"
        raise InvalidInputError("queries", rule, f"{data.n_samples} rows")
    if given(metric):
        metric = check_choice("metric", metric, METRICS)
        if metric != data.metric:
            rule = f"must be {data.metric!r}, with which the neighbours were found, or left out"
            raise InvalidInputError("metric", rule, repr(metric))
    if not given(n_neighbors):
        return data
    means = "the neighbours found"
    return data.prefix(
        check_int("n_neighbors", n_neighbors, low=1, high=data.n_neighbors, high_means=means)
    )


def stack_neighbors(
    stack: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> dict[str, Neighbors]:
    """Return the neighbours of every layer of a stack, in layer order.

    All layers are of one depth and one metric: ``n_neighbors`` and ``metric`` where they were
    given, else what the layers say that hold neighbours already, the shallowest of them.

    Raises
    ------
    InvalidInputError
        For layers with different numbers of samples, or neighbours that were found with several
        metrics or in groups in some layers only; else as :func:`as_neighbors`, with the name of
        the layer in the error.
    """
    # Once for all layers, so that no layer is blamed for an argument.
    check_int("n_neighbors", n_neighbors, low=1, high=2**32 - 1)
    check_choice("metric", metric, METRICS)
    check_search(n_jobs=n_jobs, memory_limit=memory_limit, progress=progress)
    layers = as_stack(stack)
    n_neighbors, metric = shared_search(layers, n_neighbors=n_neighbors, metric=metric)
    found = {}
    for name, layer in layers.items():
        with in_layer(name):
            found[name] = as_neighbors(
                layer,
                n_neighbors=n_neighbors,
                metric=metric,
                memory_limit=memory_limit,
                n_jobs=n_jobs,
                progress=progress,
            )
    return found


def shared_search(layers: Mapping[str, Any], *, n_neighbors: int, metric: str) -> tuple[int, str]:
    """Return the depth and the metric that hold for every layer of a checked stack.

    Raises
    ------
    InvalidInputError
        For ready neighbours that are of several metrics, and for groups in some layers only.
    """
    tables = {name: layer for name, layer in layers.items() if isinstance(layer, Neighbors)}
    if not tables:
        return n_neighbors, metric
    first = next(iter(tables.values()))
    for name, table in tables.items():
        if table.metric != first.metric:
            rule = f"must have one metric ({first.metric})"
            raise InvalidInputError("stack", rule, table.metric, layer=name)
    grouped = {name for name, table in tables.items() if table.settings.get("n_groups") is not None}
    if grouped and len(grouped) < len(layers):
        rule = "must hold neighbours found in groups in every layer, or in none"
        other = next(name for name in layers if name not in grouped)
        raise InvalidInputError("stack", rule, "a layer without groups", layer=other)
    if not given(n_neighbors):
        n_neighbors = min(table.n_neighbors for table in tables.values())
    return n_neighbors, metric if given(metric) else first.metric


def check_search(*, n_jobs: object, memory_limit: object, progress: object) -> None:
    """Refuse what no search could be asked for, whatever the layer."""
    check_jobs(n_jobs)
    check_memory(memory_limit)
    progress_for(progress, "neighbours")


def estimate_memory(
    n_samples: int,
    n_features: int,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    method: str = "exact",
    dtype: Any = "float32",
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
) -> int:
    """Return the bytes that :func:`neighbors` takes besides its input: scratch and result.

    The peak of a search of rows that all differ, to within 15 % from 10,000 rows on (tested
    against the resident memory of a fresh process on Linux). Of an approximate search it is the
    most: data in clusters take up to a fifth less. Rows that int8 products cannot tell apart go on
    to an engine that may hold half as much again, though never more than the limit. What the C
    allocator keeps of memory that was given back is not counted.

    Parameters
    ----------
    n_samples, n_features : int
        Shape of the matrix.
    n_neighbors, metric, method, memory_limit, n_jobs
        As in :func:`neighbors`.
    dtype : {"float64", "float32", "float16", "bfloat16"} or numpy dtype
        Kind of the values. All four are read in place, so it makes no difference.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        For sizes that no search could have.
    MemoryLimitError
        If the search would not fit under ``memory_limit``.

    Examples
    --------
    >>> from layerscope import estimate_memory
    >>> estimate_memory(10_000, 512) < estimate_memory(20_000, 512)
    True
    """
    n_samples = check_int("n_samples", n_samples, low=2, high=2**32 - 1)
    n_features = check_int("n_features", n_features, low=1, high=2**40)
    most, means = n_samples - 1, "the other rows"
    k = check_int("n_neighbors", n_neighbors, low=1, high=most, high_means=means)
    metric = check_choice("metric", metric, METRICS)
    check_choice("method", method, METHODS)
    check_choice("dtype", _dtype_name(dtype), DTYPES)
    found = int(
        _core.estimate_memory(
            n_samples,
            n_features,
            k,
            metric,
            method == "approximate" or (method == "auto" and n_samples >= AUTO_APPROXIMATE),
            check_memory(memory_limit),
            check_jobs(n_jobs),
        )
    )
    if found == 2**64 - 1:
        rule = "must make, with n_features and n_neighbors, fewer than 2**64 bytes"
        raise InvalidInputError("n_samples", rule, n_samples)
    return found


def _groups(groups: Any, n_samples: int) -> tuple[npt.NDArray[np.uint32], int]:
    """Return a code per row; the errors of labels speak of groups here."""
    try:
        codes, classes = encode_labels(groups, n_samples)
    except LayerscopeError as error:
        rule = error.rule.replace("a sequence of labels", "a sequence, one group per row")
        raise type(error)("groups", rule, error.value) from None
    return codes, len(classes)


def _dtype_name(dtype: Any) -> str:
    if isinstance(dtype, str):
        return dtype
    try:
        return str(np.dtype(dtype).name)
    except TypeError:
        rule = "must be the name of a float kind or a numpy dtype"
        raise InvalidTypeError("dtype", rule, repr(dtype)) from None
