"""The result of a search for communities, and the one way to it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import encode_labels
from layerscope._result import Result
from layerscope._settings import (
    MemoryLimit,
    Progress,
    check_choice,
    check_float,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    progress_for,
    record,
)
from layerscope.errors import (
    InvalidInputError,
    InvalidTypeError,
    LayerscopeError,
    MemoryLimitError,
)
from layerscope.neighbours import Graph, Neighbors, as_graph

__all__ = ["QUALITIES", "Communities", "check_resolution", "find_communities"]

QUALITIES = ("modularity", "cpm")
MOST_RESOLUTION = 1e15
MOST_RUNS = 1000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Communities(Result):
    """A partition of the nodes of a graph into communities.

    Attributes
    ----------
    labels : ndarray of int64, shape (n_nodes,)
        Community of each node, numbered by size: 0 is the largest, and of two of one size the one
        with the smaller first node.
    n_communities : int
        Number of communities.
    sizes : ndarray of int64, shape (n_communities,)
        Nodes of each, falling.
    modularity : float
        Newman's modularity of the partition at resolution 1; NaN without edges.
    quality : float
        What was made large, at the resolution asked for: modularity, or for CPM
        Σ [e_c − γ n_c (n_c − 1) / 2].
    converged : bool
        Whether the last iteration raised modularity by less than 0.01 (CPM: by less than 0.01 m).
        More iterations and runs may find a little more.
    n_iterations : int
        Iterations made; with several runs, by the one that was best.
    levels : list of ndarray of int64
        How the communities are made of smaller ones: partitions, finest first, each a coarsening
        of the one before, the last equal to ``labels``. Computed when first asked for.
    """

    labels: npt.NDArray[np.int64]
    n_communities: int
    sizes: npt.NDArray[np.int64]
    modularity: float
    quality: float
    converged: bool
    n_iterations: int
    _graph: Graph | None = field(default=None, repr=False)
    #: What networkx calls the nodes, where it does not count them.
    _names: tuple[Hashable, ...] | None = field(default=None, repr=False)

    @property
    def n_samples(self) -> int:
        """Number of nodes."""
        return self.labels.size

    @cached_property
    def levels(self) -> list[npt.NDArray[np.int64]]:
        """Partitions from fine to coarse, the last equal to ``labels``."""
        if self._graph is None:
            return [self.labels]
        return _core.community_levels(
            self._graph.indptr,
            self._graph.indices,
            self._graph.weights,
            self.labels.astype(np.uint32),
            self.settings["resolution"],
            self.settings["quality"],
            self.settings["random_state"],
        )

    def agreement(self, labels: Any) -> Any:
        """Compare the communities with known classes.

        Parameters
        ----------
        labels : sequence of length n_nodes
            Class of each node.

        Returns
        -------
        PartitionAgreement
            With ``ami``, ``ari``, ``nmi`` (arithmetic mean), ``purity`` and ``fragmentation``.

        Raises
        ------
        InvalidInputError
            For a wrong number of labels, or a missing one.
        """
        from layerscope.measures._partition_agreement import partition_agreement

        return partition_agreement(self.labels, labels)

    def to_networkx(self) -> Any:
        """Return the graph as a ``networkx.Graph`` with node attribute ``community``.

        Nodes have the names that they had where the graph came from networkx, numbers otherwise.

        Raises
        ------
        MissingExtraError
            If networkx is not installed (extra ``networkx``).
        InvalidInputError
            For communities that were not found in a graph.
        """
        if self._graph is None:
            rule = "must come from louvain or leiden to know their graph"
            raise InvalidInputError("communities", rule, "labels alone")
        graph = self._graph.to_networkx()
        for node, label in enumerate(self.labels.tolist()):
            graph.nodes[node]["community"] = label
        if self._names is None:
            return graph
        import networkx as nx

        return nx.relabel_nodes(graph, dict(enumerate(self._names)))


def find_communities(
    function: str,
    graph: Any,
    *,
    resolution: float,
    quality: str,
    initial: Any,
    n_iterations: int | None,
    n_runs: int,
    random_state: int,
    n_jobs: int | None,
    memory_limit: MemoryLimit,
    progress: Progress,
) -> Communities:
    """Check, compute, wrap; ``function`` is "louvain" or "leiden", the rest as they have it."""
    resolution = check_resolution(resolution)
    quality = check_choice("quality", quality, QUALITIES)
    if n_iterations is not None:
        n_iterations = check_int("n_iterations", n_iterations, low=1, high=2**32 - 1)
    runs = check_int("n_runs", n_runs, low=1, high=MOST_RUNS)
    if runs > 1 and initial is not None:
        raise InvalidInputError("n_runs", "must be 1 beside a partition to start from", runs)
    seed = check_seed(random_state)
    jobs = check_jobs(n_jobs)
    limit = check_memory(memory_limit)
    arcs = _undirected(graph)
    start = None if initial is None else _initial(initial, arcs.n_nodes)
    needed = 20 * len(arcs.indices) + (60 if runs == 1 else 80) * arcs.n_nodes
    if limit is not None and limit < needed:
        rule = f"must be at least {needed} bytes for this graph"
        raise MemoryLimitError("memory_limit", rule, limit)
    labels, modularity, value, converged, made = _core.communities(
        arcs.indptr,
        arcs.indices,
        arcs.weights,
        function,
        resolution,
        quality,
        start,
        n_iterations,
        runs,
        seed,
        n_jobs=jobs,
        progress=progress_for(progress, function),
    )
    return Communities(
        labels=labels,
        n_communities=int(labels.max(initial=-1)) + 1,
        sizes=np.bincount(labels).astype(np.int64),
        modularity=modularity,
        quality=value,
        converged=converged,
        n_iterations=made,
        _graph=arcs,
        _names=_node_names(graph),
        settings=record(
            function,
            resolution=resolution,
            quality=quality,
            initial=_origin(initial, start),
            n_iterations=n_iterations,
            n_runs=runs,
            random_state=seed,
        ),
        warnings=() if arcs.weights.any() else ("no weight at all, so every node is alone",),
    )


def check_resolution(resolution: object) -> float:
    """Return γ: a number from 0 to 1e15, and no truth value."""
    if isinstance(resolution, bool | np.bool_):
        rule = "must be a finite number of at least 0"
        raise InvalidTypeError("resolution", rule, repr(bool(resolution)))
    number = check_float("resolution", resolution, low=0)
    if number > MOST_RESOLUTION:
        raise InvalidInputError("resolution", f"must be at most {MOST_RESOLUTION:g}", number)
    return number


def _undirected(graph: Any) -> Graph:
    if isinstance(graph, Neighbors):
        rule = "must be a graph: Neighbors.graph() makes one of these neighbours"
        raise InvalidTypeError("graph", rule, "Neighbors")
    arcs = as_graph(graph)
    if arcs.directed:
        rule = (
            "must be undirected: build it with directed=False, or Neighbors.graph with "
            'symmetrize="mean", "union" or "mutual"'
        )
        raise InvalidInputError("graph", rule, "a directed graph")
    return arcs


def _initial(initial: Any, n_nodes: int) -> npt.NDArray[np.uint32]:
    if isinstance(initial, Communities):
        initial = initial.labels
    try:
        return encode_labels(initial, n_nodes)[0]
    except LayerscopeError as error:
        raise type(error)("initial", error.rule, error.value) from None


def _origin(initial: Any, start: npt.NDArray[np.uint32] | None) -> Any:
    """Return where the start came from: nothing, the settings of a search, or labels."""
    if start is None:
        return None
    if isinstance(initial, Communities):
        return dict(initial.settings)
    different, print_of = int(start.max(initial=0)) + 1, crc32(start.tobytes())
    return f"given labels, {different} different ones, CRC-32 {print_of:08x}"


def _node_names(graph: Any) -> tuple[Hashable, ...] | None:
    """Return what a networkx graph calls its nodes, None where these are counted."""
    if isinstance(graph, Graph) or not hasattr(graph, "nodes"):
        return None
    names = tuple(graph.nodes)
    return None if names == tuple(range(len(names))) else names
