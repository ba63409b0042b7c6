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
from typing import Any, cast

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
    given,
    record,
)
from layerscope._table import Table
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.measures._flattened import flattened
from layerscope.measures._nnts_paths import MOST_KS, count_shared
from layerscope.measures._presets import get_stack_preset

__all__ = ["MOST_KS", "NNTS", "nnts"]


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
        95 % percentile interval of ``matrix`` over resampled samples, whose neighbourhoods stay
        as they are: narrower than the spread over new samples. NaN without a bootstrap.
    low_by_k, high_by_k : ndarray of float64, shape (len(ks), L, L)
        The same at every k of a tuple; of an integer at the largest k alone, NaN before it.
    chance : float
        NNTS of two independent layers at the largest k.
    chance_by_k : ndarray of float64, shape (len(ks),)
        The same at every k.
    per_sample : ndarray of float32, shape (L, L, n), or None
        The Jaccard index of every sample at the largest k.
    per_sample_by_k : ndarray of float32, shape (len(ks), L, L, n), or None
        The same at every k of a tuple; None for an integer.
    """

    matrix: npt.NDArray[np.float64]
    ks: tuple[int, ...]
    by_k: npt.NDArray[np.float64]
    overlap: npt.NDArray[np.float64]
    overlap_by_k: npt.NDArray[np.float64]
    adjusted: npt.NDArray[np.float64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    low_by_k: npt.NDArray[np.float64]
    high_by_k: npt.NDArray[np.float64]
    chance: float
    chance_by_k: npt.NDArray[np.float64]
    per_sample: npt.NDArray[np.float32] | None
    per_sample_by_k: npt.NDArray[np.float32] | None

    @property
    def adjusted_by_k(self) -> npt.NDArray[np.float64]:
        """``adjusted`` at every k, shape (len(ks), L, L)."""
        pairs = zip(self.by_k, self.chance_by_k.tolist(), strict=True)
        return np.stack([_adjusted(matrix, chance) for matrix, chance in pairs])

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
    n_neighbors: int | Sequence[int] | npt.NDArray[np.integer] = N_NEIGHBORS,
    metric: str = METRIC,
    n_bootstrap: int = 200,
    per_sample: bool = False,
    preset: str | None = None,
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
        An integer means every k from 1 to it; a tuple means those k, as do a list, a range and an
        array.
    metric : str, default "euclidean"
        Distance of the neighbours, see :func:`layerscope.neighbors`.
    n_bootstrap : int, default 200
        Resamples of the samples behind ``low`` and ``high``; 0 leaves them NaN. The samples drawn
        are the same for every pair of layers and every k.
    per_sample : bool, default False
        Keep the value of every sample: L² n float32, at every k of a tuple.
    preset : {"nnts2020"}, optional
        The settings of the paper: k = 15, Euclidean, and layers may be maps or token sequences,
        which are flattened. A parameter given beside it departs from it.
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
    paper = get_stack_preset(preset)
    if paper is not None:
        n_neighbors = n_neighbors if given(n_neighbors) else paper.n_neighbors
        metric = metric if given(metric) else paper.metric
        stack = flattened(stack)
    seed = check_seed(random_state)
    if not isinstance(per_sample, bool):
        raise InvalidTypeError("per_sample", "must be True or False", repr(per_sample))
    draws = check_int("n_bootstrap", n_bootstrap, low=0)
    ks = _check_ks(n_neighbors)
    every_k = not _is_int(n_neighbors)
    counted = count_shared(
        stack,
        ks,
        n_neighbors=max(ks) if every_k else cast(int, n_neighbors),
        metric=metric,
        n_bootstrap=draws,
        seed=seed,
        keep_shared=per_sample,
        every_k=every_k,
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
    low, high = _squares(interval, len(ks), n_layers)
    kept = ks if every_k else ks[-1:]
    values = _per_sample(shared, n_layers, n, kept) if per_sample else None
    return NNTS(
        layers=layers,
        matrix=by_k[-1].copy(),
        ks=ks,
        by_k=by_k,
        overlap=overlap_by_k[-1].copy(),
        overlap_by_k=overlap_by_k,
        adjusted=_adjusted(by_k[-1], chance),
        low=low[-1].copy(),
        high=high[-1].copy(),
        low_by_k=low,
        high_by_k=high,
        chance=chance,
        chance_by_k=chance_by_k,
        per_sample=None if values is None else values[-1],
        per_sample_by_k=values if every_k else None,
        settings=record(
            "nnts",
            n_neighbors=ks if every_k else ks[-1],
            metric=counted.metric,
            n_bootstrap=draws,
            per_sample=per_sample,
            preset=preset,
            random_state=seed,
            n_samples=n,
        ),
        warnings=counted.warnings,
    )


def _is_int(n_neighbors: object) -> bool:
    return not isinstance(n_neighbors, tuple | list | range) and np.ndim(n_neighbors) == 0  # type: ignore[arg-type]


def _check_ks(n_neighbors: object) -> tuple[int, ...]:
    if _is_int(n_neighbors):
        if not isinstance(n_neighbors, int | np.integer):
            rule = "must be an integer of at least 1, or a tuple of such"
            value = f"{n_neighbors!r}"[:60] + f" ({type(n_neighbors).__name__})"
            raise InvalidTypeError("n_neighbors", rule, value)
        means = "every k from 1 up; a larger k is asked for alone, as a tuple"
        most = check_int("n_neighbors", n_neighbors, low=1, high=MOST_KS, high_means=means)
        return tuple(range(1, most + 1))
    if isinstance(n_neighbors, np.ndarray) and n_neighbors.ndim != 1:
        rule = "must be an integer, or name the k in one dimension"
        raise InvalidInputError("n_neighbors", rule, f"an array of shape {n_neighbors.shape}")
    several = cast(Sequence[object], n_neighbors)
    if len(several) == 0:
        raise InvalidInputError("n_neighbors", "must name at least one k", n_neighbors)
    if len(several) > MOST_KS:
        raise InvalidInputError("n_neighbors", f"must name at most {MOST_KS} k", len(several))
    return tuple(sorted({check_int("n_neighbors", k, low=1) for k in several}))


def _adjusted(matrix: npt.NDArray[np.float64], chance: float) -> npt.NDArray[np.float64]:
    if chance >= 1.0:
        return np.ones_like(matrix)
    return (matrix - chance) / (1.0 - chance)


def _squares(
    interval: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]] | None,
    n_ks: int,
    n_layers: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Spread the ends per k and pair over symmetric matrices with ones on the diagonal.

    Ends of fewer than all k are those of the largest; the others stay NaN.
    """
    low = np.full((n_ks, n_layers, n_layers), np.nan)
    high = low.copy()
    if interval is not None:
        a, b = np.triu_indices(n_layers, 1)
        every = np.arange(n_layers)
        for squares, ends in ((low, interval[0]), (high, interval[1])):
            by_k = ends.reshape(-1, len(a)) if len(a) else np.empty((n_ks, 0))
            known = squares[n_ks - len(by_k) :]
            known[:, a, b] = by_k
            known[:, b, a] = by_k
            known[:, every, every] = 1.0
    return low, high


def _per_sample(
    shared: npt.NDArray[np.uint16] | None, n_layers: int, n: int, ks: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    values = np.ones((len(ks), n_layers, n_layers, n), dtype=np.float32)
    pairs = list(zip(*np.triu_indices(n_layers, 1), strict=True))
    if shared is not None and pairs:
        for at, k in enumerate(ks):
            h = np.arange(k + 1)
            share = (h / (2 * k - h)).astype(np.float32)
            for row, (a, b) in enumerate(pairs, at * len(pairs)):
                values[at, a, b] = values[at, b, a] = share[shared[row]]
    return values
