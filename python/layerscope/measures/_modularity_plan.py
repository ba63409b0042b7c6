"""What a modularity was asked to do, checked once; a preset fills in what was left alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

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
from layerscope.measures._presets import get_preset

__all__ = ["Plan", "check_plan"]

_WEIGHTS = ("auto", "similarity", "binary")


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
