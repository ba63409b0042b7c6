"""Label agreement from its definition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["agreement"]


def agreement(neighbours: Iterable[Sequence[int]], labels: Sequence[Any]) -> float:
    """Return the mean over rows of the share of neighbours with the row's label.

    Rows without neighbours are left out; NaN when there are no others.
    """
    shares = [
        sum(labels[j] == labels[i] for j in row) / len(row)
        for i, row in enumerate(neighbours)
        if len(row) > 0
    ]
    return float(np.mean(shares)) if shares else float("nan")
