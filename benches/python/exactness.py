"""Rows with a wrong neighbour set: ours, faiss flat and scikit-learn on the same float32 input.

Not a timing: ``python benches/python/exactness.py`` prints one table. The truth is the set of
smallest squared distances by differences in float64 of the values given; where distances are
equal, any of the equal rows is right.
"""

from __future__ import annotations

import importlib.util

import numpy as np
from scipy.spatial.distance import cdist

from _bench import print_machine
from _beside import FAISS, OURS, SKLEARN
from neighbours import K, here

N, D = 6000, 128


def data() -> dict[str, np.ndarray]:
    """Return the inputs by name."""
    rng = np.random.default_rng(0)
    gaussian = rng.standard_normal((N, D))
    centres = 30 * rng.standard_normal((50, D))
    tight = centres[rng.integers(50, size=N)] + 0.05 * rng.standard_normal((N, D))
    outlier = gaussian.copy()
    outlier[0] *= 1e6
    scales = gaussian * 10.0 ** rng.uniform(-3, 3, size=D)
    named = {
        "Gaussian": gaussian,
        "ReLU of it": np.maximum(gaussian, 0),
        "shifted by 100": gaussian + 100,
        "shifted by 1000": gaussian + 1000,
        "tight clusters far apart (0.05 against 30)": tight,
        "one row a million times longer": outlier,
        "features of scales 1e-3 to 1e3": scales,
    }
    return {name: np.ascontiguousarray(X, dtype=np.float32) for name, X in named.items()}


def truth(X: np.ndarray) -> np.ndarray:
    """Return the squared distances of all pairs, by differences in float64."""
    wide = X.astype(np.float64)
    squares: np.ndarray = cdist(wide, wide, "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    return squares


def wrong(squares: np.ndarray, nearest: np.ndarray, table: np.ndarray) -> int:
    """Count the rows whose set is not that of the smallest distances."""
    found = np.sort(np.take_along_axis(squares, table.astype(np.int64), axis=1), axis=1)
    in_order = np.sort(table, axis=1)
    repeated = (in_order[:, 1:] == in_order[:, :-1]).any(axis=1)
    return int(((found != nearest).any(axis=1) | repeated).sum())


def main() -> None:
    print_machine("scikit-learn", "faiss-cpu")
    codes = {"ours": OURS, "scikit-learn": SKLEARN}
    if importlib.util.find_spec("faiss") is not None:
        codes["faiss flat"] = FAISS
    print(f"\nrows with a wrong set, of {N:,}; n = {N:,}, d = {D}, k = {K}, float32\n")
    print(
        "| data | " + " | ".join(codes) + " | " + " | ".join(f"{c}, centred" for c in codes) + " |"
    )
    print("|---" * (1 + 2 * len(codes)) + "|")
    for name, X in data().items():
        cells = []
        for given in (X, X - X.mean(axis=0)):
            squares = truth(given)
            nearest = np.sort(np.partition(squares, K - 1, axis=1)[:, :K], axis=1)
            for code in codes.values():
                cells.append(str(wrong(squares, nearest, here(code, given)(2))))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
