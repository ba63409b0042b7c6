"""The immutable graph and its ways in and out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from layerscope import _core
from layerscope._settings import check_int
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.neighbours._graph_input import (
    check_directed,
    check_ends,
    edge_array,
    edge_weight,
    is_networkx,
    is_sparse,
    missing_package,
    refuse_asymmetry,
    weight_array,
)

__all__ = ["Graph", "as_graph"]

_MOST_NODES = 2**32 - 1
#: More nodes than this have to be asked for: one mistyped end would fill the memory.
_MOST_INFERRED = 10**8


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Graph:
    """An immutable weighted graph in compressed sparse rows.

    An undirected edge is stored in both rows, a self-loop once; a self-loop counts twice in a
    degree. Columns rise strictly within a row. Nodes without edges and graphs without edges or
    nodes are legal. Two graphs are equal when they have the same arrays and the same kind.

    A graph comes from :meth:`from_edges`, :meth:`from_scipy`, :meth:`from_networkx` or
    :meth:`layerscope.Neighbors.graph`, never from the class itself.

    Attributes
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Row ``i`` holds the places ``indptr[i]`` to ``indptr[i + 1]``.
    indices : ndarray of uint32
        The other end of each stored arc.
    weights : ndarray of float64
        Its weight; negative and zero weights are legal.
    directed : bool
        Whether arcs have a direction.
    n_edges : int
        Number of edges, self-loops included; an undirected edge counts once.

    Examples
    --------
    >>> from layerscope import Graph
    >>> graph = Graph.from_edges([(0, 1), (1, 2), (2, 1)], n_nodes=4)
    >>> graph
    Graph(n_nodes=4, n_edges=2, undirected)
    >>> graph.indices
    array([1, 0, 2, 1], dtype=uint32)
    """

    indptr: npt.NDArray[np.int64]
    indices: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float64]
    directed: bool
    n_edges: int

    def __init__(self) -> None:
        rule = "must be built by from_edges, from_scipy, from_networkx or Neighbors.graph"
        raise InvalidTypeError("Graph", rule, "a call of the class")

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.indptr) - 1

    @classmethod
    def from_edges(
        cls,
        edges: Any,
        *,
        n_nodes: int | None = None,
        weights: Any = None,
        directed: bool = False,
    ) -> Graph:
        """Build a graph from a list of edges.

        Repeated edges merge, and in an undirected graph reversed ones too: their weights add up
        in the order given; without weights they count once. Takes time in proportion to the
        number of edges and nodes.

        Parameters
        ----------
        edges : array-like of int, shape (m, 2)
            The two ends of each edge, counted from 0; from first to second when directed.
        n_nodes : int, optional
            Number of nodes; one more than the largest end when left out.
        weights : array-like of float, shape (m,), optional
            One finite weight per edge; all 1 when left out.
        directed : bool
            Whether edges have a direction.

        Returns
        -------
        Graph

        Raises
        ------
        InvalidInputError
            For edges of another shape, ends below 0 or not below ``n_nodes``, and weights that
            are not finite or not one per edge.
        InvalidTypeError
            For ends that are not integers and weights that are not numbers.

        Examples
        --------
        >>> from layerscope import Graph
        >>> Graph.from_edges([(0, 1), (1, 0)], weights=[0.5, 2.0]).weights
        array([2.5, 2.5])
        >>> Graph.from_edges([(0, 1), (1, 0)], directed=True).n_edges
        2
        """
        directed = check_directed(directed)
        ends = edge_array(edges)
        largest = int(ends.max()) if ends.size else -1
        if n_nodes is None:
            if largest >= max(_MOST_INFERRED, 100 * len(ends)):
                rule = f"must name nodes below {_MOST_INFERRED}, or n_nodes be given"
                raise InvalidInputError("edges", rule, largest)
            check_int("edges", largest, low=-1, high=_MOST_NODES - 1, high_means="the largest node")
            count = largest + 1
        else:
            count = check_int("n_nodes", n_nodes, low=0, high=_MOST_NODES)
        check_ends(ends, count)
        values = None if weights is None else weight_array(weights, len(ends))
        sources, targets = (np.ascontiguousarray(ends[:, side], np.uint32) for side in (0, 1))
        return _graph(
            _core.graph_from_edges(count, sources, targets, values, directed), directed=directed
        )

    @classmethod
    def from_scipy(cls, matrix: Any, *, directed: bool = False) -> Graph:
        """Build a graph from a square scipy sparse matrix or array.

        Every stored entry becomes an arc, explicit zeros included; repeated entries add up.

        Parameters
        ----------
        matrix : scipy sparse matrix or array, shape (n, n)
            Weight of the arc from row to column.
        directed : bool
            Whether arcs have a direction. An undirected graph needs a symmetric matrix.

        Returns
        -------
        Graph

        Raises
        ------
        InvalidInputError
            For a matrix that is not square, an undirected graph of a matrix that is not
            symmetric, and weights that are not finite.
        InvalidTypeError
            For anything that is not sparse, and for complex weights.

        Examples
        --------
        >>> from scipy.sparse import csr_array
        >>> from layerscope import Graph
        >>> Graph.from_scipy(csr_array([[0, 3], [3, 0]]))
        Graph(n_nodes=2, n_edges=1, undirected)
        """
        directed = check_directed(directed)
        if not is_sparse(matrix):
            rule = "must be a scipy sparse matrix or array"
            raise InvalidTypeError("matrix", rule, type(matrix).__name__)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise InvalidInputError("matrix", "must be square", f"shape {matrix.shape}")
        if matrix.dtype.kind not in "fiub":
            raise InvalidTypeError("matrix", "must hold real numbers", f"dtype {matrix.dtype}")
        n_nodes = check_int("matrix", matrix.shape[0], low=0, high=_MOST_NODES, high_means="nodes")
        entries = matrix.tocoo()
        rows, columns = (np.ascontiguousarray(side, np.uint32) for side in entries.coords)
        values = np.ascontiguousarray(entries.data, np.float64)
        parts = _core.graph_from_edges(n_nodes, rows, columns, values, True)
        if not directed:
            opposite = _core.graph_from_edges(n_nodes, columns, rows, values, True)
            if not _same(parts, opposite):
                refuse_asymmetry(matrix)
                # Only explicit zeros differ, and a zero stored on one side is no edge.
                stored = values != 0
                rows, columns, values = rows[stored], columns[stored], values[stored]
                parts = _core.graph_from_edges(n_nodes, rows, columns, values, True)
        return _graph(parts, directed=directed)

    @classmethod
    def from_networkx(cls, graph: Any, *, weight: str | None = "weight") -> Graph:
        """Build a graph from a networkx graph; node ``i`` is the i-th of ``graph.nodes``.

        Parallel edges of a multigraph merge and their weights add up, a missing weight being 1,
        as networkx itself counts them.

        Parameters
        ----------
        graph : networkx.Graph, DiGraph, MultiGraph or MultiDiGraph
            The graph; its kind decides whether edges have a direction.
        weight : str, optional
            Edge attribute that holds the weight; None gives every edge the weight 1.

        Returns
        -------
        Graph

        Raises
        ------
        InvalidInputError
            For a weight that is not a finite number.
        InvalidTypeError
            For anything that is not a networkx graph.

        Examples
        --------
        >>> import networkx as nx
        >>> from layerscope import Graph
        >>> Graph.from_networkx(nx.path_graph(["a", "b", "c"]))
        Graph(n_nodes=3, n_edges=2, undirected)
        """
        if not is_networkx(graph):
            raise InvalidTypeError("graph", "must be a networkx graph", type(graph).__name__)
        number = {node: i for i, node in enumerate(graph.nodes)}
        ends = np.empty((graph.number_of_edges(), 2), np.int64)
        values = np.ones(len(ends))
        for i, (source, target, attributes) in enumerate(graph.edges(data=True)):
            ends[i] = number[source], number[target]
            if weight is not None:
                values[i] = edge_weight(attributes, weight, (source, target))
        return cls.from_edges(
            ends, n_nodes=len(number), weights=values, directed=bool(graph.is_directed())
        )

    def to_scipy(self) -> Any:
        """Return the matrix of weights as ``scipy.sparse.csr_array`` (extra ``networkx``).

        The arrays are copied, so that changing the matrix leaves the graph alone. A self-loop
        stands on the diagonal once.

        Raises
        ------
        MissingExtraError
            If scipy is not installed.

        Examples
        --------
        >>> from layerscope import Graph
        >>> Graph.from_edges([(0, 1)], weights=[2]).to_scipy().toarray()
        array([[0., 2.],
               [2., 0.]])
        """
        try:
            from scipy.sparse import csr_array
        except ImportError:
            raise missing_package("scipy") from None
        small = max(self.n_nodes, len(self.indices)) < 2**31
        kind = np.int32 if small else np.int64
        parts = (self.weights.copy(), self.indices.astype(kind), self.indptr.astype(kind))
        return csr_array(parts, shape=(self.n_nodes, self.n_nodes))

    def to_networkx(self) -> Any:
        """Return a ``networkx.Graph`` or ``DiGraph`` with edge attribute ``weight``.

        Raises
        ------
        MissingExtraError
            If networkx is not installed (extra ``networkx``).

        Examples
        --------
        >>> from layerscope import Graph
        >>> list(Graph.from_edges([(0, 1)], weights=[2]).to_networkx().edges(data="weight"))
        [(0, 1, 2.0)]
        """
        try:
            import networkx as nx
        except ImportError:
            raise missing_package("networkx") from None
        result = nx.DiGraph() if self.directed else nx.Graph()
        result.add_nodes_from(range(self.n_nodes))
        sources = _sources(self.indptr)
        kept = slice(None) if self.directed else sources <= self.indices
        columns = (sources[kept], self.indices[kept], self.weights[kept])
        result.add_weighted_edges_from(zip(*(part.tolist() for part in columns), strict=True))
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        mine = (self.indptr, self.indices, self.weights)
        return self.directed == other.directed and _same(
            mine, (other.indptr, other.indices, other.weights)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays: equal by content, so not a key

    def __repr__(self) -> str:
        kind = "directed" if self.directed else "undirected"
        return f"Graph(n_nodes={self.n_nodes}, n_edges={self.n_edges}, {kind})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, ((self.indptr, self.indices, self.weights), self.directed)


_Parts = tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32], npt.NDArray[np.float64]]


def as_graph(graph: Any, argument: str = "graph") -> Graph:
    """Return ``graph`` as a :class:`Graph`: one of ours, scipy sparse (symmetric), or networkx.

    Raises
    ------
    InvalidTypeError
        For anything else.
    InvalidInputError
        As :meth:`Graph.from_scipy` and :meth:`Graph.from_networkx`.
    """
    if isinstance(graph, Graph):
        return graph
    if is_sparse(graph):
        return Graph.from_scipy(graph)
    if is_networkx(graph):
        return Graph.from_networkx(graph)
    rule = "must be a layerscope Graph, a scipy sparse matrix or a networkx graph"
    raise InvalidTypeError(argument, rule, type(graph).__name__)


def _graph(parts: _Parts, *, directed: bool) -> Graph:
    """Wrap what the extension has built."""
    indptr, indices, weights = parts
    for part in parts:
        part.setflags(write=False)
    n_edges = len(indices)
    if not directed:
        n_edges = (n_edges + int(np.count_nonzero(_sources(indptr) == indices))) // 2
    graph = object.__new__(Graph)
    # Frozen for everyone else; this is where a graph is made.
    graph.__dict__.update(
        indptr=indptr, indices=indices, weights=weights, directed=directed, n_edges=n_edges
    )
    return graph


def _restored(parts: _Parts, directed: bool) -> Graph:
    """Rebuild a pickled or copied graph; its arrays come back writeable."""
    return _graph(parts, directed=directed)


def _same(one: _Parts, other: _Parts) -> bool:
    return (
        np.array_equal(one[0], other[0])
        and np.array_equal(one[1], other[1])
        and np.array_equal(one[2], other[2])
    )


def _sources(indptr: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    return np.repeat(np.arange(len(indptr) - 1, dtype=np.uint32), np.diff(indptr))
