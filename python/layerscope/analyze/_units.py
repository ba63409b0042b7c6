"""Self-similarity of every layer's units, as far as a report can afford it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from layerscope._result import StackResult
from layerscope.errors import MemoryLimitError, in_layer
from layerscope.measures import per_layer
from layerscope.measures.self_similarity import self_similarity, unmeasured
from layerscope.neighbours import Neighbors

if TYPE_CHECKING:
    from layerscope.analyze._plan import Plan

__all__ = ["MOST_SAMPLES", "MOST_UNITS", "unit_similarity"]

#: Samples drawn from a layer: distances between units need few, and twenty nulls are drawn.
MOST_SAMPLES = 256
#: Units beyond which a layer is left out: such widths are flattened maps, whose units are channels.
MOST_UNITS = 4096


def unit_similarity(
    layers: Mapping[str, Any], plan: Plan, warnings: list[str]
) -> dict[str, StackResult]:
    """Measure the layers whose units are few enough, on the same seeded samples."""
    lacking = [name for name, X in layers.items() if isinstance(X, Neighbors)]
    if lacking:
        warnings.append(
            "self_similarity is left out: it needs activations, and of layer "
            f"{lacking[0]!r} only the neighbours were given"
        )
        return {}
    rows = np.arange(plan.n_samples)
    if plan.n_samples > MOST_SAMPLES:
        drawn = np.random.default_rng(plan.random_state).permutation(plan.n_samples)
        rows = np.sort(drawn[:MOST_SAMPLES])
    results = {}
    for name, X in layers.items():
        width = int(np.prod(X.shape[1:]))
        if width > MOST_UNITS:
            why = (
                f"it has {width} columns, more than {MOST_UNITS}: flattened maps have a unit per "
                "channel, so average them over positions first (pool)"
            )
            results[name] = unmeasured(width, len(rows), why)
            continue
        with in_layer(name):
            try:
                found = self_similarity(
                    X[rows],
                    preset=plan.unit_preset,
                    random_state=plan.random_state,
                    n_jobs=plan.n_jobs,
                    memory_limit=plan.memory_limit,
                )
                # Dead and duplicate units are common after a ReLU: numbers, not warnings, here.
                results[name] = found if np.isnan(found.value) else replace(found, warnings=())
            except MemoryLimitError as error:
                results[name] = unmeasured(width, len(rows), str(error))
    return {"self_similarity": per_layer("self_similarity", results)}
