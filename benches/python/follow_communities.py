"""Communities through a chain, and two partitions compared: ours beside numpy and scikit-learn."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main

TITLE = "follow_communities over 10 layers from ready communities; agreement of two partitions"
LAYERS = 10


def following(n: int, groups: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        chain = _chain(n, groups)
        stack = {f"layer{place}": _communities(labels) for place, labels in enumerate(chain)}

        def ours(threads: int) -> int:
            followed = ls.follow_communities(stack, n_jobs=threads)
            return _kept(list(followed.labels))

        def plain(_threads: int) -> int:
            return _kept(_by_scipy([found.labels for found in stack.values()]))

        return ours, {"numpy, scipy": plain}, _same_number

    return Case(f"follow n={n} communities={groups}", make, quick=quick)


def agreement(n: int, classes: int, groups: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        from sklearn import metrics

        from layerscope.measures._partition_agreement import partition_agreement

        rng = np.random.default_rng(n + groups)
        known = rng.integers(classes, size=n)
        found = np.where(rng.random(n) < 0.6, known % groups, rng.integers(groups, size=n))

        def ours(threads: int) -> np.ndarray:
            got = partition_agreement(found, known, n_jobs=threads)
            return np.array([got.ami, got.ari, got.nmi])

        def theirs(_threads: int) -> np.ndarray:
            scores = (
                metrics.adjusted_mutual_info_score,
                metrics.adjusted_rand_score,
                metrics.normalized_mutual_info_score,
            )
            return np.array([score(known, found) for score in scores])

        return ours, {"scikit-learn": theirs}, _largest_difference

    return Case(f"agreement n={n} classes={classes} communities={groups}", make, quick=quick)


def _chain(n: int, groups: int) -> list[np.ndarray]:
    """Partitions of which each is the one before with a third of the samples moved."""
    rng = np.random.default_rng(n + groups)
    chain = [rng.integers(groups, size=n)]
    while len(chain) < LAYERS:
        moved = rng.random(n) < 1 / 3
        chain.append(np.where(moved, rng.integers(groups, size=n), chain[-1]))
    return chain


def _communities(labels: np.ndarray) -> Any:
    """Wrap labels as a search would number them."""
    from layerscope.measures import Communities

    names, sizes = np.unique(labels, return_counts=True)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty(names.max() + 1, dtype=np.int64)
    rank[names[order]] = np.arange(len(names))
    return Communities(
        labels=rank[labels],
        n_communities=len(names),
        sizes=sizes[order],
        modularity=float("nan"),
        quality=float("nan"),
        converged=True,
        n_iterations=1,
        settings={
            "function": "leiden", "resolution": 1.0, "quality": "modularity", "random_state": 0
        },
    )  # fmt: skip


def _by_scipy(chain: list[np.ndarray]) -> list[np.ndarray]:
    """Return lasting numbers, by a dense assignment per step."""
    from scipy.optimize import linear_sum_assignment

    numbers = np.arange(chain[0].max() + 1)
    numbered = [numbers[chain[0]]]
    following = len(numbers)
    for before, after in itertools.pairwise(chain):
        shape = (before.max() + 1, after.max() + 1)
        table = np.bincount(before * shape[1] + after, minlength=shape[0] * shape[1])
        table = table.reshape(shape)
        either = table.sum(axis=1)[:, None] + table.sum(axis=0) - table
        table[table < 0.1 * either] = 0  # the default of minimum_overlap
        rows, columns = linear_sum_assignment(table, maximize=True)
        rows, columns = (ends[table[rows, columns] > 0] for ends in (rows, columns))
        here = np.full(shape[1], -1)
        here[columns] = numbers[rows]
        new = np.flatnonzero(here < 0)
        here[new] = np.arange(following, following + len(new))
        following += len(new)
        numbers = here
        numbered.append(numbers[after])
    return numbered


def _kept(numbered: list[np.ndarray]) -> int:
    pairs = itertools.pairwise(numbered)
    return sum(int((before == after).sum()) for before, after in pairs)


def _same_number(mine: int, theirs: int) -> str:
    return "as many kept" if mine == theirs else f"{mine} and {theirs} kept"


def _largest_difference(mine: np.ndarray, theirs: np.ndarray) -> str:
    return f"|Δ| {np.abs(mine - theirs).max():.0e}"


CASES = [
    following(10_000, 30),
    following(100_000, 300),
    agreement(10_000, 10, 30),
    agreement(100_000, 100, 300),
    following(1_000_000, 1_000, quick=False),
    agreement(1_000_000, 1_000, 3_000, quick=False),
]

if __name__ == "__main__":
    main(TITLE, CASES)
