"""Intrinsic dimension (TwoNN): ours beside scikit-learn's neighbours and a numpy fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import clustered

TITLE = "intrinsic dimension (TwoNN)"


def fit(first: np.ndarray, second: np.ndarray) -> float:
    """Return the slope through the origin over the lower nine tenths."""
    ratios = np.sort(second / first)
    n, kept = len(ratios), len(ratios) * 9 // 10
    x = np.log(ratios[:kept])
    y = -np.log1p(-np.arange(1, kept + 1) / n)
    return float(x @ y / (x @ x))


def from_rows(n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X, _ = clustered(n, d)

        def ours(threads: int) -> Any:
            return ls.intrinsic_dimension(X, n_jobs=threads).value

        def peer(threads: int) -> Any:
            model = NearestNeighbors(n_neighbors=2, algorithm="brute", n_jobs=threads).fit(X)
            distances, _ = model.kneighbors()  # a row is not its own neighbour
            return fit(distances[:, 0], distances[:, 1])

        return ours, {"scikit-learn and numpy": peer}, difference

    return Case(f"from X n={n} d={d}", make, repetitions=3)


def difference(mine: float, theirs: float) -> str:
    """Say how far two values lie apart, of their size."""
    return f"|Δ|/d {abs(mine - theirs) / mine:.0e}"


CASES = [from_rows(1000, 64), from_rows(5000, 64)]

if __name__ == "__main__":
    main(TITLE, CASES, "scikit-learn")
