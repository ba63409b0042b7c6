"""Alignment: do two layers agree about what is near?

Three answers for the same samples in two layers. K_X(i) are the k nearest neighbours of sample i
in X, Euclidean, itself left out.

Mutual kNN: mean over i of |K_X(i) ∩ K_Y(i)| / k. Independent layers share k / (n − 1).

CKNNA (Huh, Cheung, Wang & Isola 2024, arXiv 2405.07987): CKA that looks at mutual neighbours only.
With x_i, y_i minus their means and k_ij = ⟨x_i, x_j⟩, l_ij = ⟨y_i, y_j⟩,

    CKNNA = A(X, Y) / √(A(X, X) A(Y, Y)),  A(X, Y) = Σ_i Σ_{j ∈ K_X(i) ∩ K_Y(i)} k_ij l_ij

Information imbalance (Glielmo, Zeni, Cheng, Csányi & Laio, PNAS Nexus 1, pgac039, 2022): where in
Y is the nearest neighbour of X?

    Δ(X → Y) = 2 / n · mean over i of the rank in Y, counted from 1, of i's nearest neighbour in X

2 / n where X tells Y's nearest neighbour, about 1 where it tells nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._result import Result
from layerscope._settings import (
    N_NEIGHBORS,
    MemoryLimit,
    Progress,
    check_int,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope.errors import InvalidTypeError
from layerscope.measures._centred import Centred, Floats, centre_pair, row_blocks
from layerscope.neighbours import Neighbors, neighbors

__all__ = ["Alignment", "alignment"]

_ROWS = 512  # rows whose ranks are counted together
_COLUMNS = 1024  # rows they are compared with at a time
_DEPTH = 2048  # features of one product
_PAIRS = 2**21  # numbers of the pairs that are looked at exactly, or of lists, at a time
_KEPT = 2**30  # bytes that a centred copy may take where no limit is given

Indices = npt.NDArray[np.intp]
Step = Callable[[int], None]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Alignment(Result):
    """How far two layers agree about neighbourhoods.

    Attributes
    ----------
    mutual_knn : float
        Mean share of neighbours that both layers have.
    chance : float
        What independent layers would share, k / (n − 1).
    cknna : float
        CKA over mutual neighbours, in [−1, 1]; NaN where a layer is constant.
    information_imbalance : tuple of float
        Δ(X → Y) and Δ(Y → X). The smaller one goes from the layer that knows more.
    """

    mutual_knn: float
    chance: float
    cknna: float
    information_imbalance: tuple[float, float]


def alignment(
    X: Any,
    Y: Any,
    *,
    n_neighbors: int = N_NEIGHBORS,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> Alignment:
    """Compare the neighbourhoods of two layers: mutual kNN, CKNNA and information imbalance.

    Parameters
    ----------
    X, Y : array-like of shape (n_samples, n_features) and (n_samples, other_features)
        Two layers of the same samples in the same order, at least two rows, floats of any kind.
    n_neighbors : int, default 15
        k of mutual kNN and CKNNA, below the number of rows. The imbalance has no k.
    n_jobs : int, optional
        Threads of the search; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that each search may take, and centred copies beside it. Never changes the result.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    Alignment
        With ``mutual_knn``, ``chance``, ``cknna`` and ``information_imbalance``.

    Raises
    ------
    InvalidInputError
        For different numbers of rows, fewer than two, k not below them, or values not finite.
    InvalidTypeError
        For arguments of a wrong kind.
    MemoryLimitError
        If a search does not fit under ``memory_limit``.

    Notes
    -----
    O(n² d) time. With x_i and y_i minus their means and α(i, j) = 1 where j is among the k nearest
    rows of i in X and in Y,

        CKNNA = A(X, Y) / √(A(X, X) A(Y, Y)),  A(X, Y) = Σ_ij α_ij ⟨x_i, x_j⟩⟨y_i, y_j⟩

    In A(X, X), α(i, j) = 1 where j is among the k nearest rows of i in X.

    The text of Huh et al. takes the mean off one side of each product, ⟨x_i, x_j⟩ − mean over l of
    ⟨x_i, x_l⟩; it is off both sides here, so that a shift of a layer changes nothing. Their code
    (metrics.py of platonic-rep) does neither: it masks the raw products and takes the unbiased HSIC
    of the masked matrices, one of them transposed, finds neighbours by the largest product of rows,
    and adds 1e-6 below the line. So the numbers of the three differ.

    Ranks are exact: rows are compared by float64 products with an error bound, and those that
    the bound leaves open by their float64 distances, equal ones by index. Many equal rows mean
    many such pairs, each of O(d).

    References
    ----------
    Huh et al. 2024, arXiv 2405.07987; Glielmo et al., PNAS Nexus 1, pgac039 (2022).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import alignment
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(200, 2))
    >>> found = alignment(plane, plane[:, :1], n_neighbors=5)
    >>> there, back = found.information_imbalance
    >>> bool(there < 0.2 < back), bool(found.chance < found.mutual_knn < 1)
    (True, True)
    """
    k = check_int("n_neighbors", n_neighbors, low=1, high=2**32 - 1)
    check_jobs(n_jobs)
    for argument, data in (("X", X), ("Y", Y)):
        if isinstance(data, Neighbors):
            rule = "must be activations: the imbalance ranks all rows, not the nearest alone"
            raise InvalidTypeError(argument, rule, "Neighbors")
    limit, watch = check_memory(memory_limit), progress_for(progress, "alignment")
    x, y = centre_pair(X, Y, 2)
    n = x.shape[0]
    of_x, of_y = (
        neighbors(Z, n_neighbors=k, memory_limit=memory_limit, n_jobs=n_jobs, progress=progress)
        for Z in (X, Y)
    )
    if 16 * n * max(x.shape[1], y.shape[1]) <= (_KEPT if limit is None else limit):
        x.keep()
        y.keep()
    done = [0]

    def step(rows: int) -> None:
        done[0] += rows
        if watch is not None:
            watch(done[0], 2 * n)

    mutual, cknna = _mutual(x, y, of_x, of_y)
    there = _rank_sum(of_x.indices[:, 0], of_y, y, step)
    back = _rank_sum(of_y.indices[:, 0], of_x, x, step)
    return Alignment(
        mutual_knn=mutual,
        chance=k / (n - 1),
        cknna=cknna,
        information_imbalance=(2 * there / n**2, 2 * back / n**2),
        settings=record(
            "alignment",
            n_neighbors=k,
            n_samples=n,
            n_features=(x.shape[1], y.shape[1]),
        ),
        warnings=_warnings((("X", x, of_x), ("Y", y, of_y)), cknna),
    )


def _warnings(layers: tuple[tuple[str, Centred, Neighbors], ...], cknna: float) -> tuple[str, ...]:
    found = [f"{name}: {text}" for name, _, table in layers for text in table.warnings]
    constant = [name for name, layer, _ in layers if layer.constant]
    found += [f"{name} is constant, so CKNNA is not defined" for name in constant]
    if math.isnan(cknna) and not constant:
        found.append("every neighbour lies at the mean, so CKNNA is not defined")
    return tuple(found)


def _mutual(x: Centred, y: Centred, of_x: Neighbors, of_y: Neighbors) -> tuple[float, float]:
    """Return mutual kNN and CKNNA.

    Products come from what is known: 2⟨x_i, x_j⟩ = |x_i|² + |x_j|² − |x_i − x_j|².
    """
    n, k = x.shape[0], of_x.n_neighbors
    norms = x.squares(), y.squares()
    shared, both, own_x, own_y = 0, 0.0, 0.0, 0.0
    for rows in row_blocks(n, max(1, _PAIRS // k)):
        key = np.arange(rows.start, rows.stop)[:, None] * n  # so that rows do not meet
        _, p, q = np.intersect1d(
            (key + of_x.indices[rows]).ravel(),
            (key + of_y.indices[rows]).ravel(),
            assume_unique=True,
            return_indices=True,
        )
        products_x = _products(norms[0], of_x, x.scale, rows)
        products_y = _products(norms[1], of_y, y.scale, rows)
        shared += len(p)
        both += float((products_x[p] * products_y[q]).sum())
        own_x += float(np.square(products_x).sum())
        own_y += float(np.square(products_y).sum())
    defined = own_x > 0.0 and own_y > 0.0 and not (x.constant or y.constant)
    cknna = both / math.sqrt(own_x) / math.sqrt(own_y) if defined else math.nan
    return shared / (n * k), cknna


def _products(norms: Floats, table: Neighbors, scale: float, rows: slice) -> Floats:
    distances = table.distances[rows] * scale
    twice = norms[rows, None] + norms[table.indices[rows]] - np.square(distances)
    return np.asarray(twice / 2).ravel()


def _rank_sum(nearest: npt.NDArray[np.uint32], table: Neighbors, y: Centred, step: Step) -> int:
    """Return the sum over rows i of the rank of ``nearest[i]`` among the neighbours of i in y."""
    hit = table.indices == nearest[:, None]
    found = hit.any(axis=1)
    total = int(hit[found].argmax(axis=1).sum()) + int(found.sum())
    rest = np.flatnonzero(~found)
    step(int(found.sum()))
    if not len(rest):
        return total
    norms = y.squares()
    for part in row_blocks(len(rest), _ROWS):
        rows = rest[part]
        others = nearest[rows].astype(np.intp)
        nearer = _count_nearer(y, norms, rows, others)
        # What is not on the list comes after the list.
        total += int(np.maximum(nearer, table.n_neighbors).sum()) + len(rows)
        step(len(rows))
    return total


def _count_nearer(y: Centred, norms: Floats, rows: Indices, others: Indices) -> Indices:
    """Count, for each row, the rows that come before its ``other`` in y.

    |y_i − y_l|² from norms and products is off by at most (8 d + 64) ε (|y_i|² + |y_l|²), which
    covers the rounding of mean, norms, product and of the distance it is compared with.
    """
    n, d = y.shape
    bar = _squared_distances(y, rows, others)
    margin = (8 * d + 64) * np.finfo(np.float64).eps * (norms[rows] + norms.max())
    low, high = (bar - norms[rows] + sign * margin for sign in (-1.0, 1.0))
    counts = np.zeros(len(rows), dtype=np.intp)
    for columns in row_blocks(n, _COLUMNS):
        # |y_l|² − 2⟨y_i, y_l⟩: the distance but for |y_i|², which the bounds have taken over.
        part = _minus_twice_product(y, rows, columns)
        part += norms[columns]
        for own in (rows, others):  # neither the row itself nor the one that is ranked
            at = np.flatnonzero((own >= columns.start) & (own < columns.stop))
            part[at, own[at] - columns.start] = np.inf
        certain, possible = part < low[:, None], part <= high[:, None]
        counts += np.count_nonzero(certain, axis=1)
        if np.count_nonzero(possible) == np.count_nonzero(certain):
            continue
        open_rows, open_columns = np.nonzero(possible & ~certain)
        open_columns += columns.start
        distances, bars = _squared_distances(y, rows[open_rows], open_columns), bar[open_rows]
        first = open_columns < others[open_rows]
        before = (distances < bars) | ((distances == bars) & first)
        counts += np.bincount(open_rows[before], minlength=len(rows))
    return counts


def _minus_twice_product(y: Centred, rows: Indices, columns: slice) -> Floats:
    total = np.zeros((len(rows), columns.stop - columns.start))
    for depth in row_blocks(y.shape[1], _DEPTH):
        total += (-2.0 * y.block(rows, depth)) @ y.block(columns, depth).T
    return total


def _squared_distances(y: Centred, rows: Indices, others: Indices) -> Floats:
    """Return squared distances of pairs of rows as they were given, in float64."""
    found = np.empty(len(rows))
    for part in row_blocks(len(rows), max(1, _PAIRS // y.shape[1])):
        found[part] = np.square(y.plain(rows[part]) - y.plain(others[part])).sum(axis=1)
    return found
