"""NNTS: how alike are the neighbourhoods of two layers?

For a sample i, let K_a(i) be its k nearest neighbours in layer a. Then (Hryniowski & Wong 2020,
arXiv 2012.03793)

    NNTS(a, b) = mean over i of |K_a(i) ∩ K_b(i)| / |K_a(i) ∪ K_b(i)|

symmetric, in [0, 1], 1 on the diagonal. It knows nothing of chance by itself: ``chance`` is what
two independent layers would have, ``adjusted`` is (NNTS − chance) / (1 − chance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._result import StackResult
from layerscope._settings import (
    METRIC,
    N_NEIGHBORS,
    MemoryLimit,
    Progress,
    check_int,
    check_seed,
    record,
)
from layerscope._table import Table
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._nnts_paths import count_shared

__all__ = ["MOST_KS", "NNTS", "nnts"]

#: More k than this are not computed in one pass.
MOST_KS = 254


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NNTS(StackResult):
    """Similarity of neighbourhoods for all pairs of layers.

    Attributes
    ----------
    matrix : ndarray of float64, shape (L, L)
        NNTS at the largest k.
    ks : tuple of int
        The k that were asked for, rising.
    by_k : ndarray of float64, shape (len(ks), L, L)
        NNTS at every k.
    overlap : ndarray of float64, shape (L, L)
        Mean share of common neighbours, mean |∩| / k, at the largest k; also called mutual kNN.
    overlap_by_k : ndarray of float64, shape (len(ks), L, L)
        The same at every k.
    adjusted : ndarray of float64, shape (L, L)
        (matrix − chance) / (1 − chance): 0 for independent layers, 1 for equal ones.
    low, high : ndarray of float64, shape (L, L)
        95 % percentile interval of ``matrix`` over resampled samples; NaN without a bootstrap.
    chance : float
        NNTS of two independent layers at the largest k.
    chance_by_k : ndarray of float64, shape (len(ks),)
        The same at every k.
    per_sample : ndarray of float32, shape (L, L, n), or None
        The Jaccard index of every sample at the largest k.
    """

    matrix: npt.NDArray[np.float64]
    ks: tuple[int, ...]
    by_k: npt.NDArray[np.float64]
    overlap: npt.NDArray[np.float64]
    overlap_by_k: npt.NDArray[np.float64]
    adjusted: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    chance: float
    chance_by_k: npt.NDArray[np.float64]
    per_sample: npt.NDArray[np.float32] | None

    @property
    def table(self) -> Table:
        """One row per pair of layers a < b at the largest k."""
        first, second = np.triu_indices(len(self.layers), 1)
        columns: dict[str, Sequence[Any]] = {
            "layer_a": [self.layers[a] for a in first],
            "layer_b": [self.layers[b] for b in second],
        }
        for name in ("matrix", "low", "high", "overlap", "adjusted"):
            column = getattr(self, name)[first, second].tolist()
            columns["nnts" if name == "matrix" else name] = column
        return Table(columns)

    def plot(self, ax: Any = None, *, k: int | None = None, form: str = "nnts") -> Any:
        """Draw NNTS of all pairs of layers as a map.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.
        k : int, optional
            One of ``ks``; the largest by default.
        form : {"nnts", "adjusted", "overlap"}
            What is drawn; always coloured from 0 to 1.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.nnts(self, ax, k=k, form=form)


def nnts(
    stack: Mapping[str, Any],
    *,
    n_neighbors: int | tuple[int, ...] = N_NEIGHBORS,
    metric: str = METRIC,
    n_bootstrap: int = 200,
    per_sample: bool = False,
    random_state: int = 0,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> NNTS:
    """Compare the neighbourhoods of every pair of layers (NNTS).

    Parameters
    ----------
    stack : Activations or mapping of str to array or Neighbors
        The layers in order, all of the same samples.
    n_neighbors : int or tuple of int, default 15
        An integer means every k from 1 to it; a tuple means those k.
    metric : str, default "euclidean"
        Distance of the neighbours, see :func:`layerscope.neighbors`.
    n_bootstrap : int, default 200
        Resamples of the samples behind ``low`` and ``high``; 0 leaves them NaN.
    per_sample : bool, default False
        Keep the value of every sample: L² n float32.
    random_state : int, default 0
        Seed of the bootstrap.
    n_jobs, memory_limit, progress
        As everywhere; they never change a result.

    Returns
    -------
    NNTS

    Raises
    ------
    InvalidInputError
        If a layer has too few samples for k, holds a value that is not finite, or if layers differ
        in their number of samples.

    Notes
    -----
    O(L² n k) time beside the neighbours, all k at once. Large k of a tuple (above len(ks) n/64),
    and lists that would not fit under ``memory_limit``, are handled as rows of bits, block by
    block: O(L n² d + L² len(ks) n²/64) time, and the whole of it stays under ``memory_limit``. The
    numbers are the same. Source: Hryniowski & Wong 2020, arXiv 2012.03793.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import nnts
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 4))
    >>> result = nnts({"a": x, "turned": x[:, ::-1], "noise": rng.normal(size=(60, 4))})
    >>> float(result.matrix[0, 1]), bool(result.matrix[0, 2] < 0.3)
    (1.0, True)
    """
    seed = check_seed(random_state)
    if not isinstance(per_sample, bool):
        raise InvalidTypeError("per_sample", "must be True or False", repr(per_sample))
    draws = check_int("n_bootstrap", n_bootstrap, low=0)
    ks = _check_ks(n_neighbors)
    counted = count_shared(
        stack,
        ks,
        n_neighbors=n_neighbors if isinstance(n_neighbors, int) else max(ks),
        metric=metric,
        n_bootstrap=draws,
        seed=seed,
        keep_shared=per_sample,
        n_jobs=n_jobs,
        memory_limit=memory_limit,
        progress=progress,
    )
    layers, ks, n = counted.layers, counted.ks, counted.n_samples
    n_layers = len(layers)
    jaccard, overlap, interval, shared = counted.matrices
    by_k = jaccard.reshape(len(ks), n_layers, n_layers)
    overlap_by_k = overlap.reshape(len(ks), n_layers, n_layers)
    chance_by_k = np.array([_core.nnts_chance(n, k) for k in ks])
    chance = float(chance_by_k[-1])
    low, high = _square(interval, n_layers)
    return NNTS(
        layers=layers,
        matrix=by_k[-1].copy(),
        ks=ks,
        by_k=by_k,
        overlap=overlap_by_k[-1].copy(),
        overlap_by_k=overlap_by_k,
        adjusted=_adjusted(by_k[-1], chance),
        low=low,
        high=high,
        chance=chance,
        chance_by_k=chance_by_k,
        per_sample=_per_sample(shared, n_layers, n, ks[-1]) if per_sample else None,
        settings=record(
            "nnts",
            n_neighbors=n_neighbors,
            metric=counted.metric,
            n_bootstrap=draws,
            per_sample=per_sample,
            random_state=seed,
            n_samples=n,
        ),
        warnings=counted.warnings,
    )


def _check_ks(n_neighbors: object) -> tuple[int, ...]:
    if not isinstance(n_neighbors, tuple | list):
        means = "every k from 1 up; a larger k is asked for alone, as a tuple"
        most = check_int("n_neighbors", n_neighbors, low=1, high=MOST_KS, high_means=means)
        return tuple(range(1, most + 1))
    if not n_neighbors:
        raise InvalidInputError("n_neighbors", "must name at least one k", n_neighbors)
    if len(n_neighbors) > MOST_KS:
        raise InvalidInputError("n_neighbors", f"must name at most {MOST_KS} k", len(n_neighbors))
    return tuple(sorted({check_int("n_neighbors", k, low=1) for k in n_neighbors}))


def _adjusted(matrix: npt.NDArray[np.float64], chance: float) -> npt.NDArray[np.float64]:
    if chance >= 1.0:
        return np.ones_like(matrix)
    return (matrix - chance) / (1.0 - chance)


def _square(
    interval: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None, n_layers: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Spread the ends per pair over symmetric matrices with ones on the diagonal."""
    low = np.full((n_layers, n_layers), np.nan)
    high = low.copy()
    if interval is not None:
        upper = np.triu_indices(n_layers, 1)
        for square, ends in ((low, interval[0]), (high, interval[1])):
            square[upper] = ends
            square.T[upper] = ends
            np.fill_diagonal(square, 1.0)
    return low, high


def _per_sample(
    shared: npt.NDArray[np.uint16] | None, n_layers: int, n: int, k: int
) -> npt.NDArray[np.float32]:
    values = np.ones((n_layers, n_layers, n), dtype=np.float32)
    if shared is not None:
        h = np.arange(k + 1)
        share = (h / (2 * k - h)).astype(np.float32)
        for row, (a, b) in enumerate(zip(*np.triu_indices(n_layers, 1), strict=True)):
            values[a, b] = values[b, a] = share[shared[row]]
    return values
