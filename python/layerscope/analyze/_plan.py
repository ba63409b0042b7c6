"""What `analyze` was asked to do, checked once before any work starts."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import encode_labels
from layerscope._settings import (
    METRICS,
    Progress,
    check_choice,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    given,
    progress_for,
)
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._presets import NAMES, PRESETS, STACK_PRESETS, UNIT_PRESETS
from layerscope.neighbours import Neighbors

__all__ = ["DEFERRED", "MEASURES", "Plan", "choose_measures", "make_plan"]

#: Measures of this version, in the order of the report, and whether they need labels.
MEASURES: dict[str, bool] = {
    "label_agreement": True,
    "modularity": True,
    "intrinsic_dimension": False,
    "nnts": False,
    "nntp": False,
    "cka": False,
    "self_similarity": False,
    "communities": False,
    "box_counts": False,
}
#: Measures that are computed only when they are asked for.
ON_REQUEST = frozenset({"communities", "box_counts"})
#: Names that are part of the public surface and not of this version.
DEFERRED = ("separability",)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Checked settings of one analysis.

    Attributes
    ----------
    measures : tuple of str
        What to compute, in the order of the report.
    labels : tuple or None
        One label per sample.
    codes : ndarray of uint32 or None
        The same as codes.
    n_neighbors, metric
        The neighbour table of every layer.
    preset, n_permutations, random_state, n_jobs, memory_limit, progress
        As given.
    asked : mapping
        Those of n_neighbors and metric that the caller set, for functions that take a preset.
    """

    measures: tuple[str, ...]
    labels: tuple[Hashable, ...] | None
    codes: npt.NDArray[np.uint32] | None
    n_samples: int
    n_neighbors: int
    metric: str
    preset: str | None
    n_permutations: int
    random_state: int
    n_jobs: int | None
    memory_limit: int | None
    progress: Progress
    asked: Mapping[str, Any]

    @property
    def curve_preset(self) -> str | None:
        """The preset, where it is one of modularity."""
        return self.preset if self.preset in PRESETS else None

    @property
    def unit_preset(self) -> str | None:
        """The preset, where it is one of self-similarity."""
        return self.preset if self.preset in UNIT_PRESETS else None

    @property
    def rounds(self) -> int:
        """Parts of progress beside one per layer."""
        extra = {"cka", "self_similarity", "communities", "box_counts"}
        return len(extra.intersection(self.measures))

    @property
    def depth(self) -> int:
        """Neighbours kept per row.

        The jackknife drops rows and looks further down the list; a preset's curve, whose graphs
        are another kind, makes its own.
        """
        deep = 2 * self.n_neighbors + 10 if self.curve_preset is None else self.n_neighbors
        return min(deep, self.n_samples - 1)


def make_plan(
    stack: Mapping[str, Any],
    *,
    labels: Any,
    n_neighbors: int,
    metric: str,
    measures: Any,
    preset: str | None,
    n_permutations: int,
    random_state: int,
    n_jobs: int | None,
    memory_limit: int | str | None,
    progress: Progress,
) -> Plan:
    """Check everything that can be checked before the first neighbour is sought.

    Raises
    ------
    InvalidInputError, InvalidTypeError
        With the argument, the rule and the value.
    """
    if preset is not None:
        check_choice("preset", preset, NAMES)
    paper = None if preset is None else PRESETS.get(preset)
    asked: dict[str, Any] = {
        name: value
        for name, value in (("n_neighbors", n_neighbors), ("metric", metric))
        if given(value)
    }
    across = None if preset is None else STACK_PRESETS.get(preset)
    if across is not None:  # ready neighbours have to be what the preset says, too
        asked = {"n_neighbors": across.n_neighbors, "metric": across.metric, **asked}
    settings = paper or across
    if settings is not None:
        n_neighbors = asked.get("n_neighbors", settings.n_neighbors)
        metric = asked.get("metric", settings.metric)
    check_choice("metric", metric, METRICS)
    check_int("n_neighbors", n_neighbors, low=1)
    check_memory(memory_limit)
    progress_for(progress, "")
    n_samples = _n_samples(stack)
    tables = {name: X for name, X in stack.items() if isinstance(X, Neighbors)}
    if tables:
        n_neighbors, metric = _from_tables(tables, asked, None if paper is None else preset)
    if n_samples < 2:
        raise InvalidInputError("stack", "must have at least two samples", n_samples)
    high_means = f"{n_samples} samples, and none is its own neighbour"
    n_neighbors = check_int(
        "n_neighbors", n_neighbors, low=1, high=n_samples - 1, high_means=high_means
    )
    chosen = choose_measures(measures, has_labels=labels is not None)
    codes = entries = None
    if labels is not None:
        codes, classes = encode_labels(labels, n_samples)
        entries = tuple(classes[code] for code in codes)
    return Plan(
        measures=chosen,
        labels=entries,
        codes=codes,
        n_samples=n_samples,
        n_neighbors=n_neighbors,
        metric=str(metric),
        preset=preset,
        n_permutations=check_int("n_permutations", n_permutations, low=0),
        random_state=check_seed(random_state),
        n_jobs=check_jobs(n_jobs),
        memory_limit=check_memory(memory_limit),
        progress=progress,
        asked=asked,
    )


def choose_measures(measures: Any, *, has_labels: bool) -> tuple[str, ...]:
    """Return the measures to compute: those asked for, or the usual ones that the input allows.

    >>> choose_measures(None, has_labels=False)
    ('intrinsic_dimension', 'nnts', 'nntp', 'cka', 'self_similarity')
    >>> choose_measures(["modularity", "label_agreement"], has_labels=True)
    ('label_agreement', 'modularity')
    """
    if measures is None:
        usual = {name: needs for name, needs in MEASURES.items() if name not in ON_REQUEST}
        return tuple(name for name, needs in usual.items() if has_labels or not needs)
    names = [measures] if isinstance(measures, str) else _listed(measures)
    known = ", ".join(MEASURES)
    for name in names:
        if not isinstance(name, str):
            rule = f"must be names among {known}"
            raise InvalidTypeError("measures", rule, f"{name!r} ({type(name).__name__})")
        if name in DEFERRED:
            rule = f"must be measures of this version ({known})"
            raise InvalidInputError("measures", rule, f"{name!r}, which is not part of it yet")
        if name not in MEASURES:
            raise InvalidInputError("measures", f"must be names among {known}", repr(name))
        if MEASURES[name] and not has_labels:
            raise InvalidInputError("labels", f"must be given for {name}", None)
    if not names:
        raise InvalidInputError("measures", f"must name at least one of {known}", "none")
    return tuple(name for name in MEASURES if name in names)


def _listed(measures: Any) -> list[Any]:
    try:
        return list(measures)
    except TypeError:
        rule = "must be None, a name or a sequence of names"
        raise InvalidTypeError("measures", rule, f"{measures!r}"[:60]) from None


def _n_samples(stack: Mapping[str, Any]) -> int:
    first = next(iter(stack.values()))
    return int(first.n_samples if isinstance(first, Neighbors) else first.shape[0])


def _from_tables(
    tables: Mapping[str, Neighbors], asked: Mapping[str, Any], preset: str | None
) -> tuple[int, str]:
    """Return the k and the metric that ready neighbour tables share."""
    if preset is not None:
        rule = "must hold activations for a preset, which draws its own subsamples"
        raise InvalidInputError("stack", rule, "neighbours", layer=next(iter(tables)))
    first = next(iter(tables.values()))
    k, metric = asked.get("n_neighbors", first.n_neighbors), asked.get("metric", first.metric)
    for name, table in tables.items():
        if table._has_queries:
            rule = "must hold neighbours among its own rows, not of queries"
            raise InvalidInputError("stack", rule, f"{table.n_samples} queries", layer=name)
        if table.metric != metric:
            rule = f"must have one metric ({metric})"
            raise InvalidInputError("stack", rule, table.metric, layer=name)
        if "n_neighbors" not in asked and table.n_neighbors != k:
            rule = f"must have as many neighbours in every layer ({k}), or n_neighbors be given"
            raise InvalidInputError("stack", rule, table.n_neighbors, layer=name)
        check_int("n_neighbors", k, low=1, high=table.n_neighbors, high_means=f"those of {name!r}")
    return k, metric
