"""Box coverings: tables of optimal counts, closed forms, naive twins."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layerscope as ls
from layerscope._reference import fractal as twin
from tests import _networks as made
from tests.measures._fractal import METHODS, graphs

# Provably optimal counts, by integer programming: no covering can be smaller.
OPTIMA = {
    "flower 3": (
        made.flower(2, 2, 3),
        (44, 64, 8),
        (44, 32, 10, 8, 4, 3, 3, 2, 1),
        (12, 4, 4, 2, 2),
    ),
    "flower 4": (
        made.flower(2, 2, 4),
        (172, 256, 16),
        (172, 128, 36, 32, 12, 10, 9, 8, 4, 4, 3, 3),
        (44, 12, 12, 4, 4),
    ),
    "small-world flower": (made.flower(1, 2, 4), (42, 81, 4), (42, 27, 6, 3, 1), (6, 2, 1)),
    "grid": (
        made.grid(10, 10),
        (100, 180, 18),
        (100, 50, 24, 15, 11, 8, 7, 5, 4, 4, 4, 3),
        (24, 11, 7, 4, 4),
    ),
    "path": (
        made.path(50),
        (50, 49, 49),
        (50, 25, 17, 13, 10, 9, 8, 7, 6, 5, 5, 5),
        (17, 10, 8, 6, 5),
    ),
    "cycle": (
        made.ring(40),
        (40, 40, 20),
        (40, 20, 14, 10, 8, 7, 6, 5, 5, 4, 4, 4),
        (14, 8, 6, 5, 4),
    ),
    "binary tree": (
        made.binary_tree(6),
        (127, 126, 12),
        (127, 85, 37, 34, 17, 17, 8, 8, 4, 4, 2, 2),
        (37, 17, 8, 4, 2),
    ),
    "karate": (
        [(int(a), int(b)) for a, b in nx.karate_club_graph().edges],
        (34, 78, 5),
        (34, 20, 4, 2, 2, 1),
        (4, 2, 1),
    ),
}


@pytest.mark.parametrize("name", OPTIMA)
@pytest.mark.parametrize("method", METHODS)
def test_counts_stand_between_the_optimum_and_its_tolerance(name, method):
    edges, (n, m, diameter), by_diameter, by_radius = OPTIMA[name]
    graph = made.graph(edges)
    assert (graph.n_nodes, graph.n_edges) == (n, m)
    optimum = np.array(by_radius if method in {"memb", "sketch", "random"} else by_diameter)
    sizes = np.arange(1, len(optimum) + 1)
    found = ls.box_counts(graph, method=method, sizes=sizes, n_repeats=50)
    assert found.diameter == diameter
    assert found.size_kind == ("r_B" if method in {"memb", "sketch", "random"} else "l_B")
    assert (found.all_counts >= optimum).all()
    np.testing.assert_array_equal(found.counts, found.all_counts.min(axis=0))
    if method in {"greedy", "cbb"}:
        assert (found.counts <= np.maximum(optimum + 2, 1.35 * optimum)).all()
    if method in {"memb", "sketch"}:
        assert (found.counts <= optimum * (1 + math.log(n))).all()
    table = twin.distances(graph)
    for size, count in zip(sizes.tolist(), found.counts.tolist(), strict=True):
        boxes = ls.boxes(graph, size, method=method, n_repeats=50)
        assert twin.is_covering(table, boxes, size, found.size_kind)
        assert boxes.max() + 1 == count


def test_default_sizes_go_from_single_nodes_to_one_box():
    graph = made.graph(made.grid(6, 9))
    found = ls.box_counts(graph)
    np.testing.assert_array_equal(found.sizes, np.arange(1, 13 + 2))
    assert (found.counts[0], found.counts[-1], found.diameter) == (54, 1, 13)
    radii = ls.box_counts(graph, method="memb")
    assert radii.counts[-1] == 1
    assert (radii.counts[:-1] > 1).all()
    np.testing.assert_array_equal(radii.sizes, np.arange(1, len(radii.sizes) + 1))


@pytest.mark.parametrize("size", [0, -1, 2.5, float("nan"), "ab", [], [2, 3]])
def test_a_wrong_size_of_boxes_is_named_as_it_was_given(size):
    with pytest.raises(ls.errors.LayerscopeError, match=r"^size must ") as caught:
        ls.boxes(ls.Graph.from_edges([(0, 1)]), size)
    assert caught.value.argument == "size"


def test_a_path_needs_n_over_l_boxes():
    n = 60
    found = ls.box_counts(made.graph(made.path(n)), n_repeats=200)
    optimum = np.ceil(n / found.sizes)
    assert (found.counts >= optimum).all()
    assert (found.counts <= optimum + 2).all()
    # Overlapping boxes begin at the ends of a path, which have the smallest degree.
    exact = ls.box_counts(made.graph(made.path(n)), method="obca", n_repeats=50)
    assert (exact.counts <= optimum + 1).all()


@given(graphs(), st.integers(1, 6), st.integers(0, 3))
def test_counts_are_those_of_the_naive_twins(graph, size, seed):
    table = twin.distances(graph)
    found = ls.box_counts(graph, sizes=[size], random_state=seed, n_repeats=2)
    orders = [ls._core.permutation(graph.n_nodes, seed, repeat) for repeat in range(2)]
    expected = [[twin.greedy(table, order, size)] for order in orders]
    assert found.all_counts.tolist() == expected
    assert ls.box_counts(graph, method="memb", sizes=[size]).counts[0] == twin.memb(table, size)


@given(graphs())
def test_counts_of_components_add_up(graph):
    whole = ls.box_counts(graph, method="memb", sizes=[1, 2])
    parts = [
        ls.Graph.from_scipy(graph.to_scipy()[nodes][:, nodes])
        for nodes in map(sorted, nx.connected_components(graph.to_networkx()))
    ]
    alone = [ls.box_counts(part, method="memb", sizes=[1, 2]).counts for part in parts]
    assert whole.counts.tolist() == np.sum(alone, axis=0).tolist()
    assert whole.n_components == len(parts)
    largest = ls.box_counts(graph, method="memb", sizes=[1, 2], components="largest")
    assert largest.n_nodes == max(part.n_nodes for part in parts)
    assert largest.counts.tolist() in [counts.tolist() for counts in alone]


@given(graphs())
def test_fuzzy_counts_are_those_of_the_formula(graph):
    found = ls.fuzzy_box_counts(graph, sizes=[1, 2, 5])
    expected = twin.fuzzy_counts(twin.distances(graph), [1, 2, 5])
    np.testing.assert_allclose(found.counts, expected, rtol=1e-12)


def test_graphs_of_three_kinds():
    edges = made.grid(5, 5)
    ours = ls.Graph.from_edges(edges)
    kinds = (ours, ours.to_scipy(), ours.to_networkx())
    counts = [ls.box_counts(graph).counts.tolist() for graph in kinds]
    assert counts[0] == counts[1] == counts[2]
