"""The modularity of one layer: checked parameters, arcs with or without a paper's quirks, the call.

Shared by :mod:`layerscope.measures.modularity` and :mod:`layerscope.measures.modularity_curve`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import to_float
from layerscope._result import Result
from layerscope._settings import (
    METRICS,
    DefaultStr,
    check_choice,
    check_float,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    given,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._labelled import Codes, class_values
from layerscope.measures._presets import get_preset
from layerscope.neighbours import Graph, Neighbors, as_neighbors, neighbors

__all__ = ["Arcs", "Modularity", "Plan", "arcs_of", "check_plan", "score", "score_graph"]

_WEIGHTS = ("auto", "similarity", "binary")
_SIMILARITY_METRICS = ("cosine", "pearson")
#: The smallest norm that the reference implementation divides by.
_SMALLEST_NORM = 1e-8
_BLOCK = 4096


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Modularity(Result):
    """Modularity of labels, with what is needed to judge it.

    Attributes
    ----------
    value : float
        Q; NaN where the graph has no weight at all.
    bound : float
        1 − γ Σ p_c², the largest value that these class sizes allow; p_c is the class's share of
        the strength (O_c + I_c) / 2T, with ``directed=True`` too. The value of a directed graph
        may exceed it where γ is above 2.
    ratio : float
        Q / bound, Newman's assortativity: comparable between numbers of classes. NaN where the
        bound is not positive.
    per_class : dict
        Label -> its term of the sum.
    same_label_share : float
        Share of arcs whose ends have one label, each arc counted once whatever it weighs.
    null_mean, null_sd : float
        Over permuted labels on the same graph (ddof 1); NaN without permutations.
    z : float
        (value − null_mean) / null_sd; NaN where the spread is zero.
    n_zero_rows : int
        Rows without a direction, under cosine and pearson.
    n_negative_edges : int
        Arcs of a neighbour table, or edges of a graph, with a negative weight.
    """

    value: float
    bound: float
    ratio: float
    per_class: dict[Hashable, float]
    same_label_share: float
    null_mean: float
    null_sd: float
    z: float
    n_zero_rows: int
    n_negative_edges: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Checked parameters.

    ``n_neighbors``, ``metric`` and ``weight`` keep their ``Default*`` type where they were left
    alone, so that neighbours found already may keep their own.
    """

    n_neighbors: int
    metric: str
    weight: str
    resolution: float
    directed: bool
    n_permutations: int
    preset: str | None
    random_state: int
    n_jobs: int | None
    memory_limit: int | None
    progress: Any

    @property
    def clips(self) -> bool:
        """Whether negative weights become 0."""
        return self.preset is None

    def settings(self, function: str, **more: Any) -> dict[str, Any]:
        """Return the record of a call."""
        return record(
            function,
            **more,
            resolution=self.resolution,
            directed=self.directed,
            n_permutations=self.n_permutations,
            preset=self.preset,
            random_state=self.random_state,
        )


def check_plan(
    *,
    n_neighbors: Any,
    metric: Any,
    weight: Any,
    resolution: Any,
    directed: Any,
    n_permutations: Any,
    preset: Any,
    random_state: Any,
    n_jobs: Any,
    memory_limit: Any,
    progress: Any,
) -> Plan:
    """Check every parameter; a preset fills in those that were left alone."""
    chosen = get_preset(preset)
    if chosen is not None:
        n_neighbors = n_neighbors if given(n_neighbors) else chosen.n_neighbors
        if not given(weight) and not given(metric):
            weight = DefaultStr(chosen.weight)  # not the caller's, so that a graph keeps its own
        metric = metric if given(metric) else chosen.metric
    check_int("n_neighbors", n_neighbors, low=1)
    check_choice("metric", metric, METRICS)
    if weight == "distance":
        rule = "must be one of 'auto', 'similarity', 'binary', which are large for near rows"
        raise InvalidInputError("weight", rule, "'distance'")
    check_choice("weight", weight, _WEIGHTS)
    if not isinstance(directed, bool | np.bool_):
        raise InvalidTypeError("directed", "must be True or False", repr(directed))
    progress_for(progress, "modularity")
    return Plan(
        n_neighbors=n_neighbors,
        metric=metric,
        weight=weight,
        resolution=check_float("resolution", resolution, low=0.0),
        directed=bool(directed),
        n_permutations=check_int("n_permutations", n_permutations, low=0, high=10**6),
        preset=None if chosen is None else chosen.name,
        random_state=check_seed(random_state),
        n_jobs=check_jobs(n_jobs),
        memory_limit=check_memory(memory_limit),
        progress=progress,
    )


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


def score(arcs: Arcs, labels: Codes, plan: Plan, *, function: str = "modularity") -> Modularity:
    """Return the modularity of labels on the first k arcs of each row."""
    codes, classes = labels
    indices, weights = arcs.first()
    found = _core.modularity_from_neighbors(
        indices,
        weights,
        codes,
        len(classes),
        plan.resolution,
        plan.directed,
        plan.clips,
        plan.n_permutations,
        plan.random_state,
        plan.n_jobs,
        progress_for(plan.progress, "modularity"),
    )
    settings = plan.settings(
        function,
        n_neighbors=arcs.k,
        metric=arcs.metric,
        weight=arcs.weight,
    )
    return _result(found, classes, settings, arcs.n_zero_rows, plan)


def score_graph(graph: Graph, labels: Codes, plan: Plan) -> Modularity:
    """Return the modularity of labels on a graph."""
    codes, classes = labels
    if plan.weight == "similarity" and given(plan.weight):
        rule = "must be 'auto' (the weights of the graph) or 'binary' beside a graph"
        raise InvalidInputError("weight", rule, "'similarity'")
    weights = np.ones_like(graph.weights) if plan.weight == "binary" else graph.weights
    found = _core.modularity_from_graph(
        graph.indptr,
        graph.indices,
        weights,
        graph.directed,
        codes,
        len(classes),
        plan.resolution,
        plan.directed,
        plan.clips,
        plan.n_permutations,
        plan.random_state,
        plan.n_jobs,
        progress_for(plan.progress, "modularity"),
    )
    settings = plan.settings(
        "modularity",
        graph="directed" if graph.directed else "undirected",
        weight="binary" if plan.weight == "binary" else "graph",
    )
    return _result(found, classes, settings, 0, plan)


def _result(
    found: tuple[Any, ...],
    classes: tuple[Hashable, ...],
    settings: dict[str, Any],
    n_zero_rows: int,
    plan: Plan,
) -> Modularity:
    value, bound, ratio, per_class, share, n_negative_edges, mean, sd, z = found
    return Modularity(
        value=value,
        bound=bound,
        ratio=ratio,
        per_class=class_values(classes, per_class),
        same_label_share=share,
        null_mean=mean,
        null_sd=sd,
        z=z,
        n_zero_rows=n_zero_rows,
        n_negative_edges=n_negative_edges,
        settings=settings,
        warnings=_warnings(value, len(classes), n_zero_rows, n_negative_edges, plan),
    )


def _warnings(
    value: float, n_classes: int, n_zero_rows: int, n_negative_edges: int, plan: Plan
) -> tuple[str, ...]:
    found = []
    if np.isnan(value):
        found.append("the graph has no weight at all, so modularity is not defined")
    if n_classes == 1:
        found.append("all labels are the same, so modularity says nothing")
    if n_zero_rows:
        found.append(f"{n_zero_rows} rows have no direction and similarity 0 to every other row")
    if n_negative_edges:
        what = "count as 0" if plan.clips else "are kept, as the preset has it"
        found.append(f"{n_negative_edges} edges have a negative weight; these weights {what}")
    return tuple(found)
