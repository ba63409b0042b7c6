"""Exact nearest neighbours: ours beside faiss flat and scikit-learn's brute force."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
from sklearn.neighbors import NearestNeighbors

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import clustered

TITLE = "exact neighbours, Euclidean, 50 clusters, float32"
K = 10
SIZES = [(50, 64), (200, 64), (1000, 64), (2000, 64), (10_000, 64), (10_000, 512)]
LARGE = [(20_000, 512), (60_000, 64), (60_000, 512), (10_000, 4096)]
N_PROVEN = 50  # rows that are searched again in float64, whether or not the answers differ


def case(n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X, _ = clustered(n, d)
        fitted = NearestNeighbors(n_neighbors=K, algorithm="brute").fit(X)

        def ours(threads: int) -> Any:
            return ls.neighbors(X, n_neighbors=K, n_jobs=threads).indices

        def peer(_threads: int) -> Any:  # its threads are set by threadpoolctl
            return fitted.kneighbors(return_distance=True)[1]

        def agreement(mine: Any, theirs: Any) -> str:
            return wrong_rows(X, mine, theirs)

        return ours, faiss_peer(X) | {"scikit-learn brute": peer}, agreement

    large = n * d > 10_000 * 64
    return Case(
        f"neighbors n={n} d={d} k={K}", make, quick=not large, repetitions=3 if large else 5
    )


def faiss_peer(X: np.ndarray) -> dict[str, Job]:
    """Return faiss flat over the rows as installed, if faiss is there."""
    if importlib.util.find_spec("faiss") is None:
        return {}
    import faiss

    n, d = X.shape
    index = faiss.IndexFlatL2(d)
    index.add(X)

    def flat(threads: int) -> Any:
        faiss.omp_set_num_threads(threads)
        found = index.search(X, K + 1)[1]
        # A row finds itself, but not always first: it is taken out by its number.
        others = found != np.arange(n)[:, None]
        others[others.all(axis=1), -1] = False
        return found[others].reshape(n, K)

    return {"faiss flat": flat}


def wrong_rows(X: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> str:
    """Count rows with unequal sets, and among them and a sample of all, who is wrong in float64."""
    differ = np.flatnonzero((np.sort(mine, axis=1) != np.sort(theirs, axis=1)).any(axis=1))
    sample = np.random.default_rng(0).permutation(len(X))[:N_PROVEN]
    wrong = {"ours": 0, "peer": 0}
    rows = np.union1d(differ, sample)
    wide = X.astype(np.float64)
    for row in rows:
        exact = np.square(wide - wide[row]).sum(axis=1)
        exact[row] = np.inf
        nearest = np.sort(exact)[: mine.shape[1]]
        for name, table in (("ours", mine), ("peer", theirs)):
            found = table[row]
            right = len(np.unique(found)) == len(found) and np.array_equal(
                np.sort(exact[found]), nearest
            )
            wrong[name] += not right
    return (
        f"{len(differ)} rows differ; wrong of {len(rows)} checked: "
        f"ours {wrong['ours']}, peer {wrong['peer']}"
    )


CASES = [case(n, d) for n, d in SIZES + LARGE]

if __name__ == "__main__":
    main(TITLE, CASES, "scikit-learn", "faiss-cpu")
