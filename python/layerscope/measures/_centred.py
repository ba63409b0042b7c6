"""A layer with its mean taken off, in float64, a block at a time.

Measures made of dense products share this. What they compute does not depend on the scale of a
layer, so that layers of extreme scale are multiplied by a power of two on the way, which rounds
nothing; a constant layer becomes exactly zero, whatever its value.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import BFloat16Array, as_matrix, to_float
from layerscope.errors import InvalidInputError

__all__ = ["Centred", "centre_pair", "row_blocks"]

#: Numbers handled together in the first passes: half a megabyte of float64 stays in the cache.
_CHUNK = 2**16
#: Spreads whose fourth powers stay well inside float64.
_PLAIN = (1e-60, 1e60)
#: Tried in turn: the second keeps differences and sums of the largest float64 finite.
_LIFTS = (1.0, 2.0**-100)

Floats = npt.NDArray[np.float64]
Rows = slice | npt.NDArray[Any]
_ALL = slice(None)


def row_blocks(n: int, length: int) -> Iterator[slice]:
    """Cut 0 … n into consecutive slices of ``length``, the last may be shorter."""
    return (slice(start, min(start + length, n)) for start in range(0, n, length))


class Centred:
    """The rows of a layer minus their mean.

    Attributes
    ----------
    shape : tuple of int
        (n_samples, n_features).
    scale : float
        The power of two by which everything was multiplied.
    constant : bool
        Whether all rows are equal.
    """

    def __init__(self, X: Any, argument: str) -> None:
        matrix = as_matrix(X, argument)
        self._given: Any = BFloat16Array(matrix) if matrix.dtype == np.uint16 else matrix
        self.shape: tuple[int, int] = (matrix.shape[0], matrix.shape[1])
        self._kept: Floats | None = None
        for lift in _LIFTS:
            first, mean, spread = self._survey(lift, argument)
            if math.isfinite(spread) and bool(np.isfinite(mean).all()):
                break
        self.constant = spread == 0.0
        plain = self.constant or _PLAIN[0] < spread < _PLAIN[1]
        factor = 1.0 if plain else math.ldexp(1.0, -max(math.frexp(spread)[1], -1000))
        self._lift, self._factor, self._first, self._mean = lift, factor, first, mean
        self.scale = lift * factor

    def _survey(self, lift: float, argument: str) -> tuple[Floats, Floats, float]:
        """Return the first row, the mean less that row, and the largest difference from it."""
        n, d = self.shape
        first = self._floats(slice(0, 1), _ALL)[0] * lift
        total, spread = np.zeros(d), 0.0
        with np.errstate(over="ignore", invalid="ignore"):
            for rows in row_blocks(n, max(1, _CHUNK // d)):
                block = self._floats(rows, _ALL)
                if not (math.isfinite(block.min()) and math.isfinite(block.max())):
                    row, column = np.argwhere(~np.isfinite(block))[0].tolist()
                    where = f"{block[row, column]} at row {rows.start + row}, column {column}"
                    raise InvalidInputError(argument, "must be finite", where)
                # Differences from a row, so that a constant feature gives zeros and its own mean.
                block = (block if lift == 1.0 else block * lift) - first
                spread = max(spread, float(block.max()), -float(block.min()))
                total += block.sum(axis=0)
            return first, total / n, spread

    def _floats(self, rows: Rows, columns: slice) -> Floats:
        part = self._given[rows, columns]
        return np.asarray(to_float(part), dtype=np.float64)

    def keep(self) -> None:
        """Hold all centred values in memory from now on; they are the same values."""
        kept = np.empty(self.shape)
        for rows in row_blocks(self.shape[0], max(1, _CHUNK // self.shape[1])):
            kept[rows] = self.block(rows)
        self._kept = kept

    def block(self, rows: Rows, columns: slice = _ALL) -> Floats:
        """Return centred rows, or a part of their features, stored row by row."""
        if self._kept is not None:
            return np.ascontiguousarray(self._kept[rows, columns])
        block = self._floats(rows, columns)
        # Two steps: a mean far from zero would round away what the rows differ in.
        block = (block if self._lift == 1.0 else block * self._lift) - self._first[columns]
        block -= self._mean[columns]
        return block if self._factor == 1.0 else block * self._factor

    def plain(self, rows: Rows, columns: slice = _ALL) -> Floats:
        """Return rows as they were given, but for the scale."""
        block = self._floats(rows, columns)
        return block if self.scale == 1.0 else block * self._lift * self._factor

    def squares(self) -> Floats:
        """Return the squared norm of every centred row."""
        n, d = self.shape
        found = np.empty(n)
        for rows in row_blocks(n, max(1, _CHUNK // d)):
            found[rows] = np.square(self.block(rows)).sum(axis=1)
        return found


def centre_pair(X: Any, Y: Any, fewest: int, why: str = "") -> tuple[Centred, Centred]:
    """Centre two layers of the same samples, at least ``fewest`` of them."""
    x = Centred(X, "X")
    y = x if Y is X else Centred(Y, "Y")
    n = x.shape[0]
    if y.shape[0] != n:
        rule = f"must have as many rows as X ({n})"
        raise InvalidInputError("Y", rule, f"{y.shape[0]} rows")
    if n < fewest:
        raise InvalidInputError("X", f"must have at least {fewest} rows{why}", f"{n} rows")
    return x, y
