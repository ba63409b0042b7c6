"""Activations → neighbours: the one computation that every measure inherits from."""

from __future__ import annotations

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
    given,
    progress_for,
    record,
)
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, LayerscopeError, in_layer
from layerscope.neighbours._neighbors import Neighbors, remarks

__all__ = ["as_neighbors", "estimate_memory", "neighbors", "stack_neighbors"]

_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2}


def neighbors(
    X: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    method: str = "exact",
    queries: Any = None,
    groups: Any = None,
    memory_limit: MemoryLimit = None,
    n_jobs: int | None = None,
    progress: Progress = None,
) -> Neighbors:
    """Find the nearest rows of every row.

    Exact: the order is that of the squared distances (or similarities) in float64 of the given
    values, then of the index; the same bits on any machine and for any number of threads. A row
    is never its own neighbour; an equal row may be. Takes O(n² d) time.

    Parameters
    ----------
    X : array-like, shape (n_samples, n_features)
        Floats of 16, 32 or 64 bits or bfloat16, read in place where they lie row by row.
    n_neighbors : int
        Neighbours per row, below the number of rows.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}
        What is near: a small Euclidean distance, a large cosine, a large correlation, or a large
        product.
    method : {"exact", "auto"}
        The engine; ``"auto"`` chooses, and the result says which it was.
    queries : array-like, shape (n_queries, n_features), optional
        Rows to ask about instead of those of ``X``. They are strangers to ``X``: none is left
        out, and ``n_neighbors`` may be as large as ``X``.
    groups : sequence of length n_samples, optional
        Rows of the same group are never each other's neighbours: tokens of one sequence, crops
        of one image. Any hashable values; not together with ``queries``.
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
    method = _engine(method)
    data = as_matrix(X)
    asked = None if queries is None else as_matrix(queries, "queries")
    if asked is not None and groups is not None:
        raise InvalidInputError("groups", "must be None when queries are given", "both")
    codes, n_groups = (None, None) if groups is None else _groups(groups, len(data))
    indices, values, tied, n_duplicate_rows, n_zero_rows = _core.neighbors(
        data,
        k,
        metric,
        asked,
        codes,
        check_memory(memory_limit),
        check_jobs(n_jobs),
        progress_for(progress, "neighbours"),
    )
    settings = record(
        "neighbors",
        n_neighbors=k,
        metric=metric,
        method=method,
        n_samples=len(data),
        n_features=data.shape[1],
        n_queries=None if asked is None else len(asked),
        n_groups=n_groups,
    )
    found = Neighbors(
        indices=indices,
        n_reference=len(data),
        metric=metric,
        method=method,
        n_duplicate_rows=n_duplicate_rows,
        n_zero_rows=n_zero_rows,
        settings=settings,
        _values=values,
        _tied=tied,
        _has_queries=asked is not None,
    )
    return replace(found, warnings=remarks(found))


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

    Layers that hold neighbours already are cut to one depth: ``n_neighbors`` where it was given,
    else the shallowest of them.

    Raises
    ------
    InvalidInputError
        For layers with different numbers of samples; else as :func:`as_neighbors`, with the name
        of the layer in the error.
    """
    layers = as_stack(stack)
    depths = [layer.n_neighbors for layer in layers.values() if isinstance(layer, Neighbors)]
    if depths and not given(n_neighbors):
        n_neighbors = min(depths)
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


def estimate_memory(
    n_samples: int,
    n_features: int,
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    dtype: Any = "float32",
    n_jobs: int | None = None,
) -> int:
    """Return the bytes that :func:`neighbors` takes besides its input: scratch and result.

    Parameters
    ----------
    n_samples, n_features : int
        Shape of the matrix.
    n_neighbors, metric, n_jobs
        As in :func:`neighbors`.
    dtype : {"float64", "float32", "float16", "bfloat16"} or numpy dtype
        Kind of the values.

    Returns
    -------
    int

    Raises
    ------
    InvalidInputError
        For sizes that no search could have.

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
    size = _BYTES[check_choice("dtype", _dtype_name(dtype), _BYTES)]
    bytes_needed = _core.estimate_memory(n_samples, n_features, k, size, metric, check_jobs(n_jobs))
    return int(bytes_needed)


def _engine(method: object) -> str:
    """Return the engine that does the work."""
    if method == "approximate":
        rule = "must be 'exact' or 'auto': this version has the exact engine only"
        raise InvalidInputError("method", rule, "'approximate'")
    check_choice("method", method, ("exact", "auto"))
    return "exact"


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
