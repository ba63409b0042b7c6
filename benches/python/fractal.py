"""Distances and box coverings: ours beside rustworkx, networkx and numpy."""

from __future__ import annotations

import importlib.util
from functools import partial
from typing import Any

import networkx as nx
import numpy as np

import layerscope as ls
from _bench import Agreement, Case, Job, main
from _data import clustered
from layerscope._reference import fractal as naive

TITLE = "hop distances and box coverings: kNN graphs (k = 10, d = 64, joined) and grids"


def knn_graph(n: int) -> ls.Graph:
    X, _ = clustered(n, 64)
    return ls.neighbors(X, n_neighbors=10).graph()


def grid_graph(side: int) -> ls.Graph:
    return ls.Graph.from_edges(
        [
            (row * side + column, other)
            for row in range(side)
            for column in range(side)
            for other in (
                *([row * side + column + 1] if column + 1 < side else []),
                *([(row + 1) * side + column] if row + 1 < side else []),
            )
        ]
    )


def in_rustworkx(graph: ls.Graph) -> Any:
    import rustworkx

    sources = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    once = sources < graph.indices
    theirs = rustworkx.PyGraph()
    theirs.add_nodes_from(range(graph.n_nodes))
    theirs.add_edges_from_no_data(
        list(zip(sources[once].tolist(), graph.indices[once].tolist(), strict=True))
    )
    return theirs


def their_distances(theirs: Any, threads: int) -> np.ndarray:
    import rustworkx

    # Above its threshold rustworkx takes every core; it knows no other number of threads.
    threshold = 10**9 if threads == 1 else 0
    return rustworkx.distance_matrix(theirs, parallel_threshold=threshold, null_value=255.0)


def same_table(mine: np.ndarray, theirs: np.ndarray) -> str:
    return f"{(mine != theirs).sum()} entries differ; {mine.nbytes / theirs.nbytes:.3f} of bytes"


def distances(n: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        graph = knn_graph(n)
        peers: dict[str, Job] = {}
        if importlib.util.find_spec("rustworkx") is not None:
            peers["rustworkx"] = partial(their_distances, in_rustworkx(graph))
        return lambda threads: ls.hop_distances(graph, n_jobs=threads), peers, same_table

    return Case(f"hop distances n={n}", make, quick=n <= 5000, repetitions=3)


def numpy_memb(network: nx.Graph, radius: int) -> int:
    """Count boxes as one writes it down: masses of balls from networkx, renewed after each."""
    n = len(network)
    near = np.zeros((n, n), bool)
    for node in network:
        near[node, list(nx.single_source_shortest_path_length(network, node, cutoff=radius))] = True
    uncovered = np.ones(n, bool)
    mass = near.sum(axis=1)
    centres = 0
    while uncovered.any():
        new = near[int(np.argmax(mass))] & uncovered
        uncovered &= ~new
        mass -= near[:, new].sum(axis=1)
        centres += 1
    return centres


def memb(side: int, radius: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        graph = grid_graph(side)
        network = graph.to_networkx()

        def ours(threads: int) -> int:
            found = ls.box_counts(graph, method="memb", sizes=[radius], n_jobs=threads)
            return int(found.counts[0])

        def peer(_threads: int) -> int:
            return numpy_memb(network, radius)

        return ours, {"numpy, networkx": peer}, lambda mine, theirs: f"{mine} and {theirs} boxes"

    return Case(f"memb r={radius} grid {side}x{side}", make, repetitions=3)


def numpy_greedy(network: nx.Graph, order: np.ndarray, sizes: range) -> list[int]:
    """Colour at all sizes at once, node by node: colours of earlier nodes that are too far."""
    n, last = len(network), max(sizes)
    colours = np.zeros((len(sizes), n), np.int64)
    for place in range(1, n):
        node = int(order[place])
        steps = np.full(n, last + 1)
        for other, step in nx.single_source_shortest_path_length(
            network, node, cutoff=last
        ).items():
            steps[other] = step
        earlier = order[:place]
        for row, size in enumerate(sizes):
            taken = np.zeros(place + 1, bool)
            taken[colours[row, earlier[steps[earlier] >= size]]] = True
            colours[row, node] = int(np.argmin(taken))
    return (colours.max(axis=1) + 1).tolist()


def greedy_grid(side: int, last: int) -> Case:
    sizes = range(1, last + 1)

    def make() -> tuple[Job, dict[str, Job], Agreement]:
        from layerscope import _core

        graph = grid_graph(side)
        network = graph.to_networkx()
        order = _core.permutation(graph.n_nodes, 0, 0)

        def ours(threads: int) -> list[int]:
            return ls.box_counts(graph, sizes=sizes, n_jobs=threads).counts.tolist()

        def peer(_threads: int) -> list[int]:
            return numpy_greedy(network, order, sizes)

        def agreement(mine: list[int], theirs: list[int]) -> str:
            return "same counts" if mine == theirs else "other counts"

        return ours, {"numpy, networkx": peer}, agreement

    name = f"greedy l_B<={last} grid {side}x{side}"
    return Case(name, make, quick=side <= 40, repetitions=3 if side <= 40 else 1)


def greedy_knn(n: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        graph = knn_graph(n)
        peers: dict[str, Job] = {}
        if importlib.util.find_spec("rustworkx") is not None:
            peers["rustworkx, distances only"] = partial(their_distances, in_rustworkx(graph))

        def ours(threads: int) -> Any:
            return ls.box_counts(graph, n_repeats=10, n_jobs=threads)

        return ours, peers, lambda mine, _: f"{len(mine.sizes)} sizes, 10 orders"

    return Case(f"greedy, best of 10, n={n}", make, repetitions=3)


def plain(name: str, ours: Any, peer: str, theirs: Any) -> Case:
    """Compare on one graph, kNN at n = 1000: the dense form in numpy, or networkx."""

    def make() -> tuple[Job, dict[str, Job], Agreement]:
        graph = knn_graph(1000)
        prepared = (graph, naive.distances(graph), graph.to_networkx())

        def agreement(mine: Any, other: Any) -> str:
            if mine is None:
                return "random: not compared"
            return f"difference {np.abs(np.subtract(mine, other)).max():.0e}"

        return (
            lambda threads: ours(graph, threads),
            {peer: lambda _threads: theirs(*prepared)},
            agreement,
        )

    return Case(f"{name} n=1000", make, repetitions=3)


def swapped(_graph: ls.Graph, _table: np.ndarray, network: nx.Graph) -> None:
    edges = network.number_of_edges()
    nx.double_edge_swap(network.copy(), nswap=edges, max_tries=100 * edges, seed=0)


def mean_path(_graph: ls.Graph, table: np.ndarray, _network: nx.Graph) -> float:
    return float(table[np.isfinite(table) & (table > 0)].mean())


def renormalised(graph: ls.Graph, _table: np.ndarray, _network: nx.Graph) -> list[int]:
    boxes = [ls.boxes(graph, size, n_repeats=2) for size in (2, 3, 4)]
    return [naive.largest_degree(graph, found) for found in boxes]


def with_lengths(graph: ls.Graph) -> ls.Graph:
    """Give edges lengths; 1 + the difference of their ends modulo 7 stands for a distance."""
    matrix = graph.to_scipy().tocoo()
    lengths = 1.0 + np.abs(matrix.row - matrix.col) % 7
    matrix.data = lengths
    return ls.Graph.from_scipy(matrix.tocsr())


def dijkstra(n: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        import scipy.sparse.csgraph as csgraph

        graph = with_lengths(knn_graph(n))
        matrix = graph.to_scipy()

        def agreement(mine: Any, theirs: Any) -> str:
            return f"{(mine != theirs).sum()} entries differ"

        return (
            lambda threads: ls.path_lengths(graph, n_jobs=threads),
            {"scipy": lambda _threads: csgraph.dijkstra(matrix, directed=False)},
            agreement,
        )

    return Case(f"path_lengths n={n}", make, repetitions=3)


def linkage(n: int) -> Case:
    def make() -> tuple[Job, dict[str, Job], Agreement]:
        import scipy.cluster.hierarchy as hierarchy
        import scipy.spatial.distance as distance

        X, _ = clustered(n, 64)
        table = distance.squareform(distance.pdist(X.astype(np.float64)))
        sizes = np.geomspace(table[table > 0].min(), table.max(), 20)

        def theirs(_threads: int) -> list[int]:
            heights = hierarchy.linkage(distance.squareform(table), "complete")[:, 2]
            return [n - int((heights < size).sum()) for size in sizes]

        def agreement(mine: Any, other: list[int]) -> str:
            return "same counts" if mine.counts.tolist() == other else "other counts"

        return (
            lambda threads: ls.metric_box_counts(table, sizes=sizes, n_jobs=threads),
            {"scipy": theirs},
            agreement,
        )

    return Case(f"metric_box_counts n={n}", make, repetitions=3)


SIZES = (2, 3, 4)
PLAIN = [
    plain(
        "path_statistics",
        lambda graph, jobs: ls.path_statistics(graph, n_jobs=jobs).average_path,
        "numpy, table ready",
        mean_path,
    ),
    plain(
        "fuzzy_box_counts",
        lambda graph, jobs: ls.fuzzy_box_counts(graph, sizes=[3], n_jobs=jobs).counts,
        "Python, table ready",
        lambda _graph, table, _network: naive.fuzzy_counts(table, [3]),
    ),
    plain(
        "ball_growth_dimension",
        lambda graph, jobs: ls.ball_growth_dimension(graph, n_jobs=jobs).value,
        "numpy, table ready",
        lambda _graph, table, _network: naive.ball_growth(table)[1],
    ),
    plain(
        "fractal_dimension memb",
        lambda graph, jobs: ls.fractal_dimension(graph, method="memb", n_jobs=jobs).counts[:3],
        "numpy, table ready",
        lambda _graph, table, _network: [naive.memb(table, radius) for radius in (1, 2, 3)],
    ),
    plain(
        "renormalisation_exponent",
        lambda graph, jobs: (
            ls.renormalisation_exponent(graph, sizes=SIZES, n_repeats=2, n_jobs=jobs).largest_degree
        ),
        "Python, our boxes",
        renormalised,
    ),
    plain(
        "degree_exponent",
        lambda graph, jobs: ls.degree_exponent(graph, n_jobs=jobs).value,
        "numpy, k_min known",
        lambda graph, _table, _network: naive.power_law_exponent(
            np.diff(graph.indptr), ls.degree_exponent(graph).k_min
        ),
    ),
    plain(
        "rewire, 1 swap an edge",
        lambda graph, _jobs: ls.rewire(graph, n_swaps=graph.n_edges) and None,
        "networkx",
        swapped,
    ),
]

CASES = [
    distances(5000),
    distances(10_000),
    memb(100, 3),
    greedy_grid(40, 20),
    greedy_grid(100, 20),
    greedy_knn(5000),
    dijkstra(2000),
    linkage(2000),
    *PLAIN,
]

if __name__ == "__main__":
    main(TITLE, CASES, "rustworkx", "networkx")
