"""Louvain and Leiden on kNN graphs of a mixture: ours beside networkit, igraph and leidenalg.

Ours runs as it is called by default, and so do the peers as their documents call them; on small
graphs ours runs with more iterations and runs too, and igraph's until stable. Every call takes the
next of ten seeds; the last column compares median modularities, all of them computed by one and the
same function. The row "ours, one thread" at two threads is the speed-up, and says whether both
found the same partitions; behind it stands the peak of memory beyond the graph, of a process of its
own, as bytes an edge if nodes take 60 each.

Real networks are read from the folder ``graphs`` under ``LAYERSCOPE_SHARED``, where there is one.
"""

from __future__ import annotations

import importlib.util
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import layerscope as ls
from _bench import THREADS, Agreement, Case, Job, main
from _data import clustered

TITLE = "communities of the union graph of 10 neighbours (ratio at one thread, then two)"
K = 10
SEEDS = 10

Find = Callable[[int, int], Any]  # (seed, threads) -> what labels_of takes


class Runs:
    """A job that takes the next seed at every call and keeps what it found."""

    def __init__(self, find: Find, labels_of: Callable[[Any], np.ndarray]) -> None:
        self.find, self.labels_of = find, labels_of
        self.found: dict[int, Any] = {}
        self.seed = 0

    def __call__(self, threads: int) -> Runs:
        """Find a partition with the next seed."""
        self.found[self.seed % SEEDS] = self.find(self.seed % SEEDS, threads)
        self.seed += 1
        return self

    def labels(self) -> dict[int, np.ndarray]:
        """Return the labels found, by seed."""
        return {seed: self.labels_of(found) for seed, found in self.found.items()}


def mixture(n: int, d: int) -> ls.Graph:
    """Return the union graph of the points' neighbours, kept in a folder between runs."""
    folder = Path(os.environ.get("LAYERSCOPE_BENCH_CACHE", tempfile.gettempdir()))
    path = folder / f"layerscope-mixture-{n}-{d}-{K}.npz"
    if not path.exists():
        X, _ = clustered(n, d)
        np.savez(path, table=search(X))
    with np.load(path) as kept:
        table = kept["table"]
    edges = np.column_stack([np.repeat(np.arange(len(table)), K), table.ravel()])
    return ls.Graph.from_edges(edges, n_nodes=len(table))


def real(name: str) -> ls.Graph:
    """Return a real network."""
    folder = Path(os.environ["LAYERSCOPE_SHARED"], "graphs")
    table = np.loadtxt(folder / f"{name}.edges.gz", comments="#", ndmin=2)
    return ls.Graph.from_edges(table[:, :2].astype(np.int64))


PEAK = """
import re, sys
import numpy as np
import layerscope as ls

def status(key):
    text = open("/proc/self/status", encoding="ascii").read()
    return 1024 * int(re.search(key + r":\\s+([0-9]+)", text)[1])

with np.load(sys.argv[1]) as kept:
    graph = ls.Graph.from_edges(kept["edges"], n_nodes=int(kept["nodes"]))
find, jobs = getattr(ls, sys.argv[2]), int(sys.argv[3])
find(ls.Graph.from_edges([(0, 1), (1, 2)]), n_jobs=jobs)  # the pool has its threads
open("/proc/self/clear_refs", "w").write("5")  # the peak so far is forgotten
before = status("VmRSS")
find(graph, n_jobs=jobs)
print((status("VmHWM") - before - 60 * graph.n_nodes) / graph.n_edges)
"""


def peak(graph: ls.Graph, algorithm: str, threads: int) -> str:
    """Return bytes an edge that the search takes beyond the graph and 60 bytes a node."""
    if sys.platform != "linux":
        return "unknown"
    rows = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    once = rows <= graph.indices
    edges = np.column_stack([rows[once], graph.indices[once]])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "graph.npz")
        np.savez(path, edges=edges, nodes=graph.n_nodes)
        call = [sys.executable, "-c", PEAK, str(path), algorithm, str(threads)]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
    return f"{float(done.stdout):.0f}"


def search(X: np.ndarray) -> np.ndarray:
    """Return neighbours; a tree is faster for many points in few dimensions."""
    if len(X) < 500_000:
        return np.asarray(ls.neighbors(X, n_neighbors=K).indices)
    from sklearn.neighbors import KDTree

    found = KDTree(X).query(X, k=K + 1, return_distance=False)
    others = found != np.arange(len(X))[:, None]
    others[others.all(axis=1), -1] = False  # a duplicate may hide the point itself
    return found[others].reshape(len(X), K).astype(np.uint32)


def ours(graph: ls.Graph, find: Any, **how: int) -> Runs:
    return Runs(
        lambda seed, threads: find(graph, random_state=seed, n_jobs=threads, **how),
        lambda found: found.labels,
    )


def of_networkit(graph: ls.Graph, build: Callable[[Any, Any], Any]) -> Runs | None:
    if importlib.util.find_spec("networkit") is None:
        return None
    import networkit as nk

    rows = np.repeat(np.arange(graph.n_nodes, dtype=np.uint64), np.diff(graph.indptr))
    once = rows < graph.indices
    ends = (rows[once], graph.indices[once].astype(np.uint64))
    peer = nk.GraphFromCoo(ends, n=graph.n_nodes, weighted=False, directed=False)

    def find(seed: int, threads: int) -> Any:
        nk.setSeed(seed, False)
        nk.setNumberOfThreads(threads)
        return build(nk.community, peer).run().getPartition()

    return Runs(find, lambda found: np.array(found.getVector()))


def of_igraph(graph: ls.Graph, run: Callable[[Any, int], Any]) -> Runs | None:
    if importlib.util.find_spec("igraph") is None:
        return None
    import igraph

    rows = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    once = rows < graph.indices
    peer = igraph.Graph(n=graph.n_nodes, edges=np.column_stack([rows[once], graph.indices[once]]))

    def find(seed: int, _threads: int) -> Any:
        random.seed(seed)  # igraph draws from it
        return run(peer, seed)

    return Runs(find, lambda found: np.array(found.membership))


def until_stable(peer: Any, _seed: int) -> Any:
    return peer.community_leiden(objective_function="modularity", n_iterations=-1)


def of_leidenalg(peer: Any, seed: int) -> Any:
    import leidenalg

    return leidenalg.find_partition(peer, leidenalg.ModularityVertexPartition, seed=seed)


def case(
    algorithm: str, name: str, load: Callable[[], ls.Graph], *, quick: bool, repetitions: int
) -> Case:
    """Time ours beside the peers, all as their documents call them."""

    def make() -> tuple[Job, dict[str, Job], Agreement]:
        graph = load()
        n = graph.n_nodes
        find = getattr(ls, algorithm)
        peers: dict[str, Runs | None] = {}
        one = ours(graph, find)
        alone = Runs(lambda seed, _: one.find(seed, 1), one.labels_of)
        peers["ours, one thread"] = alone
        peers["ours, one iteration"] = ours(graph, find, n_iterations=1)
        if n <= 25_000:
            peers["ours, ten iterations"] = ours(graph, find, n_iterations=10)
            peers["ours, six runs"] = ours(graph, find, n_runs=6)
        if algorithm == "leiden":
            peers["networkit ParallelLeiden"] = of_networkit(
                graph, lambda c, g: c.ParallelLeiden(g)
            )
            peers["igraph leiden"] = of_igraph(
                graph, lambda g, _: g.community_leiden(objective_function="modularity")
            )
            if n <= 25_000:
                peers["igraph leiden until stable"] = of_igraph(graph, until_stable)
            if n <= 25_000 and importlib.util.find_spec("leidenalg"):
                peers["leidenalg"] = of_igraph(graph, of_leidenalg)
        else:
            peers["networkit PLM"] = of_networkit(graph, lambda c, g: c.PLM(g, refine=False))
            peers["networkit PLM refine"] = of_networkit(graph, lambda c, g: c.PLM(g, refine=True))
            if n <= 25_000:
                peers["igraph multilevel"] = of_igraph(graph, lambda g, _: g.community_multilevel())

        def agreement(mine: Runs, theirs: Runs) -> str:
            found, other = mine.labels(), theirs.labels()
            if theirs is alone:
                both = found.keys() & other.keys()
                same = sum(np.array_equal(found[seed], other[seed]) for seed in both)
                taken = peak(graph, algorithm, max(THREADS))
                return f"same partition for {same} of {len(both)} seeds, {taken} bytes an edge"
            return f"Q {median(graph, found):.4f} against {median(graph, other):.4f}"

        jobs: dict[str, Job] = {name: job for name, job in peers.items() if job is not None}
        return one, jobs, agreement

    return Case(f"{algorithm} {name}", make, quick=quick, repetitions=repetitions)


def median(graph: ls.Graph, found: dict[int, np.ndarray]) -> float:
    """Return the median modularity of several partitions."""
    values = [ls.modularity(graph, labels, n_permutations=0).value for labels in found.values()]
    return statistics.median(values)


NETWORKS = (
    "jazz", "celegans_metabolic", "email_urv", "as_20000102", "ca_grqc", "facebook_caltech36",
    "hep_th", "power_grid", "pgp", "4elt", "condmat_gcc", "astro_ph", "wiki_vote",
)  # fmt: skip
REAL = NETWORKS if "LAYERSCOPE_SHARED" in os.environ else ()
CASES = [
    case(
        algorithm,
        f"n={n} d={d}",
        partial(mixture, n, d),
        quick=n <= 10_000,
        repetitions=3 if n >= 1_000_000 else SEEDS,
    )
    for n, d in ((10_000, 12), (100_000, 12), (1_000_000, 4))
    for algorithm in ("louvain", "leiden")
] + [
    case(algorithm, name, partial(real, name), quick=False, repetitions=SEEDS)
    for name in REAL
    for algorithm in ("louvain", "leiden")
]

if __name__ == "__main__":
    main(TITLE, CASES, "networkit", "igraph", "leidenalg")
