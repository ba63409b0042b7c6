"""Tables of distances: room for them, or a refusal that says what there is instead."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope.errors import MemoryLimitError

__all__ = ["empty_table"]


def empty_table(n_rows: int, n_columns: int, kind: Any, limit: int | None) -> npt.NDArray[Any]:
    """Return a table to fill.

    Raises
    ------
    MemoryLimitError
        If it exceeds ``limit`` bytes, or the memory there is.
    """
    bytes_needed = n_rows * n_columns * np.dtype(kind).itemsize
    wanted = f"a table of {n_rows} x {n_columns}, {bytes_needed / 1e9:.3g} GB"
    instead = "ask for some sources=, or for path_statistics, which keeps no table"
    if limit is not None and bytes_needed > limit:
        raise MemoryLimitError("memory_limit", f"must hold the table: {instead}", wanted)
    try:
        return np.empty((n_rows, n_columns), kind)
    except (MemoryError, ValueError):
        rule = f"must have a table that fits into memory: {instead}"
        raise MemoryLimitError("graph", rule, wanted) from None
