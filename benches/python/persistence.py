"""NNTS and NNTP over a stack: ours beside dadapy and numpy expressions; how their time grows."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _dadapy import overlaps
from _data import clustered, neighbours_from_table

TITLE = "neighbourhoods over layers: NNTS at every k (peers: the largest k alone) and NNTP"

Lists = npt.NDArray[np.uint32]


def chain(n: int, k: int, n_layers: int) -> list[Lists]:
    """Return lists that change by about a fifth from layer to layer, near rows first."""
    rng = np.random.default_rng(n + k)
    layers = []
    offsets = np.argsort(rng.random((n, 4 * k)), axis=1)[:, :k] + 1
    for _ in range(n_layers):
        fresh = np.argsort(rng.random((n, 4 * k)), axis=1)[:, :k] + 1
        offsets = np.where((rng.random(n) < 0.2)[:, None], fresh, offsets)
        layers.append(((np.arange(n)[:, None] + offsets) % n).astype(np.uint32))
    return layers


def stack_of(layers: list[Lists]) -> dict[str, Any]:
    return {f"layer{i}": neighbours_from_table(lists) for i, lists in enumerate(layers)}


def nnts(n: int, k: int, n_layers: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        layers = chain(n, k, n_layers)
        stack = stack_of(layers)

        def ours(threads: int) -> Any:
            return ls.nnts(stack, n_neighbors=k, n_bootstrap=0, n_jobs=threads).overlap

        def sort(_threads: int) -> Any:
            overlap = np.ones((n_layers, n_layers))
            for a, b in combinations(range(n_layers), 2):
                both = np.sort(np.concatenate([layers[a], layers[b]], axis=1), axis=1)
                shared = (both[:, 1:] == both[:, :-1]).sum()
                overlap[a, b] = overlap[b, a] = shared / (n * k)
            return overlap

        peers = {"numpy sort, one k": sort}
        dadapy = overlaps(np.stack(layers))
        if dadapy is not None:
            peers["dadapy, one k"] = dadapy
        return ours, peers, difference

    return Case(f"nnts n={n} k={k} layers={n_layers}", make, quick=quick, repetitions=3)


def nntp(n: int, k: int, n_layers: int, *, quick: bool = True) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        layers = chain(n, k, n_layers)
        stack = stack_of(layers)

        def ours(threads: int) -> Any:
            return ls.nntp(stack, n_neighbors=k, n_jobs=threads).counts

        def keys(_threads: int) -> Any:
            # One sort of pair and layer in one word; a run is a stretch of neighbouring numbers,
            # and a number left out after the last layer keeps the runs of two pairs apart.
            rows = np.repeat(np.arange(n, dtype=np.int64), k)
            stride = n_layers + 1
            present = np.empty((n_layers, n * k), dtype=np.int64)
            for layer, lists in enumerate(layers):
                other = lists.ravel()
                pair = np.minimum(rows, other) * n + np.maximum(rows, other)
                present[layer] = pair * stride + layer
            held = present.ravel()
            held.sort()
            steps = np.diff(held)
            once = np.concatenate([[True], steps > 0])
            held = held[once]
            apart = np.diff(held) > 1
            first = held[np.concatenate([[True], apart])] % stride
            last = held[np.concatenate([apart, [True]])] % stride
            counts = np.bincount(first * n_layers + last, minlength=n_layers**2)
            return counts.reshape(n_layers, n_layers)

        return ours, {"numpy, one sort": keys}, difference

    return Case(f"nntp n={n} k={k} layers={n_layers}", make, quick=quick, repetitions=3)


def large_k(n: int, d: int, k: int, n_layers: int, *, quick: bool = True) -> Case:
    """From values, since lists of so many neighbours are what this way avoids."""

    def make() -> tuple[Job, dict[str, Job], Agreement]:
        points, _ = clustered(n, d)
        noise = np.random.default_rng(n).standard_normal((n_layers, n, d)).astype(np.float32)
        stack = {f"layer{i}": points + 0.3 * i * noise[i] for i in range(n_layers)}

        def ours(threads: int) -> Any:
            return ls.nnts(stack, n_neighbors=(k,), n_bootstrap=0, n_jobs=threads).overlap

        def numpy_bits(_threads: int) -> Any:
            sets = []
            for x in stack.values():
                squares = np.einsum("ij,ij->i", x, x)
                distances = squares[:, None] + squares - 2 * (x @ x.T)
                np.fill_diagonal(distances, np.inf)
                near = np.zeros((n, n), dtype=bool)
                nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
                np.put_along_axis(near, nearest, True, axis=1)
                sets.append(np.packbits(near, axis=1))
            overlap = np.ones((n_layers, n_layers))
            for a, b in combinations(range(n_layers), 2):
                shared = np.bitwise_count(sets[a] & sets[b]).sum()
                overlap[a, b] = overlap[b, a] = shared / (n * k)
            return overlap

        return ours, {"numpy bits, float32": numpy_bits}, difference

    case = f"nnts n={n} d={d} k={k} layers={n_layers}"
    return Case(case, make, quick=quick, repetitions=3)


def growth(measure: str, n: int, k: int, n_layers: int, factor: str) -> Case:
    """Time one measure at a size, and as a "peer" at twice n, k or layers: the ratio is growth."""
    size = {"n": n, "k": k, "n_layers": n_layers}
    twice = size | {factor: 2 * size[factor]}

    def job(n: int, k: int, n_layers: int) -> Job:
        stack = stack_of(chain(n, k, n_layers))
        if measure == "nntp":
            return lambda threads: ls.nntp(stack, n_neighbors=k, n_jobs=threads)
        return lambda threads: ls.nnts(stack, n_neighbors=(k,), n_bootstrap=0, n_jobs=threads)

    def make() -> tuple[Job, dict[str, Job], Agreement]:
        name = {"n_layers": "layers"}.get(factor, factor)
        pairs = 2 * n_layers * (2 * n_layers - 1) / (n_layers * (n_layers - 1))
        expected = pairs if (measure, factor) == ("nnts", "n_layers") else 2
        return (
            job(**size),
            {f"itself at twice {name}": job(**twice)},
            lambda *_: f"by terms {expected:.2f}",
        )

    case = f"{measure} growth n={n} k={k} layers={n_layers}"
    return Case(case, make, quick=False, repetitions=5)


def difference(mine: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> str:
    """Say how far two matrices lie apart."""
    return f"|Δ| {np.abs(mine - theirs).max():.0e}"


CASES = [
    nnts(10_000, 10, 20),
    nnts(2_000, 15, 60, quick=False),
    nntp(2_500, 10, 20),
    nntp(10_000, 10, 20),
    nntp(40_000, 10, 20, quick=False),
    large_k(2_000, 64, 400, 3),
    large_k(6_000, 64, 1_200, 3, quick=False),
    *(
        growth(measure, 10_000, 10, 10, factor)
        for measure in ("nnts", "nntp")
        for factor in ("n", "k", "n_layers")
    ),
]

if __name__ == "__main__":
    main(TITLE, CASES)
