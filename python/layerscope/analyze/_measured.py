"""One stack measured: neighbours once per layer, then every measure on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layerscope._result import StackResult
from layerscope._settings import progress_for
from layerscope._table import Table
from layerscope.analyze._boxes import layer_boxes
from layerscope.analyze._plan import Plan
from layerscope.analyze._units import unit_similarity
from layerscope.errors import MemoryLimitError, in_layer
from layerscope.measures import (
    ModularityCurve,
    follow_communities,
    intrinsic_dimension,
    label_agreement,
    modularity_curve,
    nntp,
    nnts,
    per_layer,
)
from layerscope.measures.cka import cka_matrix
from layerscope.measures.nnts import MOST_KS
from layerscope.neighbours import Neighbors, neighbors

__all__ = ["Measured", "Watch", "changes", "layer_table", "measure_stack", "n_rows"]


@dataclass(frozen=True)
class Measured:
    """What one stack gave.

    Attributes
    ----------
    results : dict of str to StackResult
        Per measure.
    tables : dict of str to Neighbors
        Per layer, the k neighbours of the report.
    warnings : list of str
        In sentences.
    """

    results: dict[str, StackResult]
    tables: dict[str, Neighbors]
    warnings: list[str] = field(default_factory=list)


class Watch:
    """Progress over all parts of a call, in thousandths of a part.

    Parameters
    ----------
    progress : None, True or callable
        As users give it.
    n_parts : int
        Parts to come, those of all checkpoints together: the layers, and what compares them all.
    """

    def __init__(self, progress: Any, n_parts: int) -> None:
        self._progress = progress
        self._total = 1000 * n_parts
        self._done = 0
        self._what = ""

    def start(self, what: str) -> None:
        """Name what begins."""
        self._what = what
        self._tell(self._done)

    def finish(self) -> None:
        """Count one part."""
        self._done += 1000
        self._tell(self._done)

    def inside(self) -> Callable[[int, int, str], None] | None:
        """Return a progress callable for the work inside one part, or None."""
        if progress_for(self._progress, "") is None:
            return None
        return lambda done, total, _: self._tell(self._done + 999 * done // max(total, 1))

    def _tell(self, done: int) -> None:
        tell = progress_for(self._progress, self._what)
        if tell is not None:
            tell(done, self._total)


def n_rows(X: Any) -> int:
    """Return the number of samples of a layer."""
    return int(X.n_samples if isinstance(X, Neighbors) else X.shape[0])


def measure_stack(layers: Mapping[str, Any], plan: Plan, watch: Watch) -> Measured:
    """Compute the measures of ``plan`` for every layer."""
    deep, euclidean = _all_tables(layers, plan, watch)
    tables = {name: table.prefix(plan.n_neighbors) for name, table in deep.items()}
    results: dict[str, StackResult] = {}
    warnings: list[str] = []
    if "label_agreement" in plan.measures:
        agreement = {}
        for name, table in tables.items():
            with in_layer(name):
                agreement[name] = label_agreement(table, plan.labels)
        results["label_agreement"] = per_layer("label_agreement", agreement)
    if "modularity" in plan.measures:
        results["modularity"] = _curve(layers, deep, plan)
    if "intrinsic_dimension" in plan.measures:
        results |= _dimension(euclidean, tables, warnings)
    if "nnts" in plan.measures:
        results["nnts"] = _similarity(tables, plan)
    if "nntp" in plan.measures:
        results["nntp"] = nntp(tables, n_jobs=plan.n_jobs)
    if "cka" in plan.measures:
        watch.start("CKA of all pairs of layers")
        results |= _alignment(layers, plan, watch, warnings)
        watch.finish()
    if "self_similarity" in plan.measures:
        watch.start("self-similarity of units")
        results |= unit_similarity(layers, plan, warnings)
        watch.finish()
    if "communities" in plan.measures:
        watch.start("communities")
        results["communities"] = _followed(tables, plan, watch)
        watch.finish()
    if "box_counts" in plan.measures:
        watch.start("boxes")
        results |= layer_boxes(tables, plan, watch.inside(), warnings)
        watch.finish()
    for name, table in tables.items():
        warnings += [f"layer {name!r}: {sentence}" for sentence in table.warnings]
    warnings += [sentence for result in results.values() for sentence in result.warnings]
    return Measured(results, tables, warnings)


def _all_tables(
    layers: Mapping[str, Any], plan: Plan, watch: Watch
) -> tuple[dict[str, Neighbors], dict[str, Neighbors]]:
    """Return the neighbours of every layer, and the Euclidean ones that a dimension needs."""
    deep: dict[str, Neighbors] = {}
    euclidean: dict[str, Neighbors] = {}
    wants_dimension = "intrinsic_dimension" in plan.measures
    for name, X in layers.items():
        watch.start(f"neighbours of {name}")
        with in_layer(name):
            deep[name] = _search(X, plan.depth, plan.metric, plan, watch)
            if wants_dimension and plan.metric == "euclidean":
                euclidean[name] = deep[name]
            elif wants_dimension and not isinstance(X, Neighbors):
                depth = min(2, plan.n_samples - 1)
                euclidean[name] = _search(X, depth, "euclidean", plan, watch)
        watch.finish()
    return deep, euclidean


def _search(X: Any, depth: int, metric: str, plan: Plan, watch: Watch) -> Neighbors:
    if isinstance(X, Neighbors):
        return X
    return neighbors(
        X,
        n_neighbors=depth,
        metric=metric,
        memory_limit=plan.memory_limit,
        n_jobs=plan.n_jobs,
        progress=watch.inside(),
    )


def _curve(layers: Mapping[str, Any], deep: Mapping[str, Neighbors], plan: Plan) -> StackResult:
    shared: dict[str, Any] = {
        "n_permutations": plan.n_permutations,
        "random_state": plan.random_state,
        "n_jobs": plan.n_jobs,
    }
    if plan.curve_preset is not None:
        return modularity_curve(
            layers, plan.labels, preset=plan.curve_preset, **plan.asked, **shared
        )
    return modularity_curve(deep, plan.labels, n_neighbors=plan.n_neighbors, **shared)


def _dimension(
    euclidean: Mapping[str, Neighbors], tables: Mapping[str, Neighbors], warnings: list[str]
) -> dict[str, StackResult]:
    lacking = [name for name in tables if name not in euclidean or euclidean[name].n_neighbors < 2]
    if lacking:
        warnings.append(
            "intrinsic_dimension is left out: it needs two Euclidean neighbours of every sample, "
            f"which layer {lacking[0]!r} does not have"
        )
        return {}
    dimension = {}
    for name, table in euclidean.items():
        with in_layer(name):
            dimension[name] = intrinsic_dimension(table)
    return {"intrinsic_dimension": per_layer("intrinsic_dimension", dimension)}


def _similarity(tables: Mapping[str, Neighbors], plan: Plan) -> StackResult:
    k = plan.n_neighbors
    every = k if k <= MOST_KS else (k,)  # every k up to it, or, when they are too many, it alone
    return nnts(tables, n_neighbors=every, random_state=plan.random_state, n_jobs=plan.n_jobs)


def _followed(tables: Mapping[str, Neighbors], plan: Plan, watch: Watch) -> StackResult:
    return follow_communities(
        tables,
        labels=plan.labels,
        random_state=plan.random_state,
        n_jobs=plan.n_jobs,
        memory_limit=plan.memory_limit,
        progress=watch.inside(),
    )


def _alignment(
    layers: Mapping[str, Any], plan: Plan, watch: Watch, warnings: list[str]
) -> dict[str, StackResult]:
    lacking = [name for name, X in layers.items() if isinstance(X, Neighbors)]
    if lacking:
        warnings.append(
            "cka is left out: it needs activations, and of layer "
            f"{lacking[0]!r} only the neighbours were given"
        )
        return {}
    try:
        found = cka_matrix(layers, memory_limit=plan.memory_limit, progress=watch.inside())
    except MemoryLimitError as error:
        warnings.append(f"cka is left out: {error}")
        return {}
    return {"cka": found}


def changes(measured: Mapping[Any, Measured]) -> dict[str, Any]:
    """Return layer -> paired difference of modularity between the last two checkpoints."""
    if len(measured) < 2:
        return {}
    before, after = [entry.results.get("modularity") for entry in list(measured.values())[-2:]]
    if not (isinstance(before, ModularityCurve) and isinstance(after, ModularityCurve)):
        return {}
    return {name: after.difference(name, name, before) for name in after.layers}


def layer_table(measured: Mapping[Any, Measured], layers: Mapping[str, Any]) -> Table:
    """Return one row per layer; with a step column when the steps have names.

    Parameters
    ----------
    measured : mapping of step to Measured
        One entry with the key None for a single stack.
    layers : mapping of str to X
        A stack, for the number of features.
    """
    columns: dict[str, list[Any]] = {}
    for step, entry in measured.items():
        names = list(entry.tables)
        rows: dict[str, Sequence[Any]] = {} if step is None else {"step": [step] * len(names)}
        rows["layer"] = names
        rows["n_features"] = [_n_features(layers[name]) for name in names]
        rows |= _measure_columns(entry.results)
        for fact in ("hubness", "n_tied_rows", "n_duplicate_rows", "n_zero_rows"):
            rows[fact] = [getattr(table, fact) for table in entry.tables.values()]
        for name, column in rows.items():
            columns.setdefault(name, []).extend(column)
    return Table(columns)


def _measure_columns(results: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {}
    if "label_agreement" in results:
        columns["label_agreement"] = results["label_agreement"].value.tolist()
    if "modularity" in results:
        curve = results["modularity"]
        columns["modularity"] = curve.value.tolist()
        columns["modularity_low"] = curve.low.tolist()
        columns["modularity_high"] = curve.high.tolist()
        for name in ("bound", "ratio", "z"):
            columns[name] = getattr(curve, name).tolist()
    if "intrinsic_dimension" in results:
        dimension = results["intrinsic_dimension"]
        columns["intrinsic_dimension"] = dimension.value.tolist()
        columns["intrinsic_dimension_se"] = [
            float(result.standard_error) for result in dimension.results
        ]
    if "nnts" in results:
        similarity = results["nnts"].matrix
        columns["nnts_previous"] = [math.nan, *np.diag(similarity, 1).tolist()]
    if "cka" in results:
        columns["cka_previous"] = [math.nan, *np.diag(results["cka"].matrix, 1).tolist()]
    if "self_similarity" in results:
        units = results["self_similarity"]
        columns["self_similarity"] = units.value.tolist()
        columns["self_similarity_null"] = [float(one.null_mean) for one in units.results]
        columns |= {
            column: [float(getattr(one, column)) for one in units.results]
            for column in ("theta_min", "theta_max", "dead_share", "duplicate_share")
        }
        columns["self_similarity_z"] = [float(one.z) for one in units.results]
    if "communities" in results:
        followed = results["communities"]
        columns["n_communities"] = followed.n_communities.tolist()
        columns["community_modularity"] = followed.modularity.tolist()
        columns["community_splits"] = [None, *followed.splits.tolist()]
        columns["community_merges"] = [None, *followed.merges.tolist()]
        if followed.agreement is not None:
            columns["ami"] = followed.agreement.ami.tolist()
            columns["ari"] = followed.agreement.ari.tolist()
    if "box_counts" in results:
        boxes = results["box_counts"].results
        columns["box_dimension"] = [one.value if one.supported else math.nan for one in boxes]
        columns["box_sizes"] = [int(one.n_sizes) for one in boxes]
        columns["box_law_ratio"] = [one.ratio if one.supported else math.nan for one in boxes]
    if "nntp" in results:
        columns["transient_share"] = results["nntp"].transient_share.tolist()
    return columns


def _n_features(X: Any) -> int | None:
    return None if isinstance(X, Neighbors) else int(math.prod(X.shape[1:]))
