"""Linear CKA and alignment of two layers: ours beside plain numpy expressions."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import layerscope as ls
from _bench import Agreement, Case, Job, main

TITLE = "two layers side by side: linear CKA, and alignment"


def layers(n: int, d: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    rng = np.random.default_rng(n + d)
    x = rng.normal(size=(n, d)).astype(np.float32)
    return x, (x + rng.normal(size=x.shape)).astype(np.float32)


def cka(n: int, d: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        x, y = layers(n, d)

        def ours(threads: int) -> Any:
            return ls.cka(x, y, n_jobs=threads).value

        def plain(dtype: Any) -> Job:
            def expression(_threads: int) -> Any:
                a, b = (z.astype(dtype) for z in (x, y))
                a, b = a - a.mean(axis=0), b - b.mean(axis=0)
                both, own, other = (np.linalg.norm(p) for p in (a.T @ b, a.T @ a, b.T @ b))
                return float(both**2 / (own * other))

            return expression

        return (
            ours,
            {"numpy float64": plain(np.float64), "numpy float32": plain(np.float32)},
            difference,
        )

    return Case(f"cka n={n} d={d}", make, quick=quick, repetitions=5)


def imbalance(n: int, d: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        x, y = layers(n, d)

        def ours(threads: int) -> Any:
            return ls.alignment(x, y, n_jobs=threads).information_imbalance[0]

        def ranks(_threads: int) -> Any:
            a, b = (squared_distances(z.astype(np.float64)) for z in (x, y))
            rows = np.arange(n)
            found = []
            for near, far in ((a, b), (b, a)):
                there = far[rows, near.argmin(axis=1)]
                found.append(2 * ((far < there[:, None]).sum() + n) / n**2)
            return found[0]

        return ours, {"numpy, imbalance alone": ranks}, difference

    return Case(f"alignment n={n} d={d}", make, quick=quick, repetitions=3)


def squared_distances(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    norms = np.square(x).sum(axis=1)
    found: npt.NDArray[np.float64] = norms[:, None] + norms - 2 * x @ x.T
    np.fill_diagonal(found, np.inf)
    return found


def difference(mine: float, theirs: float) -> str:
    """Say how far two numbers lie apart."""
    return f"|Δ| {abs(mine - theirs):.0e}"


CASES = [
    cka(10_000, 512),
    cka(2_000, 4096, quick=False),
    imbalance(2_000, 64),
    imbalance(8_000, 512, quick=False),
]

if __name__ == "__main__":
    main(TITLE, CASES)
