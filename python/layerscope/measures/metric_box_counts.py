"""Box counts of a metric space: how many boxes of each diameter cover points with no graph?

Boxes are the groups of complete linkage, whose height is the diameter of a group: N(l) is the
number of groups left when all unions of a diameter below l are made.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_int,
    check_jobs,
    check_memory,
    progress_for,
    record,
)
from layerscope.errors import InvalidInputError, InvalidTypeError, MemoryLimitError
from layerscope.measures._coverings import BoxCounts, check_sizes

__all__ = ["metric_box_counts"]


def metric_box_counts(
    distances: Any,
    *,
    sizes: Any = None,
    n_sizes: int = 20,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> BoxCounts:
    """Count the boxes that cover points, straight from the distances between them.

    Parameters
    ----------
    distances : array-like, shape (n, n)
        Finite, none negative, the same in both directions, zero on the diagonal. For the samples
        of a layer: ``feature_network(X.T).distances``; for its units, that of ``X``.
    sizes : sequence of float, optional
        Sizes l_B; by default ``n_sizes`` in equal ratios, from the smallest distance above 0 to
        just above the largest.
    n_sizes : int, default 20
        How many sizes there are by default.
    n_jobs : int, optional
        Taken as everywhere; the work is done on one thread.
    memory_limit : int or str, optional
        Bytes of scratch: 8 n², and as many where the distances must be converted.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    BoxCounts
        With ``sizes``, ``counts`` and ``diameter``; distances within a box are below its size.
        :func:`layerscope.fractal_dimension` takes it.

    Raises
    ------
    InvalidTypeError
        For anything that is not numbers.
    InvalidInputError
        For a table that is not square, symmetric, finite, and sizes that are not positive.
    MemoryLimitError
        If the scratch does not fit under ``memory_limit``.

    Notes
    -----
    Takes O(n²) time by chains of nearest neighbours, and a copy of the distances.

    References
    ----------
    Song, Gallos, Havlin, Makse, J. Stat. Mech. P03006 (2007). Murtagh, The Computer Journal 26,
    354 (1983).

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import metric_box_counts
    >>> x = np.arange(8.0)
    >>> metric_box_counts(abs(x[:, None] - x), sizes=[1, 2, 4, 8]).counts
    array([8, 4, 2, 1])
    """
    table = _square(distances)
    n = len(table)
    wanted = check_sizes(sizes, weighted=True)
    n_sizes = check_int("n_sizes", n_sizes, low=2, high=10**6)
    jobs, limit = check_jobs(n_jobs), check_memory(memory_limit)
    needed = table.nbytes * (1 if table is distances else 2)
    if limit is not None and needed > limit:
        raise MemoryLimitError("memory_limit", f"must be at least {needed} bytes", limit)
    watch = progress_for(progress, "box counts")
    heights = _core.linkage_heights(table.reshape(-1), n, jobs, watch)
    diameter = float(table.max())
    if wanted is None:
        wanted = _spread(table, diameter, n_sizes)
    counts = (n - np.searchsorted(heights, wanted, side="left")).astype(np.int64)
    return BoxCounts(
        sizes=wanted,
        counts=counts,
        all_counts=counts[None],
        size_kind="l_B",
        diameter=diameter,
        method="linkage",
        components="all",
        n_nodes=n,
        n_components=1,
        settings=record(
            "metric_box_counts", sizes=None if sizes is None else wanted.tolist(), n_sizes=n_sizes
        ),
    )


def _square(distances: Any) -> npt.NDArray[np.float64]:
    try:
        table = np.ascontiguousarray(distances)
        if table.dtype.kind not in "fiu":
            raise TypeError
        table = table.astype(np.float64, copy=False)
    except (TypeError, ValueError):
        kind = getattr(distances, "dtype", type(distances).__name__)
        raise InvalidTypeError("distances", "must be numbers", kind) from None
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.size == 0:
        rule = "must be a square table of at least one point"
        raise InvalidInputError("distances", rule, f"shape {table.shape}")
    return table


def _spread(table: npt.NDArray[np.float64], largest: float, n_sizes: int) -> Any:
    top = np.nextafter(largest, np.inf)
    # Row by row: a choice from the whole table would be another copy of it.
    low = min(float(row.min(where=row > 0, initial=top)) for row in table)
    sizes = np.exp(np.linspace(np.log(low), np.log(top), n_sizes))
    sizes[0], sizes[-1] = low, top
    return np.unique(sizes)
