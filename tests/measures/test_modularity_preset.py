"""The reference implementation's quirks, against a dense matrix and networkx."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import Graph, modularity, modularity_curve, neighbors
from layerscope._reference import modularity as twin
from layerscope.errors import InvalidInputError


@st.composite
def cases(draw):
    n = draw(st.integers(1, 10))
    d = draw(st.integers(1, 3))
    # Ones and minus ones: similarities are exact, so ties fall alike on both sides.
    entry = st.sampled_from([-1, 0, 1])
    X = draw(st.lists(st.lists(entry, min_size=d, max_size=d), min_size=n, max_size=n))
    labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    return np.array(X, dtype=np.float32), labels, draw(st.integers(1, 12))


@given(cases())
def test_the_preset_agrees_with_the_dense_matrix(case):
    X, labels, k = case
    ours = modularity(X, labels, preset="eccv2022", n_neighbors=k, n_permutations=0)
    expected = twin.eccv2022(X, labels, k)
    if not math.isfinite(expected) or abs(expected) > 1e6:  # weights that add to about nothing
        return
    assert ours.value == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_the_preset_agrees_with_networkx_on_the_dense_matrix(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(40, 5))
    labels = rng.integers(0, 4, size=40)
    S = twin.similarities(X, 1e-8)
    np.fill_diagonal(S, 0.0)
    kept = twin.in_order(S)[:, :3]
    W = np.zeros_like(S)
    np.put_along_axis(W, kept, np.take_along_axis(S, kept, axis=1), axis=1)
    graph = nx.from_numpy_array((W + W.T) / 2)
    groups = [set(np.flatnonzero(labels == label).tolist()) for label in range(4)]
    expected = nx.community.modularity(graph, groups)
    ours = modularity(X, labels, preset="eccv2022")
    assert ours.value == pytest.approx(expected, abs=1e-12)
    assert ours.settings["n_neighbors"] == 3
    assert ours.settings["metric"] == "cosine"
    assert ours.settings["preset"] == "eccv2022"
    # On ordinary data both modes give the same number.
    same = modularity(X, labels, n_neighbors=3, metric="cosine", weight="similarity")
    assert same.value == ours.value


def test_a_row_picks_itself_before_negative_neighbours():
    X = np.array([[1.0, 0.0], [-1.0, 0.2], [-1.0, -0.2]])
    ours = modularity(X, [0, 1, 1], preset="eccv2022", n_neighbors=1)
    # Row 0 has no positive neighbour: it picks itself, with weight 0.
    assert ours.n_negative_edges == 0
    assert ours.value == pytest.approx(twin.eccv2022(X, [0, 1, 1], 1))
    assert ours.same_label_share == 1.0
    kept = modularity(X, [0, 1, 1], preset="eccv2022", n_neighbors=2)
    assert kept.n_negative_edges == 1
    assert any("kept" in sentence for sentence in kept.warnings)


def test_ties_with_the_row_itself_go_to_the_lower_index():
    X = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    # Row 0 has similarity 0 to all and is the lowest index itself; rows 1 and 2 come after row 0.
    ours = modularity(X, [0, 1, 1], preset="eccv2022", n_neighbors=2)
    assert ours.value == pytest.approx(twin.eccv2022(X, [0, 1, 1], 2))
    assert ours.same_label_share == 0.5


@pytest.mark.parametrize("k", [5, 6, 7, 1000])
def test_k_of_all_rows_takes_everything(k):
    X = np.random.default_rng(1).normal(size=(6, 3))
    labels = [0, 0, 0, 1, 1, 1]
    ours = modularity(X, labels, preset="eccv2022", n_neighbors=k)
    assert ours.value == pytest.approx(twin.eccv2022(X, labels, k), rel=1e-9)
    table = neighbors(X, n_neighbors=5, metric="cosine")
    assert modularity(table, labels, preset="eccv2022", n_neighbors=k).value == ours.value
    assert ours.settings["n_neighbors"] == min(k, 6)
    if k >= 6:
        with pytest.raises(InvalidInputError, match="n_neighbors"):
            modularity(X, labels, n_neighbors=k, metric="cosine")


def test_one_row_has_no_weight():
    found = modularity([[1.0, 2.0]], ["a"], preset="eccv2022")
    assert math.isnan(found.value)


def test_tiny_rows_count_as_short():
    X = np.random.default_rng(2).normal(size=(12, 4))
    X[3] *= 1e-10
    X[7] *= 1e-9
    X[9] = 0.0
    X[10] *= 1e-200
    labels = np.arange(12) % 3
    ours = modularity(X, labels, preset="eccv2022")
    assert ours.value == pytest.approx(twin.eccv2022(X, labels), rel=1e-12)
    assert ours.n_zero_rows == 1
    assert ours.settings["metric"] == "cosine"
    # Without the preset only an exactly zero row is special.
    X[3], X[7], X[10] = X[3] * 1e10, X[7] * 1e9, X[10] * 1e200
    default = modularity(X, labels, n_neighbors=3, metric="cosine")
    X[3] *= 1e-10
    tiny = modularity(X, labels, n_neighbors=3, metric="cosine")
    assert tiny.value == pytest.approx(default.value, rel=1e-9)


def test_parameters_beside_the_preset_depart_from_it():
    X = np.random.default_rng(3).normal(size=(30, 4))
    labels = np.arange(30) % 3
    assert modularity(X, labels, preset="eccv2022", n_neighbors=15).settings["n_neighbors"] == 15
    euclidean = modularity(X, labels, preset="eccv2022", metric="euclidean")
    assert euclidean.settings["metric"] == "euclidean"
    assert euclidean.settings["weight"] == "binary"
    assert euclidean.value == modularity(X, labels, n_neighbors=3).value
    table = neighbors(X, n_neighbors=5)
    with pytest.raises(InvalidInputError, match="metric must be 'euclidean'"):
        modularity(table, labels, preset="eccv2022")
    with pytest.raises(InvalidInputError, match="n_neighbors must be at most 2"):
        modularity(neighbors(X, n_neighbors=2, metric="cosine"), labels, preset="eccv2022")
    with pytest.raises(InvalidInputError, match="preset must be one of 'eccv2022'"):
        modularity(X, labels, preset="eccv2023")


def test_the_recorded_weight_is_the_one_used():
    X = np.random.default_rng(3).normal(size=(30, 4))
    labels = np.arange(30) % 3
    binary = modularity(X, labels, preset="eccv2022", weight="binary")
    assert binary.settings["weight"] == "binary"
    assert modularity(X, labels, preset="eccv2022").settings["weight"] == "similarity"
    curve = modularity_curve({"a": X}, labels, preset="eccv2022", weight="binary", jackknife=False)
    assert curve.settings["weight"] == "binary"
    for weight in ("binary", "similarity"):
        one = modularity([[1.0, 2.0]], ["a"], preset="eccv2022", weight=weight)
        assert one.settings["weight"] == weight


def test_the_preset_keeps_the_negative_weights_of_a_graph():
    weights = [1.0, 2.0, -0.5, 1.5]
    graph = Graph.from_edges([(0, 1), (1, 2), (0, 3), (2, 3)], weights=weights)
    labels = [0, 0, 1, 1]
    kept = modularity(graph, labels, preset="eccv2022")
    expected = twin.modularity_of_matrix(graph.to_scipy().toarray(), labels)
    assert kept.value == pytest.approx(expected, abs=1e-12)
    assert kept.settings["weight"] == "graph"
    assert any("kept" in sentence for sentence in kept.warnings)
    assert modularity(graph, labels).value != pytest.approx(expected, abs=1e-3)
    with pytest.raises(InvalidInputError, match="weight must be 'auto'"):
        modularity(graph, labels, preset="eccv2022", weight="similarity")
