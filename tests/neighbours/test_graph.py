"""Graph: every way in and out, against scipy, networkx and the naive twin."""

import copy
import pickle

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from layerscope import Graph
from layerscope._reference.graphs import dense, merge_edges
from layerscope.errors import InvalidInputError, InvalidTypeError
from layerscope.neighbours import as_graph


@st.composite
def edge_lists(draw):
    n_nodes = draw(st.integers(1, 9))
    node = st.integers(0, n_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=30))
    # Whole numbers: sums are exact whatever the order, so every oracle agrees to the bit.
    whole = st.integers(-3, 3).map(float)
    weights = draw(st.none() | st.lists(whole, min_size=len(edges), max_size=len(edges)))
    return n_nodes, edges, weights, draw(st.booleans())


def build(case):
    n_nodes, edges, weights, directed = case
    return Graph.from_edges(edges, n_nodes=n_nodes, weights=weights, directed=directed)


@given(edge_lists())
def test_edges_merge_as_in_the_naive_twin(case):
    n_nodes, edges, weights, directed = case
    graph = build(case)
    expected = merge_edges(n_nodes, edges, weights, directed)
    np.testing.assert_array_equal(dense(graph), expected)
    stored = ~np.isnan(expected)
    half = stored if directed else np.triu(stored)
    assert graph.n_edges == half.sum()
    assert (graph.n_nodes, graph.directed) == (n_nodes, directed)
    for row in range(n_nodes):
        columns = graph.indices[graph.indptr[row] : graph.indptr[row + 1]].astype(int)
        assert (np.diff(columns) > 0).all()


@given(edge_lists())
def test_every_conversion_and_back_is_the_same_graph(case):
    graph = build(case)
    assert Graph.from_scipy(graph.to_scipy(), directed=graph.directed) == graph
    assert Graph.from_networkx(graph.to_networkx()) == graph
    assert pickle.loads(pickle.dumps(graph)) == graph
    assert copy.deepcopy(graph) == graph


@given(edge_lists())
def test_networkx_and_scipy_see_the_same_weights(case):
    graph = build(case)
    expected = np.nan_to_num(dense(graph), nan=0.0)
    np.testing.assert_array_equal(graph.to_scipy().toarray(), expected)
    theirs = graph.to_networkx()
    np.testing.assert_array_equal(nx.to_numpy_array(theirs), expected)
    assert theirs.is_directed() == graph.directed
    assert theirs.number_of_edges() == graph.n_edges
    assert list(theirs.nodes) == list(range(graph.n_nodes))


def test_types_of_the_arrays_and_their_immutability():
    graph = Graph.from_edges([(0, 1)])
    kinds = [getattr(graph, name).dtype for name in ("indptr", "indices", "weights")]
    assert kinds == [np.int64, np.uint32, np.float64]
    for made in (graph, pickle.loads(pickle.dumps(graph)), copy.copy(graph)):
        for name in ("indptr", "indices", "weights"):
            with pytest.raises(ValueError, match="read-only"):
                getattr(made, name)[0] = 7
        with pytest.raises(AttributeError):
            made.directed = True
    matrix = graph.to_scipy()
    matrix.data[:] = 9
    assert graph.weights.tolist() == [1, 1]


def test_the_class_itself_cannot_be_called():
    with pytest.raises(InvalidTypeError, match="Graph must be built by from_edges"):
        Graph()


def test_a_self_loop_is_one_arc_and_one_edge_and_weighs_twice_in_the_degree():
    graph = Graph.from_edges([(0, 0), (0, 1)], weights=[3, 1])
    assert (len(graph.indices), graph.n_edges) == (3, 2)
    assert graph.to_networkx().degree(0, weight="weight") == 7


def test_graphs_without_edges_or_nodes():
    for edges in ([], (), np.empty((0, 2), int), np.empty((0, 2))):
        assert repr(Graph.from_edges(edges)) == "Graph(n_nodes=0, n_edges=0, undirected)"
        assert Graph.from_edges(edges, n_nodes=3).indptr.tolist() == [0, 0, 0, 0]
    empty = Graph.from_edges([], directed=True)
    assert repr(empty) == "Graph(n_nodes=0, n_edges=0, directed)"
    assert Graph.from_networkx(nx.Graph()) == Graph.from_edges([])
    assert Graph.from_networkx(nx.empty_graph(4)).n_nodes == 4
    assert Graph.from_scipy(sp.csr_array((3, 3))) == Graph.from_edges([], n_nodes=3)
    assert empty.to_networkx().number_of_nodes() == 0
    assert Graph.from_edges([], n_nodes=3).to_scipy().shape == (3, 3)


def test_equal_by_content_only():
    graph = Graph.from_edges([(0, 1)])
    assert graph == Graph.from_edges([(1, 0), (0, 1)])
    for other in (
        Graph.from_edges([(0, 1)], n_nodes=3),
        Graph.from_edges([(0, 1)], weights=[2]),
        Graph.from_edges([(0, 1), (1, 0)], directed=True),
        Graph.from_edges([(0, 0)], n_nodes=2),
        "graph",
    ):
        assert graph != other
    with pytest.raises(TypeError):
        hash(graph)


@pytest.mark.parametrize(
    "edges",
    [
        [[0, 1], [2, 1]],
        ((0, 1), (2, 1)),
        np.array([[0, 1], [2, 1]], np.uint8),
        np.array([[0, 1], [2, 1]], np.uint64),
        np.asfortranarray([[0, 1], [2, 1]]),
        np.array([[0, 9, 1], [2, 9, 1]])[:, ::2],
        {(0, 1), (2, 1)},
        iter([(0, 1), (2, 1)]),
        nx.Graph([(0, 1), (2, 1)]).edges,
    ],
)
def test_edges_come_in_many_forms(edges):
    assert Graph.from_edges(edges) == Graph.from_networkx(nx.path_graph(3))


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_matrix])
@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_every_sparse_kind_comes_in_and_is_left_alone(kind, dtype):
    table = np.array([[1, 1, 0], [1, 0, 1], [0, 1, 0]], dtype)
    matrix = kind(table)
    graph = Graph.from_scipy(matrix)
    np.testing.assert_array_equal(graph.to_scipy().toarray(), table)
    np.testing.assert_array_equal(matrix.toarray(), table)
    assert as_graph(matrix) == graph


def test_repeated_sparse_entries_add_up_and_unsorted_columns_are_sorted():
    parts = (np.array([1.0, 2.0, 4.0, 3.0, 4.0]), np.array([1, 1, 0, 0, 0]), np.array([0, 3, 5]))
    matrix = sp.csr_array(parts, shape=(2, 2))
    graph = Graph.from_scipy(matrix, directed=True)
    assert graph.indices.tolist() == [0, 1, 0]
    assert graph.weights.tolist() == [4, 3, 7]
    assert len(matrix.data) == 5


def test_explicit_zeros_are_edges_unless_only_one_side_has_them():
    both = sp.csr_array((np.zeros(2), np.array([1, 0]), np.array([0, 1, 2])), shape=(2, 2))
    assert Graph.from_scipy(both).n_edges == 1
    parts = (np.array([5.0, 0.0, 5.0]), np.array([1, 2, 0]), np.array([0, 2, 3, 3]))
    one_sided = sp.csr_array(parts, shape=(3, 3))
    assert Graph.from_scipy(one_sided) == Graph.from_edges([(0, 1)], n_nodes=3, weights=[5])
    assert Graph.from_scipy(one_sided, directed=True).n_edges == 3


def test_networkx_keeps_node_order_kind_and_weights():
    theirs = nx.DiGraph()
    theirs.add_nodes_from(["c", "a", "b"])
    theirs.add_edge("a", "c", weight=2.5, cost=7)
    theirs.add_edge("c", "b")
    graph = Graph.from_networkx(theirs)
    assert graph == Graph.from_edges([(1, 0), (0, 2)], weights=[2.5, 1], directed=True)
    assert Graph.from_networkx(theirs, weight="cost").weights.tolist() == [1, 7]
    assert Graph.from_networkx(theirs, weight=None).weights.tolist() == [1, 1]


@pytest.mark.parametrize("kind", [nx.MultiGraph, nx.MultiDiGraph])
def test_parallel_edges_merge_as_networkx_counts_them(kind):
    theirs = kind([(0, 1), (0, 1), (1, 0), (1, 1), (1, 1)])
    theirs.add_edge(0, 1, weight=0.5)
    expected = nx.to_scipy_sparse_array(theirs, dtype=float).toarray()
    np.testing.assert_array_equal(Graph.from_networkx(theirs).to_scipy().toarray(), expected)


def test_as_graph_takes_three_kinds_and_no_other():
    graph = Graph.from_edges([(0, 1)])
    assert as_graph(graph) is graph
    assert as_graph(graph.to_networkx()) == graph
    with pytest.raises(InvalidTypeError, match="data must be a layerscope Graph, a scipy sparse"):
        as_graph(np.eye(2), "data")


asymmetric = sp.csr_array([[0, 0.5], [0.25, 0]])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: Graph.from_edges([(0, 1, 2)]), InvalidInputError, r"edges must have shape \(m, 2"),
        (lambda: Graph.from_edges([0, 1]), InvalidInputError, r"edges must have shape .* \(2,\)"),
        (lambda: Graph.from_edges([(0, 1), (2,)]), InvalidInputError, "edges must have shape"),
        (lambda: Graph.from_edges(7), InvalidInputError, "edges must have shape"),
        (lambda: Graph.from_edges(None), InvalidTypeError, "edges must have shape.* NoneType"),
        (lambda: Graph.from_edges({0: 1}), InvalidTypeError, "edges must have shape.* dict"),
        (lambda: Graph.from_edges("ab"), InvalidTypeError, "edges must have shape.* str"),
        (lambda: Graph.from_edges([(0.0, 1.0)]), InvalidTypeError, "edges must hold integers"),
        (lambda: Graph.from_edges([(True, False)]), InvalidTypeError, "edges must hold integers"),
        (lambda: Graph.from_edges([("a", "b")]), InvalidTypeError, "edges must hold integers"),
        (
            lambda: Graph.from_edges([(0, 1), (-1, 0)]),
            InvalidInputError,
            "edges must hold node numbers of at least 0; got node -1 in edge 1",
        ),
        (
            lambda: Graph.from_edges([(0, 1), (1, 2)], n_nodes=2),
            InvalidInputError,
            r"edges must join nodes below n_nodes \(2\); got node 2 in edge 1",
        ),
        (lambda: Graph.from_edges([(0, 2**40)]), InvalidInputError, "edges must name nodes below"),
        (
            lambda: Graph.from_edges([(0, 2**40)], n_nodes=2),
            InvalidInputError,
            "edges must join nodes below",
        ),
        (lambda: Graph.from_edges([], n_nodes=-1), InvalidInputError, "n_nodes .* got -1"),
        (lambda: Graph.from_edges([], n_nodes=2.0), InvalidTypeError, "n_nodes must be an integer"),
        (lambda: Graph.from_edges([], n_nodes=2**33), InvalidInputError, "n_nodes must be at most"),
        (lambda: Graph.from_edges([], directed="no"), InvalidTypeError, "directed must be True or"),
        (
            lambda: Graph.from_edges([(0, 1)], weights=[1, 2]),
            InvalidInputError,
            r"weights must have one entry per edge \(1\); got shape \(2,\)",
        ),
        (
            lambda: Graph.from_edges([(0, 1)], weights=[np.nan]),
            InvalidInputError,
            "weights must be finite; got NaN in edge 0",
        ),
        (
            lambda: Graph.from_edges([(0, 1)], weights=[-np.inf]),
            InvalidInputError,
            "weights must be finite; got -inf in edge 0",
        ),
        (
            lambda: Graph.from_edges([(0, 1), (0, 1)], weights=[1e308, 1e308]),
            InvalidInputError,
            "weights must stay finite where repeated edges add up",
        ),
        (lambda: Graph.from_edges([(0, 1)], weights=["a"]), InvalidTypeError, "weights must be re"),
        (
            lambda: Graph.from_edges([(0, 1)], weights=[1j]),
            InvalidTypeError,
            "weights must be real",
        ),
        (lambda: Graph.from_edges([(0, 1)], weights=2), InvalidInputError, "weights must have one"),
        (
            lambda: Graph.from_scipy(asymmetric),
            InvalidInputError,
            r"pass \(matrix \+ matrix.T\) / 2, or directed=True; got 0.5 at \(0, 1\) and 0.25 at",
        ),
        (lambda: as_graph(asymmetric), InvalidInputError, "matrix must be symmetric"),
        (
            lambda: Graph.from_scipy(sp.csr_array((2, 3))),
            InvalidInputError,
            "matrix must be square",
        ),
        (lambda: Graph.from_scipy(np.eye(2)), InvalidTypeError, "matrix must be a scipy sparse"),
        (
            lambda: Graph.from_scipy(sp.csr_array([[1j]])),
            InvalidTypeError,
            "matrix must hold real numbers; got dtype complex128",
        ),
        (
            lambda: Graph.from_scipy(sp.csr_array([[0, np.nan], [np.nan, 0]])),
            InvalidInputError,
            "weights must be finite",
        ),
        (lambda: Graph.from_networkx([(0, 1)]), InvalidTypeError, "graph must be a networkx graph"),
        (
            lambda: Graph.from_networkx(nx.Graph([(0, 1, {"weight": "heavy"})])),
            InvalidInputError,
            r"weight must be a finite number in edge attribute 'weight'; got 'heavy' on edge",
        ),
        (
            lambda: Graph.from_networkx(nx.Graph([(0, 1, {"weight": np.inf})])),
            InvalidInputError,
            "weight must be a finite number",
        ),
    ],
)
def test_wrong_input_is_named(call, kind, message):
    with pytest.raises(kind, match=message) as caught:
        call()
    assert caught.value.argument
    assert caught.value.rule.startswith("must")


def test_ragged_edges_and_weights_are_told_in_few_words():
    with pytest.raises(InvalidInputError, match="got rows of different lengths"):
        Graph.from_edges([(0, 1), (1,)])
    with pytest.raises(InvalidInputError, match="got rows of different lengths"):
        Graph.from_edges([(0, 1)], weights=[[1], [1, 2]])
