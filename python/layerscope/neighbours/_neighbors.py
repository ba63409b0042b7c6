"""The neighbours of a layer: what a search has found, and what can be made of it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._json import json_safe
from layerscope._result import Result
from layerscope._settings import check_choice, check_int, check_jobs
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.neighbours._graph import Graph, _graph

__all__ = ["Neighbors"]

WEIGHTS = ("auto", "similarity", "distance", "binary")
SIMILARITY_METRICS = ("cosine", "pearson")
# Recall at which an approximate search stops trying.
ENOUGH = 0.99
_PUBLIC = (
    "n_samples",
    "n_reference",
    "n_neighbors",
    "metric",
    "method",
    "recall",
    "recall_low",
    "recall_high",
    "hubness",
    "n_tied_rows",
    "n_duplicate_rows",
    "n_zero_rows",
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Neighbors(Result):
    """For each row its nearest rows, nearest first; made by :func:`layerscope.neighbors`.

    Attributes
    ----------
    indices : ndarray of uint32, shape (n_samples, n_neighbors)
        Rows of ``X``, nearest first, ties by index.
    distances : ndarray of float64, shape (n_samples, n_neighbors)
        Euclidean distance; 1 − similarity for cosine and pearson; minus the product for
        inner_product. Never falling along a row.
    n_samples : int
        Rows asked about.
    n_reference : int
        Rows of ``X``, among which neighbours were sought.
    n_neighbors : int
        Neighbours per row.
    metric, method : str
        How they were found; ``method`` is the engine that did it.
    recall, recall_low, recall_high : float or None
        Share of the true neighbours that an approximate search found, estimated from a sample of
        rows that were searched exactly, and its 95 % interval; None for exact neighbours.
    hubness : float
        Skewness of the k-occurrence: the third standardised moment (of the population) of how
        often each of the ``n_reference`` rows is a neighbour (Radovanović et al., *Hubs in
        space*, JMLR 2010). NaN when all occur equally often.
    n_tied_rows : int
        Rows whose last neighbour is exactly as near as the next row: the index decided the set.
    n_duplicate_rows : int
        Rows of ``X`` equal to an earlier row.
    n_zero_rows : int
        Rows of ``X`` without a direction: zero under cosine, constant under pearson; they have
        similarity 0 to every row. 0 for the other metrics.

    Examples
    --------
    >>> from layerscope import neighbors
    >>> found = neighbors([[0.0], [1.0], [3.0], [7.0]], n_neighbors=2)
    >>> found.prefix(1).indices.ravel()
    array([1, 0, 1, 2], dtype=uint32)
    """

    indices: npt.NDArray[np.uint32]
    n_reference: int
    metric: str
    method: str
    recall: float | None = None
    recall_low: float | None = None
    recall_high: float | None = None
    n_duplicate_rows: int
    n_zero_rows: int
    # Distances, similarities or products, as the search ordered them.
    _values: npt.NDArray[np.float64]
    # Rows with a tie between ranks j + 1 and j + 2, for each j.
    _tied: npt.NDArray[np.uint64]
    _has_queries: bool = False

    @property
    def n_samples(self) -> int:
        """Rows asked about."""
        return int(self.indices.shape[0])

    @property
    def n_neighbors(self) -> int:
        """Neighbours per row."""
        return int(self.indices.shape[1])

    @property
    def n_tied_rows(self) -> int:
        """Rows whose last neighbour is exactly as near as the next row."""
        return int(self._tied[-1])

    @cached_property
    def distances(self) -> npt.NDArray[np.float64]:
        """Distances to the neighbours, never falling along a row."""
        if self.metric == "euclidean":
            return self._values
        # 0 − x rather than −x: a product of 0 is at distance 0, not −0.
        origin = 1.0 if self.metric in SIMILARITY_METRICS else 0.0
        distances = origin - self._values
        distances.setflags(write=False)
        return distances

    @cached_property
    def hubness(self) -> float:
        """Skewness of the k-occurrence; NaN when all rows occur equally often."""
        counts = np.bincount(self.indices.ravel(), minlength=self.n_reference)
        deviations = counts - counts.mean()
        if counts.min() == counts.max():
            return float("nan")
        return float(np.mean(deviations**3) / np.mean(deviations**2) ** 1.5)

    def prefix(self, k: int) -> Neighbors:
        """Return the ``k`` nearest of these neighbours, without a new search.

        Parameters
        ----------
        k : int
            Neighbours to keep, at most ``n_neighbors``.

        Returns
        -------
        Neighbors
            What a search with ``n_neighbors=k`` finds; its arrays are views of these.

        Raises
        ------
        InvalidInputError
            For ``k`` below 1 or above ``n_neighbors``.

        Examples
        --------
        >>> from layerscope import neighbors
        >>> neighbors([[0.0], [1.0], [3.0]], n_neighbors=2).prefix(1).distances.ravel()
        array([1., 1., 2.])
        """
        k = check_int("k", k, low=1, high=self.n_neighbors, high_means="the neighbours found")
        if k == self.n_neighbors:
            return self
        shorter = replace(
            self,
            indices=self.indices[:, :k],
            _values=self._values[:, :k],
            _tied=self._tied[:k],
            settings={**self.settings, "n_neighbors": k},
        )
        return replace(shorter, warnings=remarks(shorter))

    def graph(
        self,
        *,
        symmetrize: str | None = "mean",
        weight: str = "auto",
        n_jobs: int | None = None,
    ) -> Graph:
        """Build the neighbour graph: an arc from each row to each of its neighbours.

        Parameters
        ----------
        symmetrize : {"mean", "union", "mutual"} or None
            ``"mean"`` is A = (W + Wᵀ)/2: a one-sided pair keeps half its weight. ``"union"``
            keeps the larger of the weights that are present, ``"mutual"`` only pairs present
            both ways. None keeps the arcs, in a directed graph. With distances as weights an
            absent arc is no zero length, so the mean is taken over the arcs present, which is
            the distance itself.
        weight : {"auto", "similarity", "distance", "binary"}
            ``"auto"`` is similarity for cosine and pearson, binary otherwise. Similarities may
            be negative and are kept as they are.
        n_jobs : int, optional
            Threads; all cores when None. Never changes the graph.

        Returns
        -------
        Graph
            With ``n_samples`` nodes. O(n_samples · n_neighbors) time and memory.

        Raises
        ------
        InvalidInputError
            For an unknown word, for similarities of a metric that has none, and for neighbours
            of queries, whose rows and columns are different things.

        Examples
        --------
        >>> from layerscope import neighbors
        >>> found = neighbors([[0.0], [1.0], [3.0]], n_neighbors=1)
        >>> found.graph().to_scipy().toarray()
        array([[0. , 1. , 0. ],
               [1. , 0. , 0.5],
               [0. , 0.5, 0. ]])
        >>> found.graph(symmetrize="mutual").n_edges
        1
        """
        if symmetrize is not None:
            rules = "must be one of 'mean', 'union', 'mutual', None"
            if not isinstance(symmetrize, str):
                raise InvalidTypeError("symmetrize", rules, repr(symmetrize))
            if symmetrize not in {"mean", "union", "mutual"}:
                raise InvalidInputError("symmetrize", rules, repr(symmetrize))
        if self._has_queries:
            rule = "must be None for a graph: the rows of queries are not the rows of X"
            raise InvalidInputError("queries", rule, f"{self.n_samples} rows")
        weights = self.arc_weights(weight)
        if weight == "distance" and symmetrize == "mean":
            # Both directions of a distance are the same number: the mean of those present is
            # their maximum.
            symmetrize = "union"
        parts = _core.graph_from_neighbors(
            self.n_samples,
            np.ascontiguousarray(self.indices),
            None if weights is None else np.ascontiguousarray(weights),
            symmetrize,
            check_jobs(n_jobs),
        )
        return _graph(parts, directed=symmetrize is None)

    def arc_weights(self, weight: str = "auto") -> npt.NDArray[np.float64] | None:
        """Return the weight of each arc, shape (n_samples, n_neighbors); None when all are 1.

        Parameters
        ----------
        weight : {"auto", "similarity", "distance", "binary"}
            As in :meth:`graph`.

        Raises
        ------
        InvalidInputError
            For an unknown word, and for similarities of a metric that has none.

        Examples
        --------
        >>> from layerscope import neighbors
        >>> found = neighbors([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]], n_neighbors=1, metric="cosine")
        >>> found.arc_weights().ravel()
        array([1., 1., 0.])
        """
        weight = check_choice("weight", weight, WEIGHTS)
        similar = self.metric in SIMILARITY_METRICS
        if weight == "similarity" and not similar:
            rule = f"must be 'distance', 'binary' or 'auto' for metric {self.metric!r}"
            raise InvalidInputError("weight", rule, "'similarity'")
        if weight == "distance":
            return self.distances
        return self._values if similar and weight != "binary" else None

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary that ``json.dumps`` takes, with indices and distances as lists."""
        names = (*_PUBLIC, "indices", "distances", "settings", "warnings")
        return {name: json_safe(getattr(self, name)) for name in names}

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in _PUBLIC}
        if self.recall is None:
            shown = {name: entry for name, entry in shown.items() if "recall" not in name}
        width = max(map(len, shown))
        lines = [type(self).__name__]
        for name, entry in shown.items():
            text = f"{entry:.6g}" if isinstance(entry, float) else str(entry)
            lines.append(f"  {name:<{width}}  {text}")
        return "\n".join([*lines, *(f"  warning: {warning}" for warning in self.warnings)])

    def __getstate__(self) -> dict[str, Any]:
        return {spec.name: getattr(self, spec.name) for spec in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.__post_init__()  # pickled arrays come back writeable


def remarks(found: Neighbors) -> tuple[str, ...]:
    """Return what a reader of the neighbours should know, in sentences."""
    said = []
    if found.recall is not None and found.recall < ENOUGH:
        said.append(
            f"an estimated {found.recall:.1%} of the true neighbours were found "
            f"(95 % interval {found.recall_low:.1%} to {found.recall_high:.1%}): "
            "search exactly where that matters"
        )
    if found.n_duplicate_rows:
        said.append(
            f"{found.n_duplicate_rows} of {found.n_reference} rows "
            f"{_verb(found.n_duplicate_rows, 'equal')} an earlier row"
        )
    if found.n_tied_rows:
        said.append(
            f"{found.n_tied_rows} of {found.n_samples} rows had a tie at neighbour "
            f"{found.n_neighbors}: the smaller index decided"
        )
    if found.n_zero_rows:
        state = "zero" if found.metric == "cosine" else "constant"
        be = "is" if found.n_zero_rows == 1 else "are"
        said.append(
            f"{found.n_zero_rows} of {found.n_reference} rows {be} {state}: "
            "similarity 0 to every row"
        )
    n_infinite = int(np.isinf(found._values).sum())
    if n_infinite:
        said.append(
            f"{n_infinite} of {found._values.size} distances overflow to infinity and cannot be "
            "told apart: scale the values down"
        )
    return tuple(said)


def _verb(count: int, verb: str) -> str:
    return f"{verb}s" if count == 1 else verb
