"""The modularity of one layer: the call, and the result with its warnings.

Shared by :mod:`layerscope.measures.modularity` and :mod:`layerscope.measures.modularity_curve`.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from layerscope import _core
from layerscope._result import Result
from layerscope._settings import given, progress_for
from layerscope.errors import InvalidInputError
from layerscope.measures._labelled import Codes, class_values
from layerscope.measures._modularity_arcs import Arcs
from layerscope.measures._modularity_plan import Plan
from layerscope.neighbours import Graph

__all__ = ["Modularity", "score", "score_graph"]


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

    def plot(self, ax: Any = None) -> Any:
        """Draw what each class adds, as bars.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.modularity(self, ax)


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
