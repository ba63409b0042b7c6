"""Communities followed through the layers: which of them stay, part, join, appear and vanish?

Each layer's graph has its communities. Take a community A of one layer and B of the next:

    overlap(A, B)     = |A ∩ B| / |A ∪ B|                       (Jaccard index)
    B is A            if the pair is in the matching, one-to-one, of pairs with an overlap of at
                      least ``minimum_overlap`` that keeps the most samples, max Σ |A ∩ B|
    parent of B       = the A with |A ∩ B| > |B| / 2, if there is one
    destination of A  = the B with |A ∩ B| > |A| / 2, if there is one

A number dies when its community is no one's in the next layer, and is born where a community was
nobody's before. A community **splits** when it is the parent of two or more; communities **merge**
when two or more have one destination. Read backwards, a chain has its splits as merges and its
births as deaths.

The matching is exact (integers); the search for communities has the seed, and its number of threads
decides nothing. One layer has communities and no steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._arrays import encode_labels
from layerscope._result import StackResult
from layerscope._settings import (
    METRIC,
    METRICS,
    N_NEIGHBORS,
    DefaultFloat,
    DefaultInt,
    DefaultStr,
    MemoryLimit,
    Progress,
    check_choice,
    check_float,
    check_int,
    check_jobs,
    check_memory,
    check_seed,
    given,
    progress_for,
    record,
)
from layerscope._table import Table
from layerscope.activations import as_stack
from layerscope.errors import InvalidInputError, InvalidTypeError, in_layer
from layerscope.measures._communities import (
    QUALITIES,
    Communities,
    check_resolution,
    find_communities,
)
from layerscope.measures._following import (
    CommunityEvent,
    Numbers,
    counts,
    events,
    lasting_numbers,
)
from layerscope.measures._partition_agreement import (
    LayerAgreement,
    layer_agreement,
    partition_agreement,
)
from layerscope.measures._per_layer import layer_index, layer_warnings
from layerscope.neighbours import Graph, Neighbors, as_neighbors, shared_search

__all__ = ["CommunityEvent", "FollowedCommunities", "follow_communities"]

ALGORITHM = DefaultStr("leiden")
QUALITY = DefaultStr("modularity")
RESOLUTION = DefaultFloat(1.0)
RUNS = DefaultInt(1)
SEED = DefaultInt(0)
ALGORITHMS = ("leiden", "louvain")
#: What a layer's communities say about their search.
SETTINGS = (
    "function", "n_neighbors", "metric", "resolution", "quality", "initial", "n_iterations",
    "n_runs", "random_state",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FollowedCommunities(StackResult):
    """Communities through the layers; ``followed[name]`` has those of one layer.

    Attributes
    ----------
    labels : ndarray of int64, shape (L, n)
        Number of each sample's community in every layer. A number keeps its identity: equal numbers
        in consecutive layers are one community. The first layer counts from 0, largest first; new
        ones go on counting.
    n_communities : ndarray of int64, shape (L,)
        Communities in each layer.
    modularity : ndarray of float64, shape (L,)
        Of each layer's communities on its own graph, at resolution 1.
    splits, merges : ndarray of int64, shape (L - 1,)
        Communities that part, and sets of communities that join, between two layers.
    births, deaths : ndarray of int64, shape (L - 1,)
        Numbers that appear in the next layer, and that end before it.
    events : tuple of CommunityEvent
        The same one by one, with the numbers.
    agreement : LayerAgreement or None
        ``ami``, ``ari``, ``nmi``, ``purity`` and ``fragmentation`` in every layer, with labels.
    results : tuple of Communities
        The communities of each layer under their own numbers.
    """

    labels: Numbers
    n_communities: Numbers
    modularity: npt.NDArray[np.float64]
    splits: Numbers
    merges: Numbers
    births: Numbers
    deaths: Numbers
    events: tuple[CommunityEvent, ...]
    agreement: LayerAgreement | None
    _communities: tuple[Communities, ...] = ()

    @property
    def results(self) -> tuple[Communities, ...]:
        """The communities of each layer."""
        return self._communities

    def __getitem__(self, layer: str) -> Communities:
        return self._communities[layer_index(self.layers, layer)]

    @cached_property
    def table(self) -> Table:
        """One row per layer; events are those since the layer before, None in the first."""
        columns: dict[str, Any] = {
            "layer": self.layers,
            "n_communities": self.n_communities.tolist(),
            "modularity": self.modularity.tolist(),
        }
        for name in ("splits", "merges", "births", "deaths"):
            columns[name] = [None, *getattr(self, name).tolist()]
        if self.agreement is not None:
            for name in ("ami", "ari", "nmi", "purity"):
                columns[name] = getattr(self.agreement, name).tolist()
        return Table(columns)

    def lineage(self, sample: int) -> Numbers:
        """Return the numbers of the communities that a sample passes through.

        Parameters
        ----------
        sample : int
            Row of the sample.

        Returns
        -------
        ndarray of int64, shape (L,)

        Raises
        ------
        InvalidInputError
            For a row that is not there.
        """
        n = self.labels.shape[1]
        row = check_int("sample", sample, low=0, high=n - 1, high_means=f"{n} samples")
        return self.labels[:, row].copy()

    def __repr__(self) -> str:
        lines = {
            "layers": f"{len(self.layers)}: {_listed(self.layers)}",
            "n_samples": str(self.labels.shape[1]),
            "n_communities": _listed(self.n_communities.tolist()),
            "modularity": _listed(f"{value:.3g}" for value in self.modularity),
        }
        for kind in ("splits", "merges", "births", "deaths"):
            lines[kind] = _listed(getattr(self, kind).tolist()) or "none, for there is one layer"
        if self.agreement is not None:
            for name in ("ami", "ari"):
                lines[name] = _listed(f"{value:.3g}" for value in getattr(self.agreement, name))
        text = [type(self).__name__]
        text += [f"  {name:<13}  {line}" for name, line in lines.items()]
        text += [f"  warning: {warning}" for warning in self.warnings]
        return "\n".join(text)

    def plot(self, ax: Any = None) -> Any:
        """Draw the flow of the communities through the layers.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        matplotlib Axes
        """
        from layerscope import plot

        return plot.flow(self, ax)


def follow_communities(
    stack: Any,
    *,
    labels: Any = None,
    algorithm: str = ALGORITHM,
    n_neighbors: int = N_NEIGHBORS,
    metric: str = METRIC,
    resolution: float = RESOLUTION,
    quality: str = QUALITY,
    n_iterations: int | None = None,
    n_runs: int = RUNS,
    minimum_overlap: float = 0.1,
    random_state: int = SEED,
    n_jobs: int | None = None,
    memory_limit: MemoryLimit = None,
    progress: Progress = None,
) -> FollowedCommunities:
    """Find the communities of every layer and follow them from layer to layer.

    Parameters
    ----------
    stack : Activations, or mapping of str to array, Neighbors or Communities
        The layers in order, all of the same samples. Arrays and neighbours become graphs by
        :meth:`layerscope.Neighbors.graph`, without edges of negative weight; communities are
        followed as they are; where they were found with different settings, a warning says so.
    labels : sequence of length n_samples, optional
        Class of each sample, for ``agreement``; the stack's own labels when it has some.
    algorithm : {"leiden", "louvain"}, default "leiden"
        How communities are found, see :func:`layerscope.leiden`.
    n_neighbors : int, default 15
        Neighbours per sample. Beside tables that were given it is the smallest k among them, unless
        this asks for fewer; these must have one metric.
    metric : {"euclidean", "cosine", "pearson", "inner_product"}, default "euclidean"
        Of the neighbours.
    resolution : float, default 1.0
        Larger values give more and smaller communities.
    quality : {"modularity", "cpm"}, default "modularity"
        What the search makes large. The resolution of CPM is a density of edge weight.
    n_iterations, n_runs
        How long the search goes on and how often it starts, see :func:`layerscope.leiden`.
    minimum_overlap : float, default 0.1
        A pair of communities whose Jaccard index is below it is never matched; above 0.
    random_state : int, default 0
        Seed of the search, the same in every layer.
    n_jobs : int, optional
        Threads; None for all cores. Never changes the result.
    memory_limit : int or str, optional
        Bytes that a layer's search may take.
    progress : True or callable, optional
        Called with (done, total, what).

    Returns
    -------
    FollowedCommunities

    Raises
    ------
    InvalidInputError, InvalidTypeError
        For wrong settings, layers of different samples, labels of another length; the layer is
        named. Settings of the search, the seed among them, are refused where all layers are
        communities.

    Notes
    -----
    The neighbours are O(n² d) a layer, the communities near linear in the edges, following them
    O(L n). Sources: Traag, Waltman and van Eck 2019 (Leiden), Blondel et al. 2008 (Louvain). Events
    of communities in the manner of Palla, Barabási and Vicsek, Nature 446, 664 (2007); the
    definitions here are those above.

    Examples
    --------
    >>> import numpy as np
    >>> from layerscope import follow_communities
    >>> rng = np.random.default_rng(0)
    >>> groups = np.repeat([0, 1, 2, 3], 40)
    >>> noise = rng.normal(size=(160, 4))
    >>> early = noise + 20 * np.eye(4)[groups // 2]
    >>> late = noise + 20 * np.eye(4)[groups]
    >>> followed = follow_communities({"early": early, "late": late}, resolution=0.1)
    >>> followed.n_communities, followed.splits
    (array([2, 4]), array([2]))
    >>> followed.lineage(0)[0] in followed.labels[0]
    True
    """
    how: dict[str, Any] = {
        "function": check_choice("algorithm", algorithm, ALGORITHMS),
        "resolution": check_resolution(resolution),
        "quality": check_choice("quality", quality, QUALITIES),
        "n_iterations": n_iterations,
        "n_runs": check_int("n_runs", n_runs, low=1, high=1000),
        "random_state": check_seed(random_state),
    }
    threshold = _check_overlap(minimum_overlap)
    technical = {"n_jobs": check_jobs(n_jobs), "memory_limit": memory_limit, "progress": progress}
    check_int("n_neighbors", n_neighbors, low=1)
    check_choice("metric", metric, METRICS)
    check_memory(memory_limit)
    progress_for(progress, "communities")
    layers = as_stack(_no_graphs(stack))
    sought = {name: one for name, one in layers.items() if not isinstance(one, Communities)}
    if not sought:
        _refuse(
            algorithm=algorithm,
            n_neighbors=n_neighbors,
            metric=metric,
            resolution=resolution,
            quality=quality,
            n_iterations=RUNS if n_iterations is None else n_iterations,
            n_runs=n_runs,
            random_state=random_state,
        )
    n_neighbors, metric = shared_search(sought, n_neighbors=n_neighbors, metric=metric)
    labels = getattr(stack, "labels", None) if labels is None else labels
    if labels is not None:  # wrong labels are found before the work
        encode_labels(labels, _n_samples(layers))
    found: dict[str, Communities] = {}
    for name, layer in layers.items():
        with in_layer(name):
            found[name] = (
                layer
                if isinstance(layer, Communities)
                else _communities(layer, n_neighbors, metric, how, technical)
            )
    return _followed(found, labels, threshold, technical)


def _no_graphs(stack: Any) -> Any:
    """Return the stack; graphs, whose communities have to be found first, are refused."""
    rule = "must hold activations, neighbours or communities; leiden(graph) finds those of a graph"
    if isinstance(stack, Graph):
        raise InvalidTypeError("stack", rule, "a graph")
    if isinstance(stack, Mapping):
        for name, layer in stack.items():
            if isinstance(layer, Graph):
                raise InvalidTypeError("stack", rule, "a graph", layer=str(name))
    return stack


def _listed(entries: Iterable[object]) -> str:
    """Return entries in one line, the middle of many left out.

    >>> _listed(range(3)), _listed(range(20))
    ('0 1 2', '0 1 2 3 4 5 … 14 15 16 17 18 19')
    """
    texts = [str(entry) for entry in entries]
    return " ".join(texts if len(texts) <= 12 else [*texts[:6], "…", *texts[-6:]])


def _check_overlap(minimum_overlap: object) -> float:
    share = check_float("minimum_overlap", minimum_overlap)
    if not 0.0 < share <= 1.0:
        raise InvalidInputError("minimum_overlap", "must be above 0 and at most 1", share)
    return share


def _refuse(**settings: Any) -> None:
    for argument, value in settings.items():
        if given(value):
            raise InvalidInputError(argument, "must not be given beside communities", value)


def _n_samples(layers: Mapping[str, Any]) -> int:
    first = next(iter(layers.values()))
    return int(first.n_samples if hasattr(first, "n_samples") else first.shape[0])


def _communities(
    layer: Any, n_neighbors: int, metric: str, how: Mapping[str, Any], technical: Mapping[str, Any]
) -> Communities:
    """Search a layer's neighbours and their communities; the graph is not kept."""
    table = as_neighbors(layer, n_neighbors=n_neighbors, metric=metric, **technical)
    graph, n_negative = _graph(table, technical["n_jobs"])
    found = find_communities(graph=graph, initial=None, **how, **technical)
    warnings = (*table.warnings, *found.warnings)
    if n_negative:
        warnings += (f"{n_negative} edges of negative weight are left out of the communities",)
    settings = {**found.settings, "n_neighbors": table.n_neighbors, "metric": table.metric}
    return replace(found, _graph=None, settings=settings, warnings=warnings)


def _graph(table: Neighbors, n_jobs: int | None) -> tuple[Graph, int]:
    """Return the graph of a table without edges of negative weight, and the number of these."""
    graph = table.graph(n_jobs=n_jobs)
    if not (graph.weights < 0).any():
        return graph, 0
    sources = np.repeat(np.arange(graph.n_nodes), np.diff(graph.indptr))
    once = sources <= graph.indices
    kept = once & (graph.weights >= 0)
    edges = np.column_stack([sources[kept], graph.indices[kept]])
    positive = Graph.from_edges(edges, n_nodes=graph.n_nodes, weights=graph.weights[kept])
    return positive, int(once.sum() - kept.sum())


def _followed(
    found: Mapping[str, Communities], labels: Any, threshold: float, technical: Mapping[str, Any]
) -> FollowedCommunities:
    """Give communities their lasting numbers and compare them with the classes."""
    layers = tuple(found)
    sizes = [one.n_communities for one in found.values()]
    steps = _core.follow_communities(
        [one.labels.astype(np.uint32) for one in found.values()],
        sizes,
        threshold,
        technical["n_jobs"],
        progress_for(technical["progress"], "following communities"),
    )
    numbers = lasting_numbers(sizes, steps)
    happened = events(layers, numbers, steps)
    per_kind = counts(happened, layers)
    first = next(iter(found.values()))
    numbered = np.empty((len(layers), first.labels.size), dtype=np.int64)
    for number, one, row in zip(numbers, found.values(), numbered, strict=True):
        np.take(number, one.labels, out=row, mode="clip")  # nothing to clip, but much faster
    shared, different = _shared_settings(found)
    return FollowedCommunities(
        layers=layers,
        labels=numbered,
        n_communities=np.array(sizes, dtype=np.int64),
        modularity=np.array([one.modularity for one in found.values()]),
        splits=per_kind["split"],
        merges=per_kind["merge"],
        births=per_kind["birth"],
        deaths=per_kind["death"],
        events=happened,
        agreement=_agreement(found, labels, technical["n_jobs"]),
        _communities=tuple(found.values()),
        settings=record(
            "follow_communities",
            algorithm=shared.pop("function"),
            **shared,
            minimum_overlap=threshold,
            n_samples=first.labels.size,
        ),
        warnings=(*different, *layer_warnings(found)),
    )


def _shared_settings(
    found: Mapping[str, Communities],
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the settings of the searches, one per layer where they differ, and a warning then."""
    shared: dict[str, Any] = {}
    differ = []
    for key in SETTINGS:
        values = [one.settings.get(key) for one in found.values()]
        same = all(value == values[0] for value in values)
        shared[key] = values[0] if same else dict(zip(found, values, strict=True))
        if not same:
            told = ", ".join(dict.fromkeys(str(value) for value in values))
            differ.append(f"{'algorithm' if key == 'function' else key} ({told})")
    if not differ:
        return shared, ()
    return shared, (f"communities of the layers differ in {', '.join(differ)}",)


def _agreement(
    found: Mapping[str, Communities], labels: Any, n_jobs: int | None
) -> LayerAgreement | None:
    if labels is None:
        return None
    return layer_agreement(
        {
            name: partition_agreement(one.labels, labels, n_jobs=n_jobs)
            for name, one in found.items()
        }
    )
