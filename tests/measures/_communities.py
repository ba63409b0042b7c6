"""Communities without a search: labels as a search would number them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layerscope.measures import Communities


def communities(labels: Sequence[int]) -> Communities:
    """Number communities by size, ties by the first sample."""
    labels = np.asarray(labels)
    names, first, sizes = np.unique(labels, return_index=True, return_counts=True)
    order = np.lexsort((first, -sizes))
    rank = {name: place for place, name in enumerate(names[order])}
    settings: dict[str, Any] = {"function": "leiden", "resolution": 1.0, "quality": "modularity"}
    return Communities(
        labels=np.array([rank[label] for label in labels], dtype=np.int64),
        n_communities=len(names),
        sizes=sizes[order].astype(np.int64),
        modularity=0.5,
        quality=0.5,
        converged=True,
        n_iterations=1,
        settings={**settings, "random_state": 0},
    )
