"""Modularity of labels: ours beside blocked numpy, networkx, and igraph where it is installed."""

from __future__ import annotations

import importlib.util
from typing import Any

import networkx as nx
import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import clustered, neighbours_from_table, random_table

TITLE = "modularity of labels, binary weights, k = 15"
K = 15
BLOCK = 1024  # rows of distances at a time: 40 MB at 10,000 rows


def arcs_between(labels: np.ndarray, table: np.ndarray, n_classes: int) -> np.ndarray:
    """Count the arcs from class to class."""
    pairs = labels[:, None] * n_classes + labels[table]
    return np.bincount(pairs.ravel(), minlength=n_classes**2).reshape(n_classes, n_classes)


def closed_form(arcs: np.ndarray) -> float:
    """Return Q = sum over classes of E / T - ((O + I) / 2T)^2."""
    total = arcs.sum()
    ends = (arcs.sum(axis=0) + arcs.sum(axis=1)) / (2 * total)
    return float(np.trace(arcs) / total - np.square(ends).sum())


def blocked_numpy(X: np.ndarray, labels: np.ndarray, n_classes: int) -> tuple[float, np.ndarray]:
    """Return Q from X as a careful numpy user computes it, and the neighbours it rests on."""
    squares = np.einsum("ij,ij->i", X, X)
    table = np.empty((len(X), K), dtype=np.int64)
    for start in range(0, len(X), BLOCK):
        rows = slice(start, min(start + BLOCK, len(X)))
        distances = X[rows] @ X.T
        distances *= -2
        distances += squares  # the row's own square moves all its distances alike
        distances[np.arange(len(distances)), np.arange(rows.start, rows.stop)] = np.inf
        table[rows] = np.argpartition(distances, K - 1, axis=1)[:, :K]
    return closed_form(arcs_between(labels, table, n_classes)), table


def from_rows(n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X, labels = clustered(n, d)
        n_classes = int(labels.max()) + 1
        table = ls.neighbors(X, n_neighbors=K).indices

        def ours(threads: int) -> Any:
            return ls.modularity(X, labels, n_permutations=0, n_jobs=threads)

        def peer(_threads: int) -> Any:  # BLAS threads are set by threadpoolctl
            return blocked_numpy(X, labels, n_classes)

        def agreement(mine: Any, theirs: Any) -> str:
            value, other = theirs
            differ = (np.sort(table, axis=1) != np.sort(other, axis=1)).any(axis=1).sum()
            return f"{difference(mine.value, value)}; {differ} rows differ"

        return ours, {"blocked numpy": peer}, agreement

    large = n * d > 10_000 * 64
    return Case(f"from X n={n} d={d}", make, quick=not large, repetitions=3 if large else 5)


def from_graph(n: int, d: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        X, labels = clustered(n, d)
        graph = ls.neighbors(X, n_neighbors=K).graph()
        network = graph.to_networkx()
        classes = [set(np.flatnonzero(labels == label).tolist()) for label in np.unique(labels)]

        def ours(threads: int) -> Any:
            return ls.modularity(graph, labels, n_permutations=0, n_jobs=threads).value

        def peer(_threads: int) -> Any:
            return nx.community.modularity(network, classes)

        return ours, {"networkx": peer}, difference

    return Case(f"from graph n={n} d={d}", make)


def from_table(n: int, n_permutations: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        table, labels = random_table(n, K)
        found = neighbours_from_table(table)

        def ours(threads: int) -> Any:
            return ls.modularity(found, labels, n_permutations=n_permutations, n_jobs=threads).value

        def plain(_threads: int) -> Any:
            generator = np.random.default_rng(0)
            for _ in range(n_permutations):
                closed_form(arcs_between(generator.permutation(labels), table, 10))
            return closed_form(arcs_between(labels, table, 10))

        peers = {"numpy closed form": plain}
        if n_permutations == 0:
            peers |= igraph_peer(table, labels)
        return ours, peers, difference

    name = f"from table n={n} null={n_permutations}"
    return Case(name, make, quick=n_permutations == 0 or n <= 10_000)


def igraph_peer(table: np.ndarray, labels: np.ndarray) -> dict[str, Job]:
    """Return igraph's modularity on a graph made beforehand, if igraph is there."""
    if importlib.util.find_spec("igraph") is None:
        return {}
    import igraph

    sources = np.repeat(np.arange(len(table)), table.shape[1])
    edges = np.column_stack([sources, table.ravel()]).tolist()
    graph, membership = igraph.Graph(n=len(table), edges=edges), labels.tolist()
    return {"igraph, graph ready": lambda _threads: graph.modularity(membership)}


def difference(mine: float, theirs: float) -> str:
    """Say how far two values lie apart."""
    return f"|ΔQ| {abs(mine - theirs):.0e}"


CASES = [
    *(from_rows(n, d) for n, d in [(1000, 64), (2000, 64), (10_000, 64), (10_000, 512)]),
    *(from_graph(n, 64) for n in (200, 1000)),
    from_table(10_000, 0),
    from_table(100_000, 0),
    from_table(10_000, 100),
    from_table(100_000, 100),
]

if __name__ == "__main__":
    main(TITLE, CASES, "networkx", "igraph")
