"""The jackknife of modularity_curve: one deeper search beside a new search per group."""

from __future__ import annotations

from typing import Any

import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import clustered
from layerscope._arrays import encode_labels
from layerscope.measures._jackknife import GROUPS, groups_for

TITLE = "standard error of modularity, k = 15"


def from_rows(n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X, labels = clustered(n, d)
        groups = groups_for(encode_labels(labels), 0)

        def ours(threads: int) -> Any:
            curve = ls.modularity_curve({"X": X}, labels, n_permutations=0, n_jobs=threads)
            return float(curve.standard_error[0])

        def anew(threads: int) -> Any:
            kept = [groups != group for group in range(GROUPS)]
            values = [
                ls.modularity(X[rows], labels[rows], n_permutations=0, n_jobs=threads).value
                for rows in kept
            ]
            return float(np.sqrt((GROUPS - 1) * np.var(values)))

        return ours, {"searching anew": anew}, difference

    return Case(f"from X n={n} d={d}", make, repetitions=3)


def difference(mine: float, theirs: float) -> str:
    """Say how far two errors lie apart, of their size."""
    return f"|Δ|/se {abs(mine - theirs) / theirs:.0e}"


CASES = [from_rows(500, 64), from_rows(2000, 64)]

if __name__ == "__main__":
    main(TITLE, CASES)
