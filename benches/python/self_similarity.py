"""Self-similarity of a layer's units: ours beside a sort in numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main

TITLE = "self-similarity"


def by_sorting(X: np.ndarray) -> float:
    """Return the paper's rate from sorted distances, in float64 by one product."""
    F = X.T.astype(np.float64)
    D, B = F.shape
    squares = (F * F).sum(1)
    C = np.sqrt(np.maximum(squares[:, None] + squares - 2 * F @ F.T, 0) / B)
    c = np.sort(C[np.triu_indices(D, 1)])
    x = np.linspace(np.log1p(c[0]), np.log1p(c[-1]), 256)
    theta = np.expm1(x)
    theta[0], theta[-1] = c[0], c[-1]
    p = np.searchsorted(c, theta, side="right") / len(c)
    boxes = D - (D - 1) * np.log(1 + (D - 1) * p) / np.log(D)
    line = (x[-1] - x) / (x[-1] - x[0])
    return float(2 * np.abs(np.log(boxes) / np.log(D) - line).mean())


def layer(units: int, samples: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        rng = np.random.default_rng(units + samples)
        X = rng.normal(size=(samples, units)).astype(np.float32)

        def ours(threads: int) -> Any:
            return ls.self_similarity(X, n_null=0, n_jobs=threads).value

        def peer(_threads: int) -> Any:
            return by_sorting(X)

        return ours, {"numpy, sorted": peer}, lambda a, b: f"|Δ| {abs(a - b):.0e}"

    return Case(f"paper D={units} B={samples}", make, repetitions=5)


CASES = [layer(384, 64), layer(768, 64), layer(4096, 64)]

if __name__ == "__main__":
    main(TITLE, CASES)
