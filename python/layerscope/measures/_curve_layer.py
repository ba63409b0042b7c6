"""One layer of a modularity curve on fewer rows: without each group, and on seeded draws."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._settings import check_int, given, progress_for
from layerscope.errors import InvalidInputError
from layerscope.measures._jackknife import GROUPS
from layerscope.measures._labelled import Codes
from layerscope.measures._modularity import score
from layerscope.measures._modularity_arcs import Arcs, arcs_of
from layerscope.measures._modularity_plan import Plan
from layerscope.measures._presets import get_preset
from layerscope.neighbours import Neighbors

__all__ = ["Draws", "check_draws", "draw_rows", "subsample_values", "values_without_groups"]

#: Random stream of the first draw; streams from 0 up belong to permutations.
_STREAM = 1 << 32
_USUAL_SIZE = 500


@dataclass(frozen=True)
class Draws:
    """Seeded draws of rows.

    Attributes
    ----------
    count, size : int
        How many, and rows in each; size is None without draws.
    rows : tuple of ndarray of int64
        The rows of each draw, rising.
    """

    count: int
    size: int | None
    rows: tuple[npt.NDArray[np.int64], ...]

    def doubts(self, n: int) -> tuple[str, ...]:
        """Say why the spread over the draws says nothing, where it does."""
        if self.count == 1:
            return ("one subsample has no spread, so subsample_sd is NaN",)
        if self.count and self.size == n:
            return (
                f"every subsample holds all {n} rows, so all are the same and a subsample_sd of 0 "
                "says nothing",
            )
        return ()


def check_draws(n_subsamples: Any, subsample_size: Any, n: int, plan: Plan) -> Draws:
    """Check the two parameters, let a preset fill them in, and draw."""
    preset = get_preset(plan.preset)
    if preset is not None and not given(n_subsamples):
        n_subsamples = preset.n_subsamples
    count = check_int("n_subsamples", n_subsamples, low=0, high=10**5)
    if subsample_size is not None:
        check_int("subsample_size", subsample_size, low=2, high=n, high_means="the rows")
    if count == 0:
        return Draws(0, None, ())
    usual = _USUAL_SIZE if preset is None else preset.subsample_size
    size = min(usual, n) if subsample_size is None else int(subsample_size)
    if plan.preset is None and given(plan.n_neighbors) and plan.n_neighbors >= size:
        rule = f"must be above n_neighbors ({plan.n_neighbors})"
        raise InvalidInputError("subsample_size", rule, size)
    rows = tuple(draw_rows(n, size, plan.random_state, draw) for draw in range(count))
    return Draws(count, size, rows)


def draw_rows(n: int, size: int, random_state: int, draw: int) -> npt.NDArray[np.int64]:
    """Return the rows of a draw, without replacement, rising."""
    return np.sort(_core.permutation(n, random_state, _STREAM + draw)[:size]).astype(np.int64)


def subsample_values(
    source: Any, labels: Codes, draws: Draws, plan: Plan
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Return the modularity on each draw, neighbours sought among its rows, and warnings."""
    if draws.count and isinstance(source, Neighbors):
        sentence = "subsamples need the activations, not their neighbours; their values are NaN"
        return np.full(draws.count, np.nan), (sentence,)
    values = [_value_on(source, rows, labels, plan) for rows in draws.rows]
    return np.array(values, dtype=np.float64), ()


def values_without_groups(
    source: Any, arcs: Arcs, labels: Codes, groups: npt.NDArray[np.uint32], plan: Plan
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    """Return the modularity without each group, neighbours sought among the kept rows.

    The arcs that go deeper than k hold those neighbours already; where a row of a group runs out
    of them, the group is searched anew.
    """
    codes, classes = labels
    n_kept = codes.size - int(np.bincount(groups).max())
    if plan.preset is None and arcs.k >= n_kept:
        sentence = f"n_neighbors ({arcs.k}) leaves no room for a jackknife, so errors are NaN"
        return np.full(GROUPS, np.nan), (sentence,)
    found = _core.modularity_without_groups(
        np.ascontiguousarray(arcs.indices),
        None if arcs.weights is None else np.ascontiguousarray(arcs.weights),
        codes,
        len(classes),
        groups,
        GROUPS,
        arcs.k,
        plan.resolution,
        plan.directed,
        plan.clips,
        plan.n_jobs,
        progress_for(plan.progress, "jackknife"),
    )
    values = np.array(found, dtype=np.float64)  # None becomes NaN
    short = [group for group, value in enumerate(found) if value is None]
    if short and isinstance(source, Neighbors):
        sentence = (
            f"the jackknife needs deeper neighbours (about {2 * arcs.k + 10} for "
            f"{arcs.k} that count) or the activations, so errors are NaN"
        )
        return np.full(GROUPS, np.nan), (sentence,)
    for group in short:
        values[group] = _value_on(source, np.flatnonzero(groups != group), labels, plan)
    return values, ()


def _value_on(source: Any, rows: npt.NDArray[np.int64], labels: Codes, plan: Plan) -> float:
    codes, classes = labels
    bare = replace(plan, n_permutations=0, progress=None)
    return score(arcs_of(source[rows], bare), (codes[rows], classes), bare).value
