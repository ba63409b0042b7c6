"""Box counts of every layer's neighbour graph, as far as a report can afford them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from layerscope._result import StackResult
from layerscope.errors import in_layer
from layerscope.measures import box_counts, fractal_dimension, per_layer
from layerscope.neighbours import Neighbors
from layerscope.report._remedies import INSTEAD_OF_STEPS

if TYPE_CHECKING:
    from layerscope.analyze._plan import Plan

__all__ = ["MOST_GREEDY", "layer_boxes"]

#: Samples beyond which greedy colouring, which grows with their square, gives way to sketches.
MOST_GREEDY = 20_000
#: Random orders of the greedy colouring; one alone underestimates the dimension.
_REPEATS = 10

Tell = Callable[[int, int, str], None]


def layer_boxes(
    tables: Mapping[str, Neighbors], plan: Plan, tell: Tell | None, warnings: list[str]
) -> dict[str, StackResult]:
    """Cover the graph of every layer at every size and fit its dimension.

    Parameters
    ----------
    tables : mapping of str to Neighbors
        The neighbours of each layer; an edge joins two samples when either has the other.
    plan : Plan
        Seed, threads and limit.
    tell : callable or None
        Progress over all layers.
    warnings : list of str
        Which layers support no dimension is added.

    Returns
    -------
    dict
        ``"box_counts"`` -> a :class:`FractalDimension` per layer.
    """
    greedy = plan.n_samples <= MOST_GREEDY
    results = {}
    for place, (name, table) in enumerate(tables.items()):
        with in_layer(name):
            counted = box_counts(
                table.graph(),
                method="greedy" if greedy else "sketch",
                n_repeats=_REPEATS if greedy else 1,
                random_state=plan.random_state,
                n_jobs=plan.n_jobs,
                memory_limit=plan.memory_limit,
                progress=_inside(tell, place, len(tables)),
            )
            found = fractal_dimension(counted)
        # Why a dimension is refused is said once below, not in every layer.
        results[name] = found if found.supported else replace(found, warnings=counted.warnings)
    refused = [name for name, one in results.items() if not one.supported]
    if refused:
        which = "any layer" if len(refused) == len(results) else ", ".join(refused)
        most = max(results[name].n_sizes for name in refused)
        warnings.append(
            f"box_counts supports no dimension in {which}: at most {most} sizes lie inside the "
            "window (from 2 on, with at least 5 boxes), and six are needed; graphs of neighbours "
            f"have small diameters. {INSTEAD_OF_STEPS}"
        )
    return {"box_counts": per_layer("box_counts", results)}


def _inside(tell: Tell | None, place: int, count: int) -> Any:
    """Return progress of one layer as a part of that of all."""
    if tell is None:
        return None
    return lambda done, total, what: tell(
        1000 * place + 1000 * done // max(total, 1), 1000 * count, what
    )
