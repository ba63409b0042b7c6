"""The feature network, distances between the units of a layer: ours beside scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import pdist, squareform

import layerscope as ls
from _bench import Agreement, Case, Job, main

TITLE = "feature network"


def layer(units: int, samples: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        rng = np.random.default_rng(units + samples)
        X = rng.normal(size=(samples, units)).astype(np.float32)

        def ours(threads: int) -> Any:
            return ls.feature_network(X, n_jobs=threads).distances

        def peer(_threads: int) -> Any:
            return squareform(pdist(X.T.astype(np.float64))) / np.sqrt(samples)

        return ours, {"scipy, pdist": peer}, lambda a, b: f"|Δ| {np.abs(a - b).max():.0e}"

    return Case(f"distances D={units} B={samples}", make, repetitions=5)


CASES = [layer(768, 64), layer(2048, 64)]

if __name__ == "__main__":
    main(TITLE, CASES)
