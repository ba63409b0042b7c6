"""The closed form against networkx, against dense matrices, and on what must not change it."""

from __future__ import annotations

import json
import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import Graph, _core, modularity, neighbors
from layerscope._reference import modularity as twin

POINTS = [(1, 0), (4, 1), (1, 1), (1, 3), (0, 1), (-1, 3)]
LABELS = [list(map(int, word)) for word in ("000111", "000011", "010101")]
# Q, union, mutual, binary union, directed, bound: networkx on the dense graph.
WORKED = [
    (0.333298692902, 0.353655383, 0.306263187, 0.357142857, 0.333298693, 0.499766232),
    (0.170636587439, 0.132610061, 0.220943942, 0.122448980, 0.173407732, 0.421648623),
    (-0.359788744368, -0.254118389, -0.5, -0.214285714, -0.359788744, 0.499962637),
]


@pytest.mark.parametrize(("labels", "expected"), list(zip(LABELS, WORKED, strict=True)))
def test_the_worked_example(labels, expected):
    value, union, mutual, binary_union, directed, bound = expected
    found = neighbors(POINTS, n_neighbors=2, metric="cosine")
    assert found.indices.tolist() == [[1, 2], [0, 2], [3, 1], [4, 2], [3, 5], [4, 3]]
    assert found.arc_weights().sum() == pytest.approx(10.745965207, abs=1e-9)

    plain = modularity(POINTS, labels, n_neighbors=2, metric="cosine")
    assert plain.value == pytest.approx(value, abs=1e-12)
    assert plain.bound == pytest.approx(bound, abs=1e-9)
    assert plain.ratio == plain.value / plain.bound
    assert sum(plain.per_class.values()) == pytest.approx(plain.value, abs=1e-15)

    assert modularity(found, labels).value == plain.value
    assert modularity(found, labels, directed=True).value == pytest.approx(directed, abs=1e-9)
    assert modularity(found.graph(), labels).value == pytest.approx(value, abs=1e-12)
    for graph, wanted in (
        (found.graph(symmetrize="union"), union),
        (found.graph(symmetrize="mutual"), mutual),
        (found.graph(symmetrize="union", weight="binary"), binary_union),
    ):
        assert modularity(graph, labels).value == pytest.approx(wanted, abs=1e-9)


def communities(labels):
    return [set(np.flatnonzero(np.asarray(labels) == c).tolist()) for c in np.unique(labels)]


@st.composite
def weighted_graphs(draw):
    n = draw(st.integers(1, 9))
    nodes = st.integers(0, n - 1)
    weight = st.floats(0.01, 10)
    edges = draw(st.dictionaries(st.tuples(nodes, nodes), weight, min_size=1, max_size=25))
    return n, edges, draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))


@given(weighted_graphs(), st.booleans(), st.floats(0, 3))
def test_graphs_agree_with_networkx(case, directed, resolution):
    n, edges, labels = case
    theirs = nx.DiGraph() if directed else nx.Graph()
    theirs.add_nodes_from(range(n))
    theirs.add_weighted_edges_from([(i, j, w) for (i, j), w in edges.items()])
    expected = nx.community.modularity(theirs, communities(labels), resolution=resolution)
    ours = modularity(theirs, labels, directed=directed, resolution=resolution, n_permutations=0)
    assert ours.value == pytest.approx(expected, abs=1e-12)


@given(weighted_graphs())
def test_directions_can_be_forgotten(case):
    n, edges, labels = case
    arcs = list(edges)
    directed = Graph.from_edges(arcs, n_nodes=n, weights=list(edges.values()), directed=True)
    undirected = Graph.from_edges(arcs, n_nodes=n, weights=list(edges.values()))
    forgotten = modularity(directed, labels, n_permutations=0)
    assert forgotten.value == pytest.approx(
        modularity(undirected, labels, n_permutations=0).value, abs=1e-12
    )
    assert forgotten.value <= modularity(directed, labels, directed=True).value + 1e-12


@st.composite
def layers(draw):
    n = draw(st.integers(4, 12))
    d = draw(st.integers(1, 4))
    entry = st.integers(-3, 3)  # ties, duplicates and zero rows abound
    X = draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=n, max_size=n))
    labels = draw(st.lists(st.sampled_from("abc"), min_size=n, max_size=n))
    return np.array(X, dtype=np.float64), labels, draw(st.integers(1, n - 1))


@given(layers(), st.sampled_from(["euclidean", "cosine", "pearson", "inner_product"]))
def test_tables_agree_with_the_dense_definition(case, metric):
    X, labels, k = case
    table = neighbors(X, n_neighbors=k, metric=metric)
    ours = modularity(X, labels, n_neighbors=k, metric=metric, n_permutations=0)
    weights = table.arc_weights()
    kept = None if weights is None else np.maximum(weights, 0)
    W = twin.arcs_matrix(table.indices, kept)
    expected = twin.modularity_of_matrix(twin.symmetrized(W), labels)
    assert ours.value == pytest.approx(expected, abs=1e-12, nan_ok=True)
    directed = modularity(table, labels, directed=True, n_permutations=0).value
    expected = twin.modularity_of_matrix(W, labels)
    assert directed == pytest.approx(expected, abs=1e-12, nan_ok=True)
    entries = np.array(labels)
    assert ours.same_label_share == np.mean(entries[table.indices] == entries[:, None])
    assert ours.n_negative_edges == (0 if weights is None else np.sum(weights < 0))
    if weights is not None:
        theirs = modularity(table.graph(), labels, n_permutations=0)
        if not (weights < 0).any():
            assert theirs.value == pytest.approx(ours.value, abs=1e-12, nan_ok=True)


@given(layers(), st.booleans(), st.integers(0, 2**63 - 1))
def test_the_null_repeats_from_its_permutations(case, directed, seed):
    X, labels, k = case
    table = neighbors(X, n_neighbors=k)
    found = modularity(table, labels, directed=directed, n_permutations=5, random_state=seed)
    W = twin.arcs_matrix(table.indices)
    W = W if directed else twin.symmetrized(W)
    values = twin.null(W, labels, [_core.permutation(len(X), seed, p) for p in range(5)])
    assert found.null_mean == pytest.approx(values.mean(), abs=1e-12)
    assert found.null_sd == pytest.approx(values.std(ddof=1), abs=1e-12)
    if found.null_sd > 1e-9:
        assert found.z == pytest.approx((found.value - found.null_mean) / found.null_sd)
    bare = modularity(table, labels, directed=directed, n_permutations=0)
    assert bare.value == found.value
    assert all(map(math.isnan, (bare.null_mean, bare.null_sd, bare.z)))


def test_one_permutation_has_no_spread():
    found = modularity(POINTS, LABELS[0], n_neighbors=2, n_permutations=1)
    assert math.isfinite(found.null_mean)
    assert math.isnan(found.null_sd)
    assert math.isnan(found.z)


@given(layers(), st.floats(0.1, 100))
def test_names_order_and_scale_do_not_matter(case, scale):
    X, labels, k = case
    table = neighbors(X, n_neighbors=k, metric="cosine")
    before = modularity(table, labels, n_permutations=3)
    names = {"a": ("z", 1), "b": 7, "c": "a"}
    renamed = modularity(table, [names[label] for label in labels], n_permutations=3)
    assert renamed.value == pytest.approx(before.value, abs=1e-14, nan_ok=True)
    assert renamed.null_mean == pytest.approx(before.null_mean, abs=1e-14, nan_ok=True)
    assert {names[label]: term for label, term in before.per_class.items()} == pytest.approx(
        renamed.per_class, abs=1e-14, nan_ok=True
    )
    graph = table.graph(symmetrize=None)
    sources = np.repeat(np.arange(len(X)), np.diff(graph.indptr))
    scaled = Graph.from_edges(
        np.column_stack([sources, graph.indices]),
        n_nodes=len(X),
        weights=graph.weights * scale,
        directed=True,
    )
    after = modularity(scaled, labels, n_permutations=0)
    assert after.value == pytest.approx(before.value, abs=1e-12, nan_ok=True)


def random_layer(n=300, d=6, seed=0, n_classes=10):
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % n_classes
    return rng.normal(size=(n, d)) + rng.normal(size=(n_classes, d))[labels], labels


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("directed", [False, True])
def test_threads_change_no_bit(metric, directed):
    X, labels = random_layer(3000)
    table = neighbors(X, n_neighbors=5, metric=metric)
    graph = table.graph()
    found = [
        [
            modularity(data, labels, directed=directed, n_permutations=7, n_jobs=n_jobs).to_dict()
            for data in (table, graph)
        ]
        for n_jobs in (1, 2, 7)
    ]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("n_classes", [10, 300])
@pytest.mark.parametrize("weighted", [False, True])
def test_many_pieces_of_work_add_up_alike(n_classes, weighted):
    """Enough arcs for several pieces, few and many classes, against the closed form in numpy."""
    rng = np.random.default_rng(n_classes)
    n, k = 50_000, 10
    indices = rng.integers(n, size=(n, k)).astype(np.uint32)
    weights = rng.normal(0.5, 1.0, size=(n, k)) if weighted else None
    codes = rng.integers(n_classes, size=n).astype(np.uint32)
    found = [
        _core.modularity_from_neighbors(
            indices, weights, codes, n_classes, 1.0, False, True, 2, 7, n_jobs
        )
        for n_jobs in (1, 2, 7)
    ]
    for other in found[1:]:
        assert np.array_equal(other[3], found[0][3])
        assert other[:3] + other[4:] == found[0][:3] + found[0][4:]

    kept = np.ones((n, k)) if weights is None else np.maximum(weights, 0)

    def closed_form(codes):
        ends = np.repeat(codes, k), codes[indices].ravel()
        leaving, entering = (np.bincount(end, kept.ravel(), n_classes) for end in ends)
        inside = kept.ravel()[ends[0] == ends[1]].sum()
        return inside / kept.sum() - (((leaving + entering) / (2 * kept.sum())) ** 2).sum()

    assert found[0][0] == pytest.approx(closed_form(codes), abs=1e-13)
    null = [closed_form(codes[_core.permutation(n, 7, p)]) for p in range(2)]
    assert found[0][6] == pytest.approx(np.mean(null), abs=1e-13)
    assert found[0][5] == (0 if weights is None else (weights < 0).sum())


def test_the_spread_under_chance_is_that_of_the_paper_s_graphs():
    X, labels = random_layer(500, 20)
    found = modularity(X, labels, preset="eccv2022", n_permutations=400)
    assert found.null_mean == pytest.approx(0.0, abs=0.004)
    assert found.null_sd == pytest.approx(0.009, abs=0.0015)
    assert found.z > 10


def test_no_weight_at_all_is_nan_and_says_so():
    found = modularity(np.zeros((5, 2)), list("aabbb"), n_neighbors=2, metric="cosine")
    for name in ("value", "bound", "ratio", "null_mean", "null_sd", "z"):
        assert math.isnan(getattr(found, name)), name
    assert all(map(math.isnan, found.per_class.values()))
    assert found.n_zero_rows == 5
    assert any("no weight at all" in sentence for sentence in found.warnings)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_graph_without_edges_is_nan():
    found = modularity(Graph.from_edges([], n_nodes=3), [0, 1, 1])
    assert math.isnan(found.value)
    assert math.isnan(found.same_label_share)


def test_one_class_says_nothing():
    found = modularity(POINTS, ["only"] * 6, n_neighbors=2)
    assert (found.value, found.bound) == (0.0, 0.0)
    assert math.isnan(found.ratio)
    assert math.isnan(found.z)
    assert any("the same" in sentence for sentence in found.warnings)


def test_two_points():
    found = modularity([[0.0], [1.0]], ["a", "b"], n_neighbors=1)
    assert found.value == -0.5


def test_negative_similarities_are_clipped_and_counted():
    X = np.array([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.1], [-1.0, -0.1]])
    found = modularity(X, [0, 0, 1, 1], n_neighbors=3, metric="cosine")
    assert found.n_negative_edges == 8
    assert found.value == pytest.approx(0.5)
    assert found.same_label_share == pytest.approx(1 / 3)
    assert any("negative" in sentence for sentence in found.warnings)


def test_a_zero_row_is_isolated_and_counted():
    X = np.vstack([np.array(POINTS, dtype=float), [[0.0, 0.0]]])
    with_zero = modularity(X, [0, 0, 0, 1, 1, 1, 1], n_neighbors=2, metric="cosine")
    without = modularity(POINTS, LABELS[0], n_neighbors=2, metric="cosine")
    assert with_zero.n_zero_rows == 1
    assert with_zero.value == pytest.approx(without.value, abs=1e-15)


def test_a_table_keeps_its_own_k_and_gives_prefixes():
    X, labels = random_layer(60)
    table = neighbors(X, n_neighbors=8)
    assert modularity(table, labels).settings["n_neighbors"] == 8
    assert modularity(table, labels).value == modularity(X, labels, n_neighbors=8).value
    assert (
        modularity(table, labels, n_neighbors=3).value == modularity(X, labels, n_neighbors=3).value
    )


def test_settings_repeat_the_call():
    X, labels = random_layer(60)
    found = modularity(X, labels, metric="pearson", resolution=0.7, n_permutations=4)
    assert found.settings["function"] == "modularity"
    settings = {k: v for k, v in found.settings.items() if k not in {"function", "version"}}
    assert modularity(X, labels, **settings).to_dict() == found.to_dict()
    assert (settings["n_neighbors"], settings["metric"], settings["weight"]) == (
        15,
        "pearson",
        "similarity",
    )
    assert float(found) == found.value
    with pytest.raises(AttributeError):
        found.value = 0.0


def test_binary_weights_on_a_graph_ignore_its_weights():
    graph = Graph.from_edges([(0, 1), (1, 2), (2, 3)], weights=[5.0, 1.0, 2.0])
    plain = Graph.from_edges([(0, 1), (1, 2), (2, 3)])
    labels = [0, 0, 1, 1]
    assert modularity(graph, labels, weight="binary").value == modularity(plain, labels).value
    assert modularity(graph, labels).value != modularity(plain, labels).value


def test_a_directed_value_may_exceed_the_bound_only_at_a_resolution_above_2():
    graph = Graph.from_edges([(0, 1)], directed=True)
    at_two = modularity(graph, [0, 1], directed=True, resolution=2.0)
    assert at_two.value == pytest.approx(at_two.bound)
    above = modularity(graph, [0, 1], directed=True, resolution=3.0)
    assert above.value > above.bound + 0.4
