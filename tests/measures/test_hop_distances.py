"""Steps between nodes: against scipy and the twin, widths, memory."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse.csgraph as csgraph
from hypothesis import given

import layerscope as ls
from layerscope._reference import fractal as twin
from layerscope.errors import InvalidInputError, MemoryLimitError
from tests import _networks as made
from tests.measures._fractal import METHODS, graphs


def test_hop_distances_are_those_of_scipy():
    rng = np.random.default_rng(0)
    graph = ls.neighbors(rng.normal(size=(700, 5)), n_neighbors=4).graph()
    expected = csgraph.shortest_path(graph.to_scipy(), unweighted=True)
    expected[np.isinf(expected)] = 255
    np.testing.assert_array_equal(ls.hop_distances(graph), expected)
    some = ls.hop_distances(graph, sources=[5, 5, 699])
    np.testing.assert_array_equal(some, expected[[5, 5, 699]])
    found = ls.path_statistics(graph)
    finite = np.where(expected == 255, 0, expected)
    np.testing.assert_array_equal(found.eccentricity, finite.max(axis=1))
    assert found.diameter == finite.max()
    assert found.average_path == pytest.approx(finite[finite > 0].mean())


@given(graphs())
def test_hop_distances_are_those_of_the_twin(graph):
    expected = twin.distances(graph)
    expected[np.isinf(expected)] = 255
    np.testing.assert_array_equal(ls.hop_distances(graph), expected)


def test_long_paths_take_two_bytes():
    found = ls.hop_distances(made.graph(made.path(300), 301), sources=[0, 299])
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found[0, :300], np.arange(300))
    assert found[0, 300] == 65535
    assert ls.hop_distances(made.graph(made.path(255)), sources=[0]).dtype == np.uint8
    with pytest.raises(InvalidInputError, match="65534"):
        ls.hop_distances(made.graph(made.path(65_540)), sources=[0])
    assert ls.hop_distances(made.graph([(0, 1)]), sources=[]).shape == (0, 2)


def test_a_long_graph_is_found_long_before_the_search():
    # The first node lies in the middle, so that one search from it sees half of the diameter.
    graph = ls.Graph.from_edges([(i, i + 1) for i in range(1, 400)] + [(0, 200)])
    found = ls.hop_distances(graph)
    assert found.dtype == np.uint16
    assert found.max() == 399
    assert ls.hop_distances(graph, sources=[0]).dtype == np.uint8
    assert ls.hop_distances(graph, sources=[0, 1]).dtype == np.uint16


def test_more_nodes_than_one_batch_in_any_order():
    rng = np.random.default_rng(2)
    edges = np.concatenate([made.grid(37, 31), [(1200, 1201), (1300, 5)]])
    graph = ls.Graph.from_edges(rng.permutation(1400)[edges], n_nodes=1400)
    expected = csgraph.shortest_path(graph.to_scipy(), unweighted=True)
    expected[np.isinf(expected)] = 255
    sources = rng.integers(1400, size=700)
    np.testing.assert_array_equal(ls.hop_distances(graph), expected)
    np.testing.assert_array_equal(ls.hop_distances(graph, sources=sources), expected[sources])
    far = np.where(expected == 255, 0, expected).max(axis=1)
    np.testing.assert_array_equal(ls.path_statistics(graph).eccentricity, far)


def test_a_table_beyond_the_memory_names_what_there_is_instead(monkeypatch):
    from layerscope.measures import _tables

    def refuse(shape, kind):
        raise MemoryError

    graph = made.graph(made.ring(9))
    monkeypatch.setattr(_tables.np, "empty", refuse)
    with pytest.raises(MemoryLimitError, match="ask for some sources=, or for path_statistics"):
        ls.hop_distances(graph, sources=[0])


def test_memory_limits_change_nothing_but_the_way():
    graph = ls.neighbors(np.random.default_rng(1).normal(size=(900, 4))).graph()
    np.testing.assert_array_equal(
        ls.hop_distances(graph, memory_limit=2_000_000), ls.hop_distances(graph)
    )
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        ls.hop_distances(graph, memory_limit=1000)
    for method in METHODS:
        way = {"method": method, "sizes": [2, 3], "n_repeats": 2}
        short = ls.box_counts(graph, **way, memory_limit=1000)
        np.testing.assert_array_equal(short.all_counts, ls.box_counts(graph, **way).all_counts)
    large = made.graph(made.ring(30_000))
    with pytest.raises(MemoryLimitError, match="memory_limit must be at least"):
        ls.box_counts(large, method="sketch", memory_limit=1000)
