"""The arcs that modularity is measured on, with or without a paper's quirks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import to_float
from layerscope._settings import given
from layerscope.errors import InvalidInputError
from layerscope.measures._modularity_plan import Plan
from layerscope.neighbours import Neighbors, as_neighbors, neighbors

__all__ = ["Arcs", "arcs_of"]

_SIMILARITY_METRICS = ("cosine", "pearson")
#: The smallest norm that the reference implementation divides by.
_SMALLEST_NORM = 1e-8
_BLOCK = 4096


@dataclass(frozen=True)
class Arcs:
    """Neighbours as weighted arcs, perhaps deeper than the ``k`` that count.

    Attributes
    ----------
    indices : ndarray of uint32, shape (n, depth)
        Nearest first; under a preset the row itself may be among them, with weight 0.
    weights : ndarray of float64, shape (n, depth), or None
        None for ones.
    k : int
        Arcs per row that count.
    metric : str
        Of the search.
    weight : str
        ``"similarity"`` or ``"binary"``: what the weights are. A row that picked itself weighs 0
        among binary ones too.
    n_zero_rows : int
        Rows without a direction.
    """

    indices: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64] | None
    k: int
    metric: str
    weight: str
    n_zero_rows: int

    def first(self) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64] | None]:
        """Return the ``k`` arcs per row that count."""
        weights = self.weights
        return (
            np.ascontiguousarray(self.indices[:, : self.k]),
            None if weights is None else np.ascontiguousarray(weights[:, : self.k]),
        )


def arcs_of(source: Any, plan: Plan, *, spare: int = 0) -> Arcs:
    """Return the arcs of a matrix or of neighbours found already.

    Parameters
    ----------
    source : matrix or Neighbors
        As ``as_arcs_source`` returns it.
    plan : Plan
        Checked parameters.
    spare : int
        Neighbours to seek beyond k where a search is needed, as far as there are rows; neighbours
        found already are used to their full depth.
    """
    self_competes = plan.preset is not None and plan.metric in _SIMILARITY_METRICS
    if isinstance(source, Neighbors):
        table = as_neighbors(source, metric=plan.metric)
        _check_weight(plan, table.metric)
        k = plan.n_neighbors if given(plan.n_neighbors) else table.n_neighbors
        is_full = table.n_neighbors >= table.n_samples - 1
        if not (self_competes and is_full):
            as_neighbors(source, n_neighbors=k)  # refuses more neighbours than were found
        if not spare:
            table = table.prefix(min(k, table.n_neighbors))
    else:
        k, n = plan.n_neighbors, source.shape[0]
        if self_competes and n == 1:  # only the row itself is left to pick
            used = "binary" if plan.weight == "binary" else "similarity"
            return Arcs(np.zeros((1, 1), np.uint32), np.zeros((1, 1)), 1, plan.metric, used, 0)
        _check_weight(plan, plan.metric)
        wanted = min(k, n - 1) if self_competes else k
        table = _search(source, max(wanted, min(k + spare, n - 1)), plan)
    weights = table.arc_weights(str(plan.weight))
    used = "binary" if weights is None else "similarity"
    indices = table.indices
    if self_competes:
        indices, weights = _with_self(indices, table._values, weights)
        k = min(k, indices.shape[1])
    return Arcs(indices, weights, int(k), table.metric, used, table.n_zero_rows)


def _check_weight(plan: Plan, metric: str) -> None:
    if plan.weight == "similarity" and metric not in _SIMILARITY_METRICS:
        rule = f"must be 'auto' or 'binary' for metric {str(metric)!r}"
        raise InvalidInputError("weight", rule, "'similarity'")


def _search(X: Any, k: int, plan: Plan) -> Neighbors:
    asked = {
        "n_neighbors": k,
        "memory_limit": plan.memory_limit,
        "n_jobs": plan.n_jobs,
        "progress": plan.progress,
    }
    floored = _floored(X) if plan.preset is not None and plan.metric == "cosine" else None
    if floored is None:
        return neighbors(X, metric=str(plan.metric), **asked)
    n_zero_rows = int((~floored.any(axis=1)).sum())
    found = neighbors(floored, metric="inner_product", **asked)
    return replace(found, metric="cosine", n_zero_rows=n_zero_rows)


def _with_self(
    indices: npt.NDArray[np.uint32],
    similarities: npt.NDArray[np.float64],
    weights: npt.NDArray[np.float64] | None,
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """Let each row compete among its own neighbours with similarity 0 and weight 0.

    Rows keep their length, so the row itself displaces the last neighbour; only where all other
    rows are neighbours already it is added behind them.
    """
    n, depth = indices.shape
    rows = np.arange(n, dtype=np.uint32)[:, np.newaxis]
    ahead = (similarities > 0) | ((similarities == 0) & (indices < rows))
    place = ahead.sum(axis=1, keepdims=True)
    columns = np.arange(depth + (depth == n - 1))
    source = np.minimum(columns - (columns > place), depth - 1)
    is_self = columns == place
    kept = np.ones_like(similarities) if weights is None else weights
    return (
        np.where(is_self, rows, np.take_along_axis(indices, source, axis=1)),
        np.where(is_self, 0.0, np.take_along_axis(kept, source, axis=1)),
    )


def _floored(X: Any) -> npt.NDArray[np.float64] | None:
    """Return the rows over their norms, the norm taken as at least 1e-8; None if none is smaller.

    The extension's cosine has no such floor, so the few matrices that need one are compared by
    the products of these rows.
    """
    blocks = [X[start : start + _BLOCK] for start in range(0, X.shape[0], _BLOCK)]
    if not any(_has_small_row(to_float(block)) for block in blocks):
        return None
    return np.concatenate([_over_norm(to_float(block).astype(np.float64)) for block in blocks])


def _has_small_row(values: npt.NDArray[Any]) -> bool:
    # A norm is at least the largest magnitude: rows above the floor by it need no second look.
    largest = np.abs(values).max(axis=1)
    small = values[(largest > 0) & (largest < _SMALLEST_NORM)].astype(np.float64)
    return bool((np.sqrt((small**2).sum(axis=1)) < _SMALLEST_NORM).any())


def _over_norm(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    if not np.isfinite(values).all():
        return values  # for the search to refuse, with its row and column
    largest = np.abs(values).max(axis=1, keepdims=True)
    scale = np.where(largest > 0, largest, 1.0)
    norms = scale * np.sqrt(((values / scale) ** 2).sum(axis=1, keepdims=True))
    return np.asarray(values / np.maximum(norms, _SMALLEST_NORM))
