"""Approximate nearest neighbours: ours beside pynndescent, warm."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np

import layerscope as ls
from _bench import THREADS, Agreement, Case, Job, main
from _data import clustered, sparse

TITLE = "approximate neighbours, Euclidean, float32"
K = 10
KINDS = ("clustered", "relu", "overlapping")
SIZES = [(20_000, 64), (200_000, 128), (1_000_000, 128)]
N_PROVEN = 200  # rows that are searched in float64 to count what each side found


def data(kind: str, n: int, d: int) -> np.ndarray:
    """Return clusters, their positive parts, or ten near classes along 24 directions."""
    if kind == "clustered":
        return clustered(n, d)[0]
    if kind == "relu":
        return sparse(n, d)
    generator = np.random.default_rng(n + d)
    directions = generator.standard_normal((24, d), dtype=np.float32) / np.float32(np.sqrt(24))
    X = generator.standard_normal((n, 24), dtype=np.float32) @ directions
    centres = 0.3 * generator.standard_normal((10, d), dtype=np.float32)
    X += centres[generator.integers(10, size=n)]
    X += 0.2 * generator.standard_normal((n, d), dtype=np.float32)
    return X


def case(kind: str, n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X = data(kind, n, d)

        def ours(threads: int) -> Any:
            return ls.neighbors(X, n_neighbors=K, method="approximate", n_jobs=threads).indices

        if (kind, n) == ("clustered", 200_000) and importlib.util.find_spec("pynndescent"):
            print(cold(X), flush=True)
        return ours, peers(X), lambda mine, theirs: recalls(X, mine, theirs)

    small = n <= 20_000
    case_id = f"approximate {kind} n={n} d={d} k={K}"
    return Case(case_id, make, quick=small, repetitions=3 if small else 2)


def peers(X: np.ndarray) -> dict[str, Job]:
    try:
        from pynndescent import NNDescent
    except ImportError:
        return {}

    def descent(threads: int, k: int) -> np.ndarray:
        index = NNDescent(X, n_neighbors=k, n_jobs=threads, random_state=1)
        return without_self(index.neighbor_graph[0])

    # Its recall grows with k alone here: only a search that finds as much as ours is its equal.
    lengths = (K + 1, 20) if len(X) <= 20_000 else (K + 1, 40, 60)
    return {
        f"pynndescent k={length}": lambda threads, length=length: descent(threads, length)
        for length in lengths
    }


# A process of its own: the first call of each compiles. Prints its seconds and those of a second.
COLD = """
import sys
import time
import numpy as np

X, k, threads = np.load(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
for _ in range(2):
    begun = time.perf_counter()
    from pynndescent import NNDescent

    NNDescent(X, n_neighbors=k, n_jobs=threads, random_state=1).neighbor_graph
    print(f"{time.perf_counter() - begun:.1f}")
"""


def cold(X: np.ndarray) -> str:
    """Say how long the first call of a process takes pynndescent, and the second."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/rows.npy", X)
        given = [f"{folder}/rows.npy", str(K + 1), str(THREADS[-1])]
        done = subprocess.run(
            [sys.executable, "-c", COLD, *given], capture_output=True, text=True, check=True
        )
    first, second = done.stdout.split()
    return f"pynndescent k={K + 1}: {first} s cold, {second} s warm, {THREADS[-1]} threads"


def without_self(table: np.ndarray) -> np.ndarray:
    """Take each row out of its own list, wherever it stands, and keep k."""
    own = table == np.arange(len(table))[:, None]
    order = np.argsort(own, axis=1, kind="stable")
    return np.take_along_axis(table, order, axis=1)[:, :K]


def recalls(X: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> str:
    """Count what each side found of the neighbours of a sample of rows, in float64."""
    rows = np.random.default_rng(0).permutation(len(X))[:N_PROVEN]
    found = np.zeros(2)
    for row in rows:
        exact = squares(X, row)
        exact[row] = np.inf
        limit = np.partition(exact, K - 1)[K - 1]
        found += [(exact[table[row]] <= limit).sum() for table in (mine, theirs)]
    ours, peer = found / (K * len(rows))
    return f"recall: ours {ours:.4f}, peer {peer:.4f}"


def squares(X: np.ndarray, row: int) -> np.ndarray:
    """Squared distances to a row in float64, block by block."""
    blocks = np.array_split(X, len(X) // 20_000)
    return np.concatenate([np.square(b.astype(np.float64) - X[row]).sum(axis=1) for b in blocks])


CASES = [case(kind, n, d) for n, d in SIZES for kind in KINDS]

if __name__ == "__main__":
    main(TITLE, CASES, "pynndescent")
