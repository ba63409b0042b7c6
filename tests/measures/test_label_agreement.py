"""Label agreement against its definition, on tables and graphs."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layerscope import Graph, label_agreement, neighbors
from layerscope._reference.agreement import agreement as twin


@st.composite
def layers(draw):
    n = draw(st.integers(2, 15))
    X = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    labels = draw(st.lists(st.sampled_from(["x", "y", 3]), min_size=n, max_size=n))
    return np.array(X, dtype=np.float64)[:, None], labels, draw(st.integers(1, n - 1))


@given(layers())
def test_tables_agree_with_the_definition(case):
    X, labels, k = case
    table = neighbors(X, n_neighbors=k)
    found = label_agreement(X, labels, n_neighbors=k)
    assert found.value == pytest.approx(twin(table.indices.tolist(), labels), abs=1e-15)
    assert found.to_dict() == label_agreement(table, labels).to_dict()
    sizes = {label: labels.count(label) for label in found.per_class}
    mean = sum(found.per_class[label] * size for label, size in sizes.items()) / len(labels)
    assert found.value == pytest.approx(mean)
    assert found.n_isolated == 0


@given(st.data())
def test_graphs_agree_with_the_definition(data):
    n = data.draw(st.integers(1, 8))
    node = st.integers(0, n - 1)
    edges = data.draw(st.lists(st.tuples(node, node), max_size=12))
    labels = data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    directed = data.draw(st.booleans())
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(edges)
    lists = [[j for j in graph[i] if j != i] for i in range(n)]
    found = label_agreement(graph, labels)
    assert found.value == pytest.approx(twin(lists, labels), nan_ok=True)
    assert found.n_isolated == sum(not row for row in lists)


def test_isolated_nodes_are_left_out_and_named():
    found = label_agreement(Graph.from_edges([(0, 1)], n_nodes=3), [0, 0, 1])
    assert (found.value, found.n_isolated) == (1.0, 1)
    assert math.isnan(found.per_class[1])
    assert found.warnings == ("1 of 3 nodes have no neighbour and are left out",)
    nothing = label_agreement(Graph.from_edges([], n_nodes=2), [0, 1])
    assert math.isnan(nothing.value)
    assert nothing.warnings


def test_threads_change_no_bit():
    rng = np.random.default_rng(0)
    table = neighbors(rng.normal(size=(9000, 2)), n_neighbors=3)
    labels = rng.integers(0, 7, size=9000)
    found = [label_agreement(table, labels, n_jobs=n_jobs).to_dict() for n_jobs in (1, 2, 7)]
    assert found[0] == found[1] == found[2]


def test_a_single_class_agrees_fully():
    assert label_agreement([[0.0], [1.0], [5.0]], [1, 1, 1], n_neighbors=1).value == 1.0
