"""Label agreement: ours beside the numpy expression of it."""

from __future__ import annotations

from typing import Any

import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import neighbours_from_table, random_table

TITLE = "label agreement, k = 15"
K = 15


def from_table(n: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        table, labels = random_table(n, K)
        found = neighbours_from_table(table)

        def ours(threads: int) -> Any:
            return ls.label_agreement(found, labels, n_jobs=threads).value

        def plain(_threads: int) -> Any:
            same = labels[table] == labels[:, None]
            shares = same.mean(axis=1)
            sums = np.bincount(labels, weights=shares)
            return float(sums.sum() / len(labels))

        return ours, {"numpy": plain}, difference

    return Case(f"from table n={n}", make)


def difference(mine: float, theirs: float) -> str:
    """Say how far two values lie apart."""
    return f"|Δ| {abs(mine - theirs):.0e}"


CASES = [from_table(10_000), from_table(100_000)]

if __name__ == "__main__":
    main(TITLE, CASES)
