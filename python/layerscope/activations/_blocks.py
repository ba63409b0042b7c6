"""Layers taken a block of rows at a time, so that memory maps need not fit in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope._arrays import Array, BFloat16Array

__all__ = ["row_blocks", "row_ranges"]

_BLOCK_BYTES = 1 << 25


def row_ranges(shape: tuple[int, ...], element_bytes: int) -> Iterator[slice]:
    """Yield slices that cover the first axis, about 32 MB each and at least one row.

    >>> [block.stop for block in row_ranges((5, 4096, 1024), 4)]
    [2, 4, 5]
    """
    row_bytes = max(1, math.prod(shape[1:]) * element_bytes)
    step = max(1, _BLOCK_BYTES // row_bytes)
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def row_blocks(layer: Array) -> Iterator[memoryview]:
    """Yield the bytes of a layer in row-major order, little-endian, a block of rows at a time."""
    values: npt.NDArray[Any] = layer.words if isinstance(layer, BFloat16Array) else layer
    little = values.dtype.newbyteorder("<")
    for rows in row_ranges(values.shape, values.dtype.itemsize):
        block = np.ascontiguousarray(values[rows], dtype=little)
        yield block.reshape(-1).view(np.uint8).data
