"""NNTP: which neighbour pairs persist from layer to layer, and for how long?

A pair of samples is present in a layer if either is among the k nearest neighbours of the other.
Along the chain of layers every maximal run of presence counts once: P[first, last] is the number
of runs from layer ``first`` to layer ``last`` (Hryniowski & Wong 2020, arXiv 2012.03793, its
0-persistent matrix). With ``gap`` (the paper's α) up to that many missing layers inside a run are
bridged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import StackResult
from layerscope._settings import (
    METRIC,
    N_NEIGHBORS,
    DefaultInt,
    MemoryLimit,
    Progress,
    check_int,
    check_jobs,
    given,
    progress_for,
    record,
)
from layerscope._table import Table
from layerscope.errors import InvalidInputError
from layerscope.measures._flattened import flattened
from layerscope.measures._presets import get_stack_preset
from layerscope.neighbours import stack_neighbors

__all__ = ["NNTP", "nntp"]

#: What is taken when no gap is given; a preset can tell it from one that was.
_GAP = DefaultInt(0)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NNTP(StackResult):
    """Runs of neighbour pairs along the chain of layers.

    Attributes
    ----------
    counts : ndarray of int64, shape (L, L)
        ``counts[first, last]``: runs from one layer to the other; zero below the diagonal.
    n_edges : ndarray of int64, shape (L,)
        Pairs present in each layer.
    births, deaths : ndarray of int64, shape (L - 1,)
        Pairs that appear in, and vanish before, the next layer (raw presence, whatever the gap).
    lifetimes : ndarray of int64, shape (L + 1,)
        Runs by length in layers; entry 0 is 0.
    transient_share : ndarray of float64, shape (L,)
        Share of a layer's pairs that form a run of that layer alone; NaN without pairs.
    end_to_end : ndarray of uint32, shape (m, 2)
        Pairs with one run from the first to the last layer, smaller row first, rising.
    gap : int
        The paper's α.
    """

    counts: npt.NDArray[np.int64]
    n_edges: npt.NDArray[np.int64]
    births: npt.NDArray[np.int64]
    deaths: npt.NDArray[np.int64]
    lifetimes: npt.NDArray[np.int64]
    transient_share: npt.NDArray[np.float64]
    end_to_end: npt.NDArray[np.uint32]
    gap: int
    _lists: tuple[npt.NDArray[np.uint32], ...] = field(default=(), repr=False)

    @cached_property
    def table(self) -> Table:
        """One row per layer; births on the way into it, deaths on the way out, None at the ends."""
        return Table(
            {
                "layer": self.layers,
                "n_edges": self.n_edges.tolist(),
                "births": [None, *self.births.tolist()],
                "deaths": [*self.deaths.tolist(), None],
                "transient_share": self.transient_share.tolist(),
            }
        )

    def plot(self, ax: Any = None) -> Any:
        """Draw the runs by first and last layer as a map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.nntp(self, ax)

    def cancelled(self, a: str | int, b: str | int) -> npt.NDArray[np.uint32]:
        """Return the pairs of layer ``a`` that layer ``b`` does not have.

        Parameters
        ----------
        a, b : str or int
            Names or positions of layers.

        Returns
        -------
        ndarray of uint32, shape (m, 2)
            Pairs, smaller row first, rising.

        Raises
        ------
        InvalidInputError
            For a layer that is not in the stack.
        """
        first, second = (
            self._lists[self._position(name, layer)]
            for name, layer in zip("ab", (a, b), strict=True)
        )
        return _core.nntp_cancelled(first, second)

    def _position(self, argument: str, layer: str | int) -> int:
        if isinstance(layer, str) and layer in self.layers:
            return self.layers.index(layer)
        if isinstance(layer, int | np.integer) and not isinstance(layer, bool):
            place = int(layer)
            if -len(self.layers) <= place < len(self.layers):
                return place
        known = ", ".join(repr(name) for name in self.layers)
        raise InvalidInputError(argument, f"must be one of {known} or a position", repr(layer))


def nntp(
    stack: Mapping[str, Any],
    *,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    gap: int = _GAP,
    preset: str | None = None,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> NNTP:
    """Count how long neighbour pairs persist along a chain of layers (NNTP).

    Parameters
    ----------
    stack : Activations or mapping of str to array or Neighbors
        The layers in order, all of the same samples.
    n_neighbors : int, default 15
        Neighbours per sample.
    metric : str, default "euclidean"
        Distance of the neighbours, see :func:`layerscope.neighbors`.
    gap : int, default 0
        The paper's α: missing layers inside a run that are bridged.
    preset : {"nnts2020"}, optional
        The settings of the paper: k = 15, Euclidean, α = 0, and layers may be maps or token
        sequences, which are flattened. A parameter given beside it departs from it.
    n_jobs, memory_limit, progress
        As everywhere; they never change a result.

    Returns
    -------
    NNTP

    Raises
    ------
    InvalidInputError
        If a layer has too few samples for k, holds a value that is not finite, or if layers differ
        in their number of samples.

    Notes
    -----
    O(L n k) time beside the neighbours and 4 bytes per arc. Source: Hryniowski & Wong 2020, arXiv
    2012.03793.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import nntp
    >>> x = np.arange(8.0)[:, None]
    >>> result = nntp({"a": x, "b": 2 * x, "c": -x}, n_neighbors=1)
    >>> result.counts
    array([[0, 0, 7],
           [0, 0, 0],
           [0, 0, 0]])
    """
    paper = get_stack_preset(preset)
    if paper is not None:
        n_neighbors = n_neighbors if given(n_neighbors) else paper.n_neighbors
        metric = metric if given(metric) else paper.metric
        gap = gap if given(gap) else paper.gap
        stack = flattened(stack)
    alpha = check_int("gap", gap, low=0)
    tables = stack_neighbors(
        stack,
        n_neighbors=n_neighbors,
        metric=metric,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
    first = next(iter(tables.values()))
    lists = tuple(np.ascontiguousarray(table.indices) for table in tables.values())
    counts, raw, end_to_end = _core.nntp(
        list(lists), alpha, n_jobs=check_jobs(n_jobs), progress=progress_for(progress, "nntp")
    )
    n_layers = len(tables)
    # Raw runs that cover a layer are its pairs; those that begin or end at it, its turnover.
    covering = np.array([raw[: v + 1, v:].sum() for v in range(n_layers)])
    lengths = np.array([np.trace(counts, offset) for offset in range(n_layers)])
    with np.errstate(invalid="ignore"):
        transient = np.where(covering > 0, np.diag(counts) / np.maximum(covering, 1), np.nan)
    return NNTP(
        layers=tuple(tables),
        counts=counts,
        n_edges=covering,
        births=raw.sum(axis=1)[1:],
        deaths=raw.sum(axis=0)[:-1],
        lifetimes=np.concatenate([[0], lengths]),
        transient_share=transient,
        end_to_end=end_to_end,
        gap=alpha,
        _lists=lists,
        settings=record(
            "nntp",
            n_neighbors=first.n_neighbors,
            metric=first.metric,
            gap=alpha,
            preset=preset,
            n_samples=first.n_samples,
        ),
        warnings=tuple(
            f"layer {name!r}: {warning}" for name in tables for warning in tables[name].warnings
        ),
    )
