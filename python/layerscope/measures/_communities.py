"""The result of a search for communities, and the one way to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

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
from layerscope.errors import InvalidInputError, LayerscopeError, MemoryLimitError
from layerscope.neighbours import Graph, as_graph

__all__ = ["Communities", "find_communities"]

QUALITIES = ("modularity", "cpm")


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
        Whether the last iteration found nothing more to speak of: it raised modularity by less
        than 10⁻³, on graphs below 50,000 edges in proportion to these by less (CPM: that times m).
    n_iterations : int
        Iterations made.
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
        return graph


def find_communities(
    function: str,
    graph: Any,
    *,
    resolution: float,
    quality: str,
    initial: Any,
    n_iterations: int | None,
    random_state: int,
    n_jobs: int | None,
    memory_limit: MemoryLimit,
    progress: Progress,
) -> Communities:
    """Check, compute, wrap; ``function`` is "louvain" or "leiden", the rest as they have it."""
    resolution = check_float("resolution", resolution, low=0)
    quality = check_choice("quality", quality, QUALITIES)
    if n_iterations is not None:
        n_iterations = check_int("n_iterations", n_iterations, low=1, high=2**32 - 1)
    seed = check_seed(random_state)
    jobs = check_jobs(n_jobs)
    limit = check_memory(memory_limit)
    arcs = _undirected(graph)
    start = None if initial is None else _initial(initial, arcs.n_nodes)
    needed = 20 * len(arcs.indices) + 60 * arcs.n_nodes
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
        settings=record(
            function,
            resolution=resolution,
            quality=quality,
            initial=start is not None,
            n_iterations=n_iterations,
            random_state=seed,
        ),
        warnings=() if arcs.weights.any() else ("no weight at all, so every node is alone",),
    )


def _undirected(graph: Any) -> Graph:
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
