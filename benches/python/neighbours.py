"""Exact nearest neighbours: ours beside faiss flat, scikit-learn's brute force and torch."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import _layers
from _bench import Agreement, Case, Job, main
from _beside import (
    FAISS,
    OURS,
    SKLEARN,
    TORCH,
    beside,
    faiss_level,
    peaks,
    torch_interpreter,
    wider_faiss,
)
from _data import clustered, sparse

TITLE = "exact neighbours, Euclidean, float32: Gaussian mixtures, ReLU-sparse data, real layers"
K = 10
MIXTURES = [(50, 64), (200, 64), (1000, 64), (2000, 64), (10_000, 64), (10_000, 512)]
SMALL = [(n, d) for n in (50, 100, 200, 500, 1000, 2000) for d in (2, 16, 64, 512)]
LARGE = [(20_000, 512), (60_000, 64), (60_000, 512), (10_000, 4096)]
SPARSE = [(10_000, 512), (20_000, 512)]
REAL = ["layer1-pooled", "layer3-pooled", "layer3-flat", "layer2-flat"]
SHORT = [("resnet20", "layer1-pooled"), ("resnet20", "layer2-flat")] + [
    ("resnet56", name) for name in ("layer3-pooled", "layer3-flat")
]
FROM = 5000  # rows from which the peak of memory is measured, and torch takes part
N_PROVEN = 50  # rows that are searched again in float64, whether or not the answers differ


def case(what: str, rows: Callable[[], np.ndarray], n: int, *, quick: bool) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X = np.ascontiguousarray(rows(), dtype=np.float32)
        codes = codes_of(n)
        jobs = {name: here(code, X) for name, (_, code) in codes.items() if name != "torch"}
        if "torch" in codes:
            jobs["torch"] = beside(*codes["torch"], X, K)
        wider = wider_faiss()
        if wider is not None:
            jobs["faiss, AVX-512"] = beside(sys.executable, FAISS, X, K, **wider)
        if n >= FROM:
            print(f"{what}: held at the peak beside the rows: {peaks(codes, X, K)}", flush=True)

        def agreement(mine: Any, theirs: Any) -> str:
            return wrong_rows(X, mine, theirs)

        return jobs.pop("ours"), jobs, agreement

    return Case(what, make, quick=quick, repetitions=5 if n < FROM else 3)


def codes_of(n: int) -> dict[str, tuple[str, str]]:
    """Return ours and the peers that are at hand: the interpreter and the code of each."""
    codes = {"ours": (sys.executable, OURS)}
    if importlib.util.find_spec("faiss") is not None:
        codes[f"faiss flat, {faiss_level()}"] = (sys.executable, FAISS)
    codes["scikit-learn brute"] = (sys.executable, SKLEARN)
    interpreter = torch_interpreter()
    if interpreter is not None and n >= FROM:
        codes["torch"] = (interpreter, TORCH)
    return codes


def here(code: str, X: np.ndarray) -> Job:
    """Run the code of a peer in this process; returns its search."""
    n, d = X.shape
    space: dict[str, Any] = {"np": np, "X": X, "K": K, "n": n, "d": d}
    exec(code, space)
    search: Job = space["search"]
    return search


def wrong_rows(X: np.ndarray, mine: np.ndarray, theirs: np.ndarray) -> str:
    """Count rows with unequal sets, and among them and a sample of all, who is wrong in float64."""
    differ = np.flatnonzero((np.sort(mine, axis=1) != np.sort(theirs, axis=1)).any(axis=1))
    sample = np.random.default_rng(0).permutation(len(X))[:N_PROVEN]
    wrong = {"ours": 0, "peer": 0}
    rows = np.union1d(differ[: 4 * N_PROVEN], sample)
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


def mixtures(sizes: list[tuple[int, int]], *, quick: bool) -> list[Case]:
    return [
        case(f"mixture n={n} d={d} k={K}", lambda n=n, d=d: clustered(n, d)[0], n, quick=quick)
        for n, d in sizes
    ]


def real_layers() -> list[Case]:
    """Return layers of 2,000 images, in the full form of all; none where torch is absent."""
    if (why := _layers.why_not()) is not None:
        print(f"real layers are left out: {why}", file=sys.stderr)
        return []
    cases = []
    for n in (2000, _layers.n_images()):
        for network in _layers.NETWORKS:
            cases += [
                case(
                    f"{network} {name} n={n} k={K}",
                    lambda n=n, network=network, name=name: _layers.layer(network, name, n),
                    n,
                    quick=n == 2000 and (network, name) in SHORT,
                )
                for name in REAL
            ]
    return cases


def cases() -> list[Case]:
    """Return all cases. The short form is a few sizes; ``--full`` adds the others."""
    return [
        *mixtures(MIXTURES, quick=True),
        *mixtures([size for size in SMALL if size not in MIXTURES], quick=False),
        *mixtures(LARGE, quick=False),
        *(
            case(f"relu n={n} d={d} k={K}", lambda n=n, d=d: sparse(n, d), n, quick=n == 10_000)
            for n, d in SPARSE
        ),
        *real_layers(),
    ]


CASES = cases

if __name__ == "__main__":
    main(TITLE, CASES, "scikit-learn", "faiss-cpu")
