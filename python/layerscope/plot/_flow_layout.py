"""Where the blocks of a flow of communities stand: which are folded, in which order, how high.

Blocks of one layer stand above one another. Their order is sought by the barycentre rule: layers
are swept back and forth, each block moving to the mean place of those it shares samples with; of
all orders seen the one whose ribbons cross least, weighted by their samples, is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["OTHERS", "Flow", "lay_out"]

#: Number of the block that holds what is too small to be shown.
OTHERS = -1
SWEEPS = 12

Counts = npt.NDArray[np.int64]
Order = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Flow:
    """A flow, ready to be drawn.

    Attributes
    ----------
    numbers : list of ndarray of int64
        Numbers of each layer's blocks from top to bottom; :data:`OTHERS` is last where it is.
    sizes : list of ndarray of int64
        Samples of each.
    shared : list of ndarray of int64, shape (blocks, blocks of the next layer)
        Samples in common between each layer's blocks and the next one's.
    n_folded : int
        Numbers that are in :data:`OTHERS`.
    """

    numbers: list[Counts]
    sizes: list[Counts]
    shared: list[Counts]
    n_folded: int


def lay_out(labels: Any, smallest: float) -> Flow:
    """Fold small communities, count what flows, and order the blocks.

    Parameters
    ----------
    labels : array-like of int (L, n)
        Numbers of communities.
    smallest : float
        Communities that never have this share of the samples are folded into one block.
    """
    labels = np.asarray(labels)
    folded, n_folded = _fold(labels, smallest)
    numbers, codes = [], []
    for row in folded:
        found, code = np.unique(row, return_inverse=True)
        numbers.append(found)
        codes.append(code)
    sizes = [
        np.bincount(code, minlength=len(found)) for code, found in zip(codes, numbers, strict=True)
    ]
    shared = [
        _shared(before, after, len(old), len(new))
        for before, after, old, new in zip(codes, codes[1:], numbers, numbers[1:], strict=False)
    ]
    orders = _orders(numbers, sizes, shared)
    return Flow(
        numbers=[found[order] for found, order in zip(numbers, orders, strict=True)],
        sizes=[count[order] for count, order in zip(sizes, orders, strict=True)],
        shared=[
            table[np.ix_(order, after)]
            for table, order, after in zip(shared, orders, orders[1:], strict=False)
        ],
        n_folded=n_folded,
    )


def _fold(labels: npt.NDArray[Any], smallest: float) -> tuple[Counts, int]:
    """Return the labels with small numbers as OTHERS; a single small one is left as it is."""
    largest: dict[int, int] = {}
    for row in labels:
        for number, size in zip(*np.unique(row, return_counts=True), strict=True):
            largest[int(number)] = max(largest.get(int(number), 0), int(size))
    small = [number for number, size in largest.items() if size < smallest * labels.shape[1]]
    if len(small) < 2:
        return labels.astype(np.int64), 0
    return np.where(np.isin(labels, small), OTHERS, labels).astype(np.int64), len(small)


def _shared(before: Counts, after: Counts, n_before: int, n_after: int) -> Counts:
    pairs = np.bincount(before * n_after + after, minlength=n_before * n_after)
    return pairs.reshape(n_before, n_after)


def _orders(
    numbers: Sequence[Counts], sizes: Sequence[Counts], shared: Sequence[Counts]
) -> list[Order]:
    """Return an order of each layer's blocks in which few ribbons cross, OTHERS last."""
    orders = [_last(found, np.argsort(-size, kind="stable"))
              for found, size in zip(numbers, sizes, strict=True)]  # fmt: skip
    best, fewest = orders, _crossings(orders, shared)
    for sweep in range(SWEEPS):
        orders = list(orders)
        places = range(1, len(orders)) if sweep % 2 == 0 else range(len(orders) - 2, -1, -1)
        for place in places:
            there = place - 1 if sweep % 2 == 0 else place + 1
            table = shared[there] if sweep % 2 == 0 else shared[place].T
            centre = _centres(orders[there], sizes[there])
            mean = centre @ table / table.sum(axis=0)
            orders[place] = _last(numbers[place], np.argsort(mean, kind="stable"))
        crossings = _crossings(orders, shared)
        if crossings < fewest:
            best, fewest = orders, crossings
    return best


def _last(numbers: Counts, order: Order) -> Order:
    """Put OTHERS at the end of an order."""
    return order[np.argsort(numbers[order] == OTHERS, kind="stable")]


def _centres(order: Order, sizes: Counts) -> npt.NDArray[np.float64]:
    ends = np.cumsum(sizes[order])
    centres = np.empty(len(order))
    centres[order] = ends - sizes[order] / 2
    return centres


def _crossings(orders: Sequence[Order], shared: Sequence[Counts]) -> float:
    """Return the number of pairs of samples whose ribbons cross."""
    total = 0.0
    for table, order, after in zip(shared, orders, orders[1:], strict=False):
        ordered = table[np.ix_(order, after)].astype(np.float64)
        # Below each block and to the left of it: rows further down, columns further up.
        below = ordered[::-1].cumsum(axis=0)[::-1] - ordered
        left = below.cumsum(axis=1) - below
        total += float((ordered * left).sum())
    return total
